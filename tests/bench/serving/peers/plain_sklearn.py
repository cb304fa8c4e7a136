"""FastAPI and scikit-learn on a pandas frame, as most tutorials have it."""

import os
import pickle
from pathlib import Path
from typing import Any

import pandas as pd
from fastapi import FastAPI
from pydantic import BaseModel

PIPELINE = pickle.loads((Path(os.environ["BENCH_MODEL"]) / "pipeline.pkl").read_bytes())
app = FastAPI()


class Records(BaseModel):
    records: list[dict[str, Any]]


@app.post("/predict")
def predict(body: Records) -> dict[str, Any]:
    frame = pd.DataFrame.from_records(body.records)
    return {"probabilities": PIPELINE.predict_proba(frame).tolist()}

"""FastAPI and onnxruntime, as a good engineer writes it in twenty lines."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from fastapi import FastAPI
from pydantic import BaseModel

OPTIONS = onnxruntime.SessionOptions()
OPTIONS.intra_op_num_threads = 1
SESSION = onnxruntime.InferenceSession(Path(os.environ["BENCH_MODEL"]) / "model.onnx", OPTIONS)
NUMBERS = [f"number_{place:02d}" for place in range(12)]
CATEGORIES = [f"category_{place}" for place in range(6)]
app = FastAPI()


class Records(BaseModel):
    records: list[dict[str, float | str | None]]


@app.post("/predict")
async def predict(body: Records) -> dict[str, Any]:
    rows = body.records
    numeric = np.array([[row[name] for name in NUMBERS] for row in rows], np.float32)
    strings = np.array([[row[name] or "" for name in CATEGORIES] for row in rows], object)
    [scores] = SESSION.run(None, {"numeric": numeric, "strings": strings})
    return {"probabilities": scores.tolist()}

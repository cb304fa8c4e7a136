"""BentoML: a service class with one API."""

import os
import pickle
from pathlib import Path
from typing import Any

import bentoml
import pandas as pd


@bentoml.service
class Bench:
    def __init__(self) -> None:
        self.pipeline = pickle.loads(
            (Path(os.environ["BENCH_MODEL"]) / "pipeline.pkl").read_bytes()
        )

    @bentoml.api
    def predict(self, records: list[dict[str, Any]]) -> list[list[float]]:
        answers: list[list[float]] = self.pipeline.predict_proba(
            pd.DataFrame.from_records(records)
        ).tolist()
        return answers

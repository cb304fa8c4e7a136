"""Ray Serve: one replica of a deployment."""

import os
import pickle
from pathlib import Path
from typing import Any

import pandas as pd
from ray import serve
from starlette.requests import Request


@serve.deployment
class Bench:
    def __init__(self) -> None:
        self.pipeline = pickle.loads(
            (Path(os.environ["BENCH_MODEL"]) / "pipeline.pkl").read_bytes()
        )

    async def __call__(self, request: Request) -> dict[str, Any]:
        body = await request.json()
        frame = pd.DataFrame.from_records(body["records"])
        return {"probabilities": self.pipeline.predict_proba(frame).tolist()}


app = Bench.bind()

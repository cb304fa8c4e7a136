"""LitServe: an API class and a server."""

import os
import pickle
import sys
from pathlib import Path
from typing import Any

import litserve
import pandas as pd


class Bench(litserve.LitAPI):
    def setup(self, device: str) -> None:  # noqa: ARG002 - its form
        self.pipeline = pickle.loads(
            (Path(os.environ["BENCH_MODEL"]) / "pipeline.pkl").read_bytes()
        )

    def predict(self, body: dict[str, Any]) -> dict[str, Any]:
        frame = pd.DataFrame.from_records(body["records"])
        return {"probabilities": self.pipeline.predict_proba(frame).tolist()}


if __name__ == "__main__":
    server = litserve.LitServer(Bench(), accelerator="cpu", workers_per_device=1)
    server.run(host="127.0.0.1", port=int(sys.argv[1]), generate_client_file=False)

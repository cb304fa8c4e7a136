"""Write the pipeline as MLflow serves it."""

import pickle
import sys
from pathlib import Path

import mlflow.sklearn

folder = Path(sys.argv[1])
pipeline = pickle.loads((folder / "pipeline.pkl").read_bytes())
mlflow.sklearn.save_model(pipeline, sys.argv[2], serialization_format="cloudpickle")

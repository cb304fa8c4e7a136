"""A published bundle is a model of MLflow: a real MLflow loads it and answers as the endpoint."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from core.bundle import load_files
from core.contract import Contract, Task
from core.inputs import encode_records
from core.mlmodel import describe_mlflow_model
from core.registry import Registry
from core.store import Bucket
from tests.fixtures.bundles import make_contract as make_wide_contract
from tests.fixtures.mlflow_client import mlflow
from tests.unit.inference.service import Service
from tests.unit.training.worlds import make_landed
from training.run import run_training

RECORDS: list[dict[str, object]] = [
    {"tenure": 3, "plan": "basic", "autopay": None, "charge": 90.5},
    {"tenure": None, "plan": "never seen", "autopay": True, "charge": 12.25},
    {"tenure": 60, "plan": None, "autopay": False, "charge": 0.0},
]


def train(task: Task, folder: Path) -> tuple[Bucket, Contract]:
    store, key, contract = make_landed(task)
    assert run_training(store, raw_key=key, run_id="r").version == 1
    files = load_files(store, Registry(store).version("small", 1).bundle_id)
    for name, body in files.items():
        (folder / name).write_bytes(body)
    return store, contract


def feed(contract: Contract) -> dict[str, np.ndarray]:
    inputs, _ = encode_records(contract, RECORDS)
    return {"numeric": inputs.numeric, "strings": inputs.strings}


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_mlflow_gives_the_endpoints_probabilities(task: Task, tmp_path: Path) -> None:
    store, contract = train(task, tmp_path)
    reply = Service(store).post("/v1/models/small/predict", {"records": RECORDS})
    served = [list(each["probability"].values()) for each in reply.json["predictions"]]
    answers = mlflow.pyfunc.load_model(str(tmp_path)).predict(feed(contract))
    assert answers["probabilities"].tolist() == pytest.approx(np.array(served), abs=1e-6)


def test_mlflow_gives_the_endpoints_numbers(tmp_path: Path) -> None:
    store, contract = train("regression", tmp_path)
    reply = Service(store).post("/v1/models/small/predict", {"records": RECORDS})
    served = [each["prediction"] for each in reply.json["predictions"]]
    answers = mlflow.pyfunc.load_model(str(tmp_path)).predict(feed(contract))
    assert answers["prediction"][:, 0].tolist() == pytest.approx(served, rel=1e-6)


def test_mlflow_reads_the_graph_the_signature_and_the_example(tmp_path: Path) -> None:
    train("binary", tmp_path)
    graph = mlflow.onnx.load_model(str(tmp_path))
    assert graph == onnx.load_model(tmp_path / "model.onnx")
    loaded = mlflow.pyfunc.load_model(str(tmp_path))
    signature = loaded.metadata.signature
    assert [(each.name, each.shape) for each in signature.inputs.inputs] == [
        ("numeric", (-1, 3)), ("strings", (-1, 1)),
    ]  # fmt: skip
    assert [each.name for each in signature.outputs.inputs] == ["probabilities"]
    example = loaded.input_example
    assert loaded.predict(example)["probabilities"].sum() == pytest.approx(1)
    needed = mlflow.pyfunc.get_model_dependencies(str(tmp_path))
    lines = Path(needed).read_text().splitlines()
    assert lines[0] == "mlflow>=3"
    assert [line.partition("==")[0] for line in lines[1:]] == ["numpy", "onnx", "onnxruntime"]


def test_mlflow_refuses_what_the_signature_does_not_allow(tmp_path: Path) -> None:
    _, contract = train("binary", tmp_path)
    loaded = mlflow.pyfunc.load_model(str(tmp_path))
    inputs = feed(contract) | {"numeric": np.zeros((3, 7), dtype=np.float32)}
    with pytest.raises(mlflow.MlflowException, match="shape"):
        loaded.predict(inputs)


def test_the_files_say_nothing_about_where_and_when() -> None:
    def describe() -> dict[str, bytes]:
        return describe_mlflow_model(
            make_wide_contract(), graph_sha256="a" * 64, python="3.12", packages={"onnx": "1.0"}
        )

    files = describe()
    assert files == describe()
    assert files["requirements.txt"] == b"mlflow>=3\nonnx==1.0\n"
    assert b"time" not in files["MLmodel"]

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from core.bundle import Manifest
from core.registry import Registry
from core.store import Bucket, open_memory
from tests.fixtures.mlflow_client import mlflow
from tests.unit.cli.conftest import Loop
from tests.unit.cli.doubles import World, copy
from tests.unit.training.worlds import land, make_contract, make_rows, to_csv
from training.data import runs
from training.run import run_training


@pytest.fixture(scope="module")
def bucket() -> Bucket:
    """A run that was promoted, and one whose file was empty."""
    store = open_memory()
    raw_key = land(store, to_csv(make_rows()), make_contract())
    assert run_training(store, raw_key=raw_key, run_id="good-run", seed=5).version == 1
    empty = land(store, b"", make_contract(dataset="other"))
    run_training(store, raw_key=empty, run_id="bad-run")
    return store


@pytest.fixture(autouse=True)
def two_runs(world: World, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    copy(bucket, world.memory)
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")


def export(loop: Loop, folder: Path, run: str) -> dict[str, Any]:
    result = loop("export", "mlflow", run, "--to", str(folder), "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_mlflow_reads_back_what_was_exported(loop: Loop, world: World, tmp_path: Path) -> None:
    done = export(loop, tmp_path / "runs", "good")
    client = mlflow.MlflowClient(tracking_uri=done["tracking_uri"])
    run = client.get_run(done["mlflow_run_id"])
    evaluation = runs.load_evaluation(world.memory, "good-run")
    assert client.get_experiment(run.info.experiment_id).name == "small"
    assert (run.info.run_name, run.info.status) == ("good-run", "FINISHED")
    assert {"seed": "5", "budget": "tiny", "candidate": evaluation.candidate}.items() <= (
        run.data.params.items()
    )
    assert run.data.params["dataset_version"] == runs.load_data(world.memory, "good-run").version
    assert evaluation.metrics.items() <= run.data.metrics.items()
    assert run.data.metrics["seconds.evaluate"] > 0
    assert run.data.metrics["cross_validated_loss.linear"] > 0
    assert run.data.tags["outcome"] == "promoted"
    assert run.data.tags["version"] == "1"
    assert run.info.end_time > run.info.start_time


def test_the_exported_model_can_be_loaded_and_asked(
    loop: Loop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = export(loop, tmp_path / "runs", "good-run")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", done["tracking_uri"])
    model: Any = mlflow.pyfunc.load_model(done["model_uri"])
    assert model.predict(model.input_example)["probabilities"].sum() == pytest.approx(1)


def test_no_row_of_the_data_leaves_with_the_report(loop: Loop, tmp_path: Path) -> None:
    done = export(loop, tmp_path / "runs", "good-run")
    client = mlflow.MlflowClient(tracking_uri=done["tracking_uri"])
    text = client.download_artifacts(done["mlflow_run_id"], "run/report.json", str(tmp_path))
    report = json.loads(Path(text).read_text())
    assert report["hardest"] == []
    assert report["slices"]


def test_a_run_is_exported_once(loop: Loop, tmp_path: Path) -> None:
    first = export(loop, tmp_path / "runs", "good-run")
    second = export(loop, tmp_path / "runs", "good-run")
    assert (first["is_new"], second["is_new"]) == (True, False)
    assert first["mlflow_run_id"] == second["mlflow_run_id"]
    result = loop("export", "mlflow", "good-run", "--to", str(tmp_path / "runs"))
    assert "The run was already in MLflow's experiment small." in result.stdout


def test_a_whole_number_is_a_version_and_not_the_beginning_of_a_run(
    loop: Loop, world: World, tmp_path: Path
) -> None:
    for info in list(world.memory.list("runs/bad-run/")):
        for run_id in ("1-other-run", "123456-run"):
            body = world.memory.get(info.key).body
            world.memory.put(info.key.replace("bad-run", run_id), body)
    assert export(loop, tmp_path / "runs", "1")["run_id"] == "good-run"
    result = loop("export", "mlflow", "2", "--to", str(tmp_path / "runs"))
    assert result.exit_code == 3
    assert "small has no version 2." in result.stderr
    assert export(loop, tmp_path / "runs", "123456")["run_id"] == "123456-run"


def test_a_rejected_run_is_exported_with_its_reason(loop: Loop, tmp_path: Path) -> None:
    done = export(loop, tmp_path / "runs", "bad-run")
    run = mlflow.MlflowClient(tracking_uri=done["tracking_uri"]).get_run(done["mlflow_run_id"])
    assert done["model_uri"] is None
    assert run.data.tags["outcome"] == "rejected"
    assert run.data.tags["reason"].endswith("is empty")


def test_says_how_to_install_mlflow_when_it_is_missing(
    loop: Loop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    result = loop("export", "mlflow", "good-run", "--to", str(tmp_path / "runs"))
    assert result.exit_code == 6
    assert "MLflow is not installed." in result.stderr
    assert "uv pip install mlflow-skinny" in result.stderr


def test_rejects_a_store_that_mlflow_does_not_know(loop: Loop) -> None:
    result = loop("export", "mlflow", "good-run", "--to", "carrier-pigeon://loft")
    assert result.exit_code == 2
    assert "MLflow cannot use this tracking store" in result.stderr


def test_says_so_in_a_line_when_the_server_does_not_answer(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    result = loop("export", "mlflow", "good-run", "--to", "http://127.0.0.1:9")
    assert result.exit_code == 6
    assert "MLflow did not take the run: API request to http://127.0.0.1:9" in result.stderr
    assert "HTTPConnectionPool" not in result.stderr


def test_a_version_is_written_to_a_folder(loop: Loop, world: World, tmp_path: Path) -> None:
    result = loop("export", "bundle", "1", "--model", "small", "--to", str(tmp_path / "v1"))
    assert result.exit_code == 0
    manifest = Manifest.model_validate_json((tmp_path / "v1" / "manifest.json").read_bytes())
    assert manifest.model == "small"
    written = {path.name for path in (tmp_path / "v1").iterdir()}
    assert written == {*manifest.files, "manifest.json"}
    again = loop("export", "bundle", "1", "--model", "small", "--to", str(tmp_path / "v1"))
    assert again.exit_code == 4
    assert "not an empty folder" in again.stderr


def test_rejects_a_bundle_whose_file_was_changed(loop: Loop, world: World, tmp_path: Path) -> None:
    bundle_id = Registry(world.memory).version("small", 1).bundle_id
    world.memory.put(f"bundles/{bundle_id}/MLmodel", b"flavors: {}")
    result = loop("export", "bundle", "1", "--model", "small", "--to", str(tmp_path / "v1"))
    assert result.exit_code == 5
    assert not (tmp_path / "v1").exists()

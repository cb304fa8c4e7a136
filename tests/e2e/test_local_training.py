"""``loop train --local``: the workflow's steps on this computer, against the deployed system."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core import keys
from tests.e2e.system import COMMAND, LiveSystem
from training.data.simulator import CLASSES, TARGET, simulate, to_csv

MODEL = "laptop"
STARTS_WITHIN_S = 60


@pytest.fixture
def trained(system: LiveSystem, tmp_path: Path) -> Iterator[dict[str, Any]]:
    """Land a file of a dataset of its own, and return what its workflow came to."""
    file = tmp_path / "laptop.csv"
    file.write_bytes(to_csv(simulate(1500, seed=21), seed=21).body)
    asked = ("--target", TARGET, "--name", MODEL, "--positive", CLASSES[1])
    yield system.loop("data", "add", str(file), *asked)
    _empty(system, f"raw/{MODEL}/", f"contracts/{MODEL}", f"registry/{MODEL}/")


def _empty(system: LiveSystem, *folders: str) -> None:
    s3, bucket = system.aws("s3"), system.outputs["DataBucketName"]
    for folder in folders:
        for entry in s3.list_objects_v2(Bucket=bucket, Prefix=folder).get("Contents", ()):
            s3.delete_object(Bucket=bucket, Key=entry["Key"])


def read(system: LiveSystem, key: str) -> dict[str, Any]:
    bucket = system.outputs["DataBucketName"]
    found = system.aws("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    document: dict[str, Any] = json.loads(found)
    return document


def test_this_computer_makes_the_very_bundle_that_the_functions_made(
    system: LiveSystem, trained: dict[str, Any]
) -> None:
    here = system.loop("train", "--local", "--data", MODEL)
    assert here["run_id"].startswith("local-")
    assert (here["outcome"], here["champion"]) == ("promoted", trained["champion"] + 1)
    there, ours = (
        read(system, keys.run(each["run_id"], "evaluation.json")) for each in (trained, here)
    )
    assert ours["bundle_id"] == there["bundle_id"]
    system.wait_for_version(MODEL, here["champion"])


def test_an_interrupted_training_is_recorded_and_registers_nothing(
    system: LiveSystem, trained: dict[str, Any]
) -> None:
    asked = ("train", "--local", "--data", MODEL, "--budget", "standard")
    process = subprocess.Popen(
        [str(COMMAND), *asked],
        env={**os.environ, "LOOP_HOME": str(system.home), "NO_COLOR": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    run_id = ""
    for line in process.stderr:
        if "on this computer, run " in line:
            run_id = line.split()[-1]
        if "fitting the candidates: boosting" in line:
            process.send_signal(signal.SIGINT)
            break
    said = process.communicate(timeout=STARTS_WITHIN_S)[1]
    assert process.returncode == 130
    assert "Interrupted." in said
    assert "Traceback" not in said
    outcome = read(system, keys.run(run_id, "outcome.json"))
    assert (outcome["outcome"], outcome["reason"]) == ("failed", "The run was interrupted.")
    versions = system.loop("models", MODEL)["versions"]
    assert [entry["version"] for entry in versions] == [trained["champion"]]

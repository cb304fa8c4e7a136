"""``loop runs`` and ``loop reproduce`` against the deployed system."""

import json

from core import keys
from tests.e2e.system import LiveSystem

MODEL = "subscriptions"
LOST = "cut-short"


def test_this_computer_makes_the_first_version_again_byte_for_byte(system: LiveSystem) -> None:
    bucket = system.outputs["DataBucketName"]

    def list_keys(folder: str) -> list[str]:
        found = system.aws("s3").list_objects_v2(Bucket=bucket, Prefix=folder)
        return [entry["Key"] + entry["ETag"] for entry in found.get("Contents", ())]

    folders = ("registry/", "bundles/", "runs/")
    before = [list_keys(folder) for folder in folders]
    done = system.loop("reproduce", "1", "--model", MODEL)
    assert done["reproduced"] is True
    assert all(done["files"].values())
    assert [list_keys(folder) for folder in folders] == before


def test_every_run_is_listed_also_one_that_was_cut_short(system: LiveSystem) -> None:
    key = keys.run(LOST, "request.json")
    request = {"run_id": LOST, "raw_key": f"raw/{MODEL}/000000000000-file.csv"}
    bucket = system.outputs["DataBucketName"]
    system.aws("s3").put_object(Bucket=bucket, Key=key, Body=json.dumps(request).encode())
    try:
        found = system.loop("runs", "--model", MODEL, "--limit", "1000")["runs"]
    finally:
        system.aws("s3").delete_object(Bucket=bucket, Key=key)
    outcomes = {run["run_id"]: run["outcome"] for run in found}
    assert outcomes.pop(LOST) == "open"
    assert "promoted" in outcomes.values()
    first = next(run for run in found if run["version"] == 1)
    shown = system.loop("runs", first["run_id"])
    steps = {step["step"] for step in shown["steps"]}
    assert {"validate", "split", "candidate-linear", "evaluate", "gate", "promote"} <= steps
    assert shown["spec"]["contract"]["dataset"] == MODEL

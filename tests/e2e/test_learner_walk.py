"""A learner walks the course, from an empty workspace, by the public commands alone.

What they know is what the commands tell them: an exercise's files, whether a check passed, and the
next step where the system is not ready. In the end the system runs what they wrote. LOOP_WALK=all
walks every exercise (`make nightly`).
"""

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest

from core import keys
from tests.e2e.system import LiveSystem, run_loop
from tests.e2e.walker import VARIABLE, Step, Walker, choose
from training.data.simulator import simulate, to_csv

MODEL = "walked"
DECIDE_A_MODEL = {"clean", "candidate"}

pytestmark = pytest.mark.timeout(3600)


@pytest.fixture(scope="module")
def walker(system: LiveSystem, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walker]:
    try:
        yield Walker(system, tmp_path_factory.mktemp("walk") / "workspace")
    finally:
        done = run_loop(system.home, "deploy", "--reference")
        assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def walked(walker: Walker) -> dict[str, tuple[Step, dict[str, Any]]]:
    """Walk, and return each exercise with what its last check said."""
    steps = choose(walker.list_steps(), asked=os.environ.get(VARIABLE))
    return {step.slug: (step, walker.solve(step)) for step in steps}


@pytest.fixture(scope="module")
def deployed(
    walker: Walker, walked: dict[str, tuple[Step, dict[str, Any]]]
) -> dict[str, dict[str, Any]]:
    """Deploy what passed, and return what is said of each part."""
    assert walked
    return {each["part"]: each for each in walker.loop("deploy")["parts"]}


def test_every_exercise_passes_by_what_the_commands_tell(
    walked: dict[str, tuple[Step, dict[str, Any]]],
) -> None:
    failed = [
        f"{slug} {result['status']}: {result['message']} {result['failure'] or ''}"
        for slug, (_, result) in walked.items()
        if result["status"] != "pass"
    ]
    assert not failed, "\n".join(failed)


def test_what_passed_takes_the_references_place(
    walked: dict[str, tuple[Step, dict[str, Any]]], deployed: dict[str, dict[str, Any]]
) -> None:
    exercises = {step.part for step, _ in walked.values() if step.part}
    assert {part for part, each in deployed.items() if each["whose"] == "yours"} == exercises


def test_the_learners_parts_make_and_serve_a_model(
    system: LiveSystem, walker: Walker, deployed: dict[str, dict[str, Any]]
) -> None:
    """Rows that the learner cleaned, a candidate that they built, judged by their rule."""
    yours = {part: each for part, each in deployed.items() if each["whose"] == "yours"}
    if not yours.keys() >= {*DECIDE_A_MODEL, "rule"}:
        pytest.skip("the course has no exercise yet for some of the parts")
    body = to_csv(simulate(1500, seed=21), seed=21).body
    path = walker.workspace.parent / "walked.csv"
    path.write_bytes(body)
    asked = ("--target", "churned", "--name", MODEL, "--positive", "yes")
    made = walker.loop("data", "add", str(path), *asked)
    assert made["outcome"] == "promoted"

    s3, bucket = system.aws("s3"), system.outputs["DataBucketName"]

    def read(key: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        return found

    spec = read(keys.run(made["run_id"], "spec.json"))
    assert spec["parts"] == {part: yours[part]["sha256"] for part in DECIDE_A_MODEL}
    assert read(keys.run_candidate(made["run_id"], "mine", "result.json"))["status"] == "ok"
    rules = read(keys.run(made["run_id"], "gate.json"))["rules"]
    assert rules[-1]["setting"] == "learner/rule.py"

    system.wait_for_version(MODEL, made["champion"])
    answer = walker.loop("predict", "--model", MODEL)
    assert answer["model_version"] == made["champion"]
    assert system.http.get(f"/v1/models/{MODEL}").json()["candidate"] == "mine"

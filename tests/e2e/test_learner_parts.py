"""What a learner wrote, once its check has passed, is what the deployed system does.

One exercise for each part stands in for the course (`tests.fixtures.course`); everything else is
done as a learner does it. Afterwards the system is the reference's again.
"""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from core import keys
from core.parts import PARTS
from tests.e2e.system import LiveSystem, run_loop
from tests.fixtures.course import VARIABLE, write_course
from tests.fixtures.own_parts import GOOD
from training.data.simulator import contract, live_traffic, simulate, to_csv

MODEL = "own"
Json = dict[str, Any]


@dataclass(frozen=True)
class Learner:
    """Somebody who learns: a workspace, and the `loop` command."""

    system: LiveSystem
    workspace: Path
    course: Path

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        named = {VARIABLE: str(self.course), "LOOP_WORKSPACE": str(self.workspace)}
        environment = {**os.environ, **named, "LOOP_HOME": str(self.system.home), "NO_COLOR": "1"}
        command = [sys.executable, "-m", "tests.fixtures.course", *arguments, "--json"]
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=600, check=False
        )

    def loop(self, *arguments: str) -> Json:
        done = self.run(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        document: Json = json.loads(done.stdout)
        return document

    def solve(self, part: str, body: bytes) -> Json:
        """Write the answer of an exercise, and have it checked."""
        (place,) = self.workspace.glob(f"*/*_my_{part}/my_{part}.py")
        place.write_bytes(body)
        return self.loop("learn", "check", f"my-{part}")

    def read(self, key: str) -> Json:
        bucket = self.system.outputs["DataBucketName"]
        found = self.system.aws("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        document: Json = json.loads(found)
        return document


@pytest.fixture(scope="module")
def learner(system: LiveSystem, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Learner]:
    """Deploy all five parts from an empty workspace; give the reference back at the end."""
    folder = tmp_path_factory.mktemp("learner")
    write_course(folder / "stages")
    found = Learner(system, folder / "workspace", folder / "stages")
    try:
        found.loop("learn")
        for part in PARTS:
            failed = found.run("learn", "check", f"my-{part}")
            assert json.loads(failed.stdout)["status"] in {"fail", "error"}
            assert found.solve(part, (GOOD / f"{part}.py").read_bytes())["status"] == "pass"
        deployed = found.loop("deploy")
        assert {each["part"]: each["whose"] for each in deployed["parts"]} == dict.fromkeys(
            PARTS, "yours"
        )
        yield found
    finally:
        done = run_loop(system.home, "deploy", "--reference")
        assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def champion(system: LiveSystem, learner: Learner) -> Json:
    """Land a file that only the learner's own cleaning can read; return the version it made."""
    agreed = contract().model_copy(update={"dataset": MODEL})
    bucket = system.outputs["DataBucketName"]
    system.aws("s3").put_object(Bucket=bucket, Key=keys.contract(MODEL), Body=agreed.to_json())
    raw_key = system.land(MODEL, write_messy(), filename="messy.csv")
    assert system.follow_workflow(raw_key) == "SUCCEEDED"
    return learner.read(keys.model_version(MODEL, 1))


def write_messy() -> bytes:
    """Write customers whose bills have a currency in front, in every row."""
    lines = to_csv(simulate(1500, seed=21), seed=21).body.decode().splitlines()
    place = lines[0].split(",").index("monthly_bill")
    out = io.StringIO()
    for number, line in enumerate(lines):
        cells = line.split(",")
        if number:
            cells[place] = f"€ {cells[place]}"
        out.write(",".join(cells) + "\n")
    return out.getvalue().encode()


def test_predictions_come_from_the_learners_candidate_on_rows_that_they_cleaned(
    system: LiveSystem, learner: Learner, champion: Json
) -> None:
    assert champion["candidate"] == "mine"
    # This computer may have made the same model a second time, in whatever order tests run.
    served = int(system.champion(MODEL)["version"])
    system.wait_for_version(MODEL, served)
    record = dict(next(live_traffic(seed=5)).record)
    answer = system.http.post(f"/v1/models/{MODEL}/predict", json={"records": [record]})
    assert (answer.status_code, answer.json()["model_version"]) == (200, served)
    assert system.http.get(f"/v1/models/{MODEL}").json()["candidate"] == "mine"

    spec = learner.read(keys.run(champion["run_id"], "spec.json"))
    status = {each["part"]: each for each in learner.loop("status")["parts"]}
    assert spec["parts"] == {name: status[name]["sha256"] for name in ("clean", "candidate")}
    summary = learner.read(keys.dataset_summary(MODEL, champion["dataset_version"]))
    assert summary["own_clean"]["sha256"] == status["clean"]["sha256"]
    # Rows that have too few or too many fields never reach it.
    landed = summary["rows"] + summary["quarantined"]
    assert 0.95 * landed < summary["rows"] <= summary["own_clean"]["rows_changed"] <= landed


def test_the_learners_rule_has_judged_it(learner: Learner, champion: Json) -> None:
    rules = learner.read(keys.run(champion["run_id"], "gate.json"))["rules"]
    assert (rules[-1]["rule"], rules[-1]["passed"]) == ("finds one in ten of those who leave", True)


def test_the_learners_route_answers_and_is_on_the_page(
    system: LiveSystem, learner: Learner
) -> None:
    customers = [dict(row.record) for row in islice(live_traffic(seed=6), 20)]
    question = {"customers": customers, "limit": 0.0}
    answer = system.http.post("/v1/own/risky", json=question)
    assert (answer.status_code, answer.json()) == (200, {"risky": list(range(20))})
    assert system.http.post("/v1/own/risky", json={}).status_code == 422
    page = system.http.get("/openapi.json").json()
    assert "/v1/own/risky" in page["paths"]


def test_the_learners_alarm_stands_among_the_others(system: LiveSystem, learner: Learner) -> None:
    assert system.alarm_state("captures-stopped") in {"OK", "INSUFFICIENT_DATA"}


def test_this_computer_makes_the_same_model_with_the_same_parts(
    learner: Learner, champion: Json
) -> None:
    made = learner.loop("reproduce", "1", "--model", MODEL)
    assert made["reproduced"] is True, made["verdict"]
    here = learner.loop("train", "--local", "--data", MODEL)
    evaluation = learner.read(keys.run(here["run_id"], "evaluation.json"))
    assert evaluation["candidate"] == "mine"
    assert evaluation["bundle_id"] == champion["bundle_id"]


def test_a_broken_part_is_told_and_nothing_else_breaks(
    system: LiveSystem, learner: Learner, champion: Json
) -> None:
    """The check of this course is too kind: what breaks is told by the deployed system."""
    broken = b"import no_such_thing_at_all\n\n\ndef build(facts):\n    return None\n"
    place = next(learner.workspace.glob("*/*_my_candidate/my_candidate.py"))
    good = (GOOD / "candidate.py").read_bytes()
    looping = b"def judge(evaluation):\n    return evaluation['nothing']\n"
    try:
        # Its child process has no such module either.
        place.write_bytes(broken)
        assert learner.run("learn", "check", "my-candidate").returncode == 1
        kind = b"def build(facts):\n    return facts['nothing']\n"
        assert learner.solve("candidate", kind)["status"] == "pass"
        assert learner.solve("rule", looping)["status"] == "pass"
        learner.loop("deploy")
        raw_key = system.land(MODEL, write_messy() + b"\n", filename="again.csv")
        assert system.follow_workflow(raw_key) == "SUCCEEDED"
        told = learner.loop("runs", "--model", MODEL)["runs"][0]
        assert told["outcome"] == "refused"
        assert "Your part rule broke at line 2: KeyError." in told["reason"]
        result = learner.read(keys.run_candidate(told["run_id"], "mine", "result.json"))
        assert (result["status"], result["reason"]) == (
            "failed",
            "Your part candidate broke at line 2: KeyError.",
        )
    finally:
        # The other tests of this module are of the good parts, whatever their order.
        assert learner.solve("candidate", good)["status"] == "pass"
        assert learner.solve("rule", (GOOD / "rule.py").read_bytes())["status"] == "pass"
        learner.loop("deploy")

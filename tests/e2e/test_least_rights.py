"""No function has a right to the bucket that it could do without.

The steps of the workflow are walked by hand, twice: for a model's first run, and for its second,
which meets a champion. Each step is also done once without each of its rights: then it must end
otherwise, in its answer or in what it leaves in the bucket.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from core import keys
from tests.e2e.system import LiveSystem
from training.data.simulator import DATASET, live_traffic, simulate, to_csv

MODEL: Final = "rights"
ABSENT: Final = f"raw/{MODEL}/000000000000-absent.csv"
CANDIDATES: Final = ("linear", "boosting", "baseline")
FOLDERS: Final = (
    "registry/", "runs/rights-", "bundles/", f"contracts/{MODEL}.json", f"raw/{MODEL}/",
    f"datasets/{MODEL}/", f"quarantine/{MODEL}/", f"monitor/{MODEL}/",
)  # fmt: skip
# Read only to tell an answer of S3 that was lost from a conflict with somebody else.
READ_BACK: Final = {("promote", "s3:GetObject", "registry/*/history/champion/*")}

Objects = dict[str, bytes]
Statement = dict[str, Any]


@dataclass
class Bench:
    """The functions of the deployed system, and the bucket that they work on."""

    system: LiveSystem
    names: dict[str, str] = field(default_factory=dict)
    policies: dict[str, tuple[str, str, list[Statement]]] = field(default_factory=dict)
    bucket: str = ""

    def __post_init__(self) -> None:
        self.bucket = self.system.outputs["DataBucketName"]
        for function in self.system.aws("lambda").list_functions()["Functions"]:
            step = function["Handler"].split(".")[-2]
            step = "monitor" if "monitor" in function["Handler"] else step
            self.names[step] = function["FunctionName"]
            self.policies[step] = self._policy_of(function["Role"].rpartition("/")[2])

    def _policy_of(self, role: str) -> tuple[str, str, list[Statement]]:
        iam = self.system.aws("iam")
        (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
        document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        return role, name, list(take_apart(document["Statement"]))

    def rights(self, step: str) -> list[Statement]:
        """Return a function's rights to the bucket, one statement each."""
        return [one for one in self.policies[step][2] if one["Action"].startswith("s3:")]

    @contextmanager
    def without(self, step: str, right: Statement) -> Iterator[None]:
        """Take one right away from a function, for a moment."""
        role, name, statements = self.policies[step]
        self._put(role, name, [one for one in statements if one is not right])
        try:
            yield
        finally:
            self._put(role, name, statements)

    def _put(self, role: str, name: str, statements: list[Statement]) -> None:
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        self.system.aws("iam").put_role_policy(
            RoleName=role, PolicyName=name, PolicyDocument=document
        )

    def objects(self) -> Objects:
        s3 = self.system.aws("s3")
        listed = [
            entry["Key"]
            for folder in FOLDERS
            for page in s3.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=folder
            )
            for entry in page.get("Contents", ())
        ]
        return {key: s3.get_object(Bucket=self.bucket, Key=key)["Body"].read() for key in listed}

    def restore(self, wanted: Objects) -> None:
        """Make the bucket what it was."""
        s3, present = self.system.aws("s3"), self.objects()
        for key in present.keys() - wanted.keys():
            s3.delete_object(Bucket=self.bucket, Key=key)
        for key, body in wanted.items():
            if present.get(key) != body:
                s3.put_object(Bucket=self.bucket, Key=key, Body=body)

    def do(self, step: str, event: Mapping[str, object]) -> tuple[str, set[str]]:
        """Call a function; return its answer, and the keys of the bucket after it."""
        called = self.system.aws("lambda").invoke(
            FunctionName=self.names[step], Payload=json.dumps(event).encode()
        )
        answer = json.loads(called["Payload"].read())
        failed = "FunctionError" in called
        return "failed" if failed else describe(answer), set(self.objects())


def take_apart(statements: list[Statement]) -> Iterator[Statement]:
    """Yield a policy's statements, each with one action and one resource or folder."""
    for statement in statements:
        actions = statement["Action"]
        for action in [actions] if isinstance(actions, str) else actions:
            folders = statement.get("Condition", {}).get("StringLike", {}).get("s3:prefix")
            if folders:
                for folder in [folders] if isinstance(folders, str) else folders:
                    condition = {"StringLike": {"s3:prefix": folder}}
                    yield {**statement, "Action": action, "Condition": condition}
                continue
            resources = statement["Resource"]
            for resource in [resources] if isinstance(resources, str) else resources:
                yield {**statement, "Action": action, "Resource": resource}


def describe(answer: Any) -> str:  # noqa: ANN401 - a function's answer
    """Return an answer as a text, without what differs from one call to the next."""
    if "checked_at" not in answer:
        return json.dumps(answer, sort_keys=True)
    wanted = ("model", "error", "captured_rows", "labelled_rows")
    return json.dumps([[model[name] for name in wanted] for model in answer["models"]])


def name_of(step: str, right: Statement) -> tuple[str, str, str]:
    condition = right.get("Condition", {})
    folder = condition.get("StringLike", {}).get("s3:prefix", "without a prefix")
    resource = right["Resource"].partition(":::")[2].partition("/")[2]
    return step, right["Action"], folder if condition else resource


@pytest.fixture
def bench(system: LiveSystem) -> Iterator[Bench]:
    """Yield a bench with a file and a contract of its own; nothing of it stays."""
    bench = Bench(system)
    before = bench.objects()
    try:
        yield bench
    finally:
        bench.restore(before)


def land_unseen(bench: Bench) -> str:
    """Put a file where data land while nobody looks, and its contract; return the file's key."""
    s3, events = bench.system.aws("s3"), bench.system.aws("events")
    contract = json.loads(
        s3.get_object(Bucket=bench.bucket, Key=keys.contract(DATASET))["Body"].read()
    )
    body = json.dumps(contract | {"dataset": MODEL}).encode()
    s3.put_object(Bucket=bench.bucket, Key=keys.contract(MODEL), Body=body)
    (rule,) = (
        rule["Name"]
        for rule in events.list_rules()["Rules"]
        if "raw/" in rule.get("EventPattern", "")
    )
    events.disable_rule(Name=rule)
    try:
        return bench.system.land(
            MODEL, to_csv(simulate(600, seed=3), seed=3).body, filename="a.csv"
        )
    finally:
        events.enable_rule(Name=rule)


def walk(raw_key: str, *, number: int) -> Iterator[tuple[str, dict[str, object]]]:
    run: dict[str, object] = {"run_id": f"rights-{number}"}
    yield "validate", run | {"request": {"raw_key": ABSENT}}
    yield "validate", run | {"request": {"raw_key": raw_key}}
    yield "split", run  # the version is filled in
    for candidate in CANDIDATES:
        yield "candidate", run | {"candidate": candidate}
    yield "evaluate", run
    yield "gate", run
    yield "register", run
    if number == 1:
        yield "monitor", {}
    yield "promote", run | {"version": number}
    yield "record", run | {"outcome": "promoted", "reason": ""}


def test_every_right_of_a_step_and_of_the_monitor_is_needed(bench: Bench) -> None:
    raw_key = land_unseen(bench)
    talk(bench.system)
    # As on the first day: no default model either.
    bench.system.aws("s3").delete_object(Bucket=bench.bucket, Key=keys.DEFAULT_MODEL)
    needed: dict[str, list[Statement]] = defaultdict(list)
    version = ""
    for number in (1, 2):
        for step, wanted in walk(raw_key, number=number):
            event = wanted | ({"dataset": MODEL, "version": version} if step == "split" else {})
            before = bench.objects()
            full = bench.do(step, event)
            assert full[0] != "failed", step
            after = bench.objects()
            if step == "validate":
                version = json.loads(full[0]).get("version", "")
            open_questions = [right for right in bench.rights(step) if right not in needed[step]]
            if not open_questions or event.get("candidate") in CANDIDATES[:-1]:
                continue
            bench.restore(before)
            assert bench.do(step, event) == full, f"{step} ends otherwise each time"
            for right in open_questions:
                bench.restore(before)
                with bench.without(step, right):
                    if bench.do(step, event) != full:
                        needed[step].append(right)
            bench.restore(after)
    superfluous = {
        name_of(step, right)
        for step in needed
        for right in bench.rights(step)
        if right not in needed[step]
    }
    assert superfluous == READ_BACK


def talk(system: LiveSystem) -> None:
    """Give the monitor something to look at: a prediction, and what became of it."""
    row = next(live_traffic(seed=303))
    (prediction,) = system.predict(DATASET, [dict(row.record)])
    feedback = {"prediction_id": prediction["prediction_id"], "outcome": row.outcome}
    answer = system.http.post(f"/v1/models/{DATASET}/feedback", json={"feedback": [feedback]})
    assert answer.status_code == 202, answer.text

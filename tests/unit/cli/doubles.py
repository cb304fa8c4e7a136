"""A whole deployed system in memory: clients that answer, a bucket, an API without a network."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from botocore.exceptions import ClientError

from cdk.local.cloud import Health, RunningCloud
from cli.api import Api
from cli.output import Output
from cli.session import Session
from cli.system import STACKS, System
from core import keys
from core.errors import LoopError
from core.store import ObjectStore, open_memory

OUTPUTS = {
    "storage": {"DataBucketName": "data"},
    "training": {"StateMachineArn": "arn:aws:states:us-east-1:0:stateMachine:training"},
    "inference": {"ApiId": "api", "ApiStage": "live", "ApiUrl": "https://a/", "ApiKeyId": "key"},
    "monitoring": {},
}
Respond = Callable[[httpx.Request], httpx.Response]


class Pages:
    """A paginator over one page."""

    def __init__(self, page: Mapping[str, Any]) -> None:
        self._page = page

    def paginate(self, **_arguments: object) -> Iterator[Mapping[str, Any]]:
        yield self._page


class FakeCloudFormation:
    """Stacks by name; deleting from `stacks` makes one unknown."""

    def __init__(self) -> None:
        self.stacks = {f"closed-loop-dev-{part}": "CREATE_COMPLETE" for part in STACKS}
        self.stacks["CDKToolkit"] = "CREATE_COMPLETE"
        self.protected: set[str] = set()

    def update_termination_protection(
        self, *, StackName: str, EnableTerminationProtection: bool
    ) -> None:
        assert StackName in self.stacks
        (self.protected.add if EnableTerminationProtection else self.protected.discard)(StackName)

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:
        if StackName not in self.stacks:
            raise ClientError(
                {"Error": {"Code": "ValidationError", "Message": "not there"}}, "DescribeStacks"
            )
        outputs = OUTPUTS.get(StackName.removeprefix("closed-loop-dev-"), {})
        listed = [{"OutputKey": name, "OutputValue": value} for name, value in outputs.items()]
        stack = {"StackName": StackName, "StackStatus": self.stacks[StackName], "Outputs": listed}
        return {"Stacks": [stack]}

    def get_paginator(self, _operation: str) -> Pages:
        resource = {
            "ResourceType": "AWS::Lambda::Function",
            "LogicalResourceId": "PredictorFunction0E45C373",
            "PhysicalResourceId": "closed-loop-dev-predict",
        }
        return Pages({"StackResourceSummaries": [resource]})


class FakeStates:
    """A state machine: each start asks `run` for what the run writes and how it ends."""

    def __init__(self, run: Callable[[str, str], None]) -> None:
        self.run = run
        self.executions: dict[str, dict[str, Any]] = {}
        self.ends_with: dict[str, str] = {"status": "SUCCEEDED"}
        self.still_running = 1  # how often a run is told to be running before it has ended

    def start_execution(self, **arguments: str) -> dict[str, str]:
        run_id = f"run-{len(self.executions) + 1}"
        arn = f"arn:aws:states:us-east-1:0:execution:training:{run_id}"
        given = arguments["input"]
        self.executions[arn] = {"input": given, "asked": 0, "start": datetime.now(UTC)}
        self.run(run_id, json.loads(given)["raw_key"])
        return {"executionArn": arn}

    def list_executions(self, **_arguments: object) -> dict[str, Any]:
        listed = [
            {"executionArn": arn, "startDate": each["start"]}
            for arn, each in self.executions.items()
        ]
        return {"executions": listed}

    def describe_execution(self, *, executionArn: str) -> dict[str, Any]:
        if executionArn not in self.executions:
            raise ClientError(
                {"Error": {"Code": "ExecutionDoesNotExist", "Message": "not there"}},
                "DescribeExecution",
            )
        execution = self.executions[executionArn]
        execution["asked"] += 1
        running = execution["asked"] <= self.still_running
        status = "RUNNING" if running else self.ends_with["status"]
        return {"status": status, "input": execution["input"], "cause": self.ends_with.get("cause")}

    def get_execution_history(self, **_arguments: object) -> dict[str, Any]:
        return {"events": [{"stateEnteredEventDetails": {"name": "FitCandidate"}}]}


class FakeCloudWatch:
    def __init__(self) -> None:
        self.alarms: list[dict[str, Any]] = []

    def get_paginator(self, _operation: str) -> Pages:
        return Pages({"MetricAlarms": self.alarms})


class FakeLogs:
    class exceptions:  # noqa: N801 - boto3 names it so
        class ResourceNotFoundException(Exception):  # noqa: N818
            pass

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def get_paginator(self, _operation: str) -> Pages:
        return Pages({"events": self.events})


class FakeLambda:
    def get_function_configuration(self, **_arguments: object) -> dict[str, Any]:
        return {"LoggingConfig": {"LogGroup": "group"}}


class FakeApiGateway:
    def get_api_key(self, **_arguments: object) -> dict[str, str]:
        return {"value": "secret-key"}


class FakeSts:
    class meta:  # noqa: N801 - boto3 names it so
        region_name = "us-east-1"

    def get_caller_identity(self) -> dict[str, str]:
        return {"Account": "000000000000"}


class LandingStore:
    """A bucket in memory whose landed files start the workflow, as EventBridge does."""

    def __init__(self, store: ObjectStore, landed: Callable[[str], None]) -> None:
        self._store = store
        self._landed = landed

    def create(self, key: str, body: bytes, *, exclusive: bool = False) -> str:
        etag = self._store.create(key, body, exclusive=exclusive)
        if key.startswith("raw/"):
            self._landed(key)
        return etag

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever it is
        return getattr(self._store, name)


FOLDERS = ("raw/", "contracts/", "datasets/", "quarantine/", "runs/", "bundles/", "registry/")


def copy(source: ObjectStore, target: ObjectStore) -> None:
    """Copy every object that training writes."""
    for folder in FOLDERS:
        for info in source.list(folder):
            target.put(info.key, source.get(info.key).body)


class World:
    """Everything behind one command line, to be arranged and looked at by a test."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.memory = open_memory()
        self.store: Any = LandingStore(self.memory, self._start)
        self.formation = FakeCloudFormation()
        self.states = FakeStates(self.finish_run)
        self.cloudwatch = FakeCloudWatch()
        self.logs = FakeLogs()
        self.requests: list[httpx.Request] = []
        self.respond: Respond = answer_with_yes
        self.outcome: dict[str, Any] = {"outcome": "promoted", "reason": ""}
        self.on_run: Callable[[str, str], None] = lambda _run_id, _raw_key: None
        self.events_arrive = True
        self.running: Exception | None = None

    def session(self) -> Session:
        return Session(
            output=Output(width=100, clock=lambda: 0.0), home=self.home, connect=self.connect
        )

    def connect(self, **arguments: object) -> System:
        if self.running is not None:
            raise self.running
        clients = {
            "cloudformation": self.formation,
            "stepfunctions": self.states,
            "cloudwatch": self.cloudwatch,
            "logs": self.logs,
            "lambda": FakeLambda(),
            "apigateway": FakeApiGateway(),
            "sts": FakeSts(),
        }
        return System(
            target=cast("Any", arguments.get("target", "local")),
            stage=cast("Any", arguments.get("stage", "dev")),
            clients=clients.__getitem__,
            open_store=lambda _bucket: self.store,
            api_url=lambda api, stage, _url: f"http://127.0.0.1:4566/{api}/{stage}",
            open_api=self._open_api,
        )

    def finish_run(self, run_id: str, raw_key: str) -> None:
        """Write what a run would have written by its end."""
        self.on_run(run_id, raw_key)
        outcome = json.dumps({"run_id": run_id, **self.outcome}).encode()
        self.memory.put(keys.run(run_id, "outcome.json"), outcome)

    def _start(self, raw_key: str) -> None:
        if self.events_arrive:
            self.states.start_execution(stateMachineArn="", input=json.dumps({"raw_key": raw_key}))

    def _open_api(self, *, url: str, key: str) -> Api:
        def respond(request: httpx.Request) -> httpx.Response:
            self.requests.append(request)
            return self.respond(request)

        return Api(url=url, key=key, transport=httpx.MockTransport(respond))


class FakeCloud:
    """A local cloud that remembers whether it runs."""

    name = "fake 1.0"
    lacks = ("Nothing of note.",)
    keeps_data = True

    def __init__(self, *, is_running: bool = False) -> None:
        self.is_running = is_running
        self.starts = 0

    def start(self, *, report: Callable[[str], None]) -> RunningCloud:
        report("starting the fake cloud")
        self.starts += 1
        self.is_running = True
        return RunningCloud("http://127.0.0.1:4566", "us-east-1", 1, Path("fake.log"))

    def explain(self, said: str) -> LoopError | None:
        return LoopError("Known here.", next_step="begin anew") if "known fault" in said else None

    def running(self) -> RunningCloud | None:
        return self.start(report=lambda _line: None) if self.is_running else None

    def stop(self) -> bool:
        was, self.is_running = self.is_running, False
        return was

    def health(self) -> Health:
        return Health("healthy", 1, 4566) if self.is_running else Health("not running")


def answer_with_yes(request: httpx.Request) -> httpx.Response:
    """Answer every prediction with "Yes", and accept every outcome."""
    body = json.loads(request.content or b"{}")
    if request.url.path.endswith("/feedback"):
        return httpx.Response(202, json={"accepted": len(body["feedback"]), "duplicates": 0})
    predictions = [
        {
            "prediction_id": f"{index:032x}",
            "prediction": "Yes",
            "probability": {"No": 0.25, "Yes": 0.75},
            "decision_threshold": 0.5,
            "warnings": [],
        }
        for index, _ in enumerate(body.get("records", ()))
    ]
    return httpx.Response(
        200, json={"model": "subscriptions", "model_version": 1, "predictions": predictions}
    )


class Interrupting:
    """A program that interrupts whoever started it, and goes on for a minute unless it is ended."""

    name = "working"

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._noted = folder / "pid"
        (folder / f"{self.name}.py").write_text(
            "import os, pathlib, signal, time\n"
            f"pathlib.Path({str(self._noted)!r}).write_text(str(os.getpid()))\n"
            "os.kill(os.getppid(), signal.SIGINT)\n"
            "time.sleep(60)\n"
        )
        monkeypatch.setenv("PYTHONPATH", str(folder))

    def is_at_work(self) -> bool:
        """Tell whether it still runs; it must have run."""
        try:
            os.kill(int(self._noted.read_text()), 0)
        except ProcessLookupError:
            return False
        return True

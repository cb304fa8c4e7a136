"""The running system as its users see it: the `loop` command, HTTP, and the AWS APIs."""

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import boto3
import httpx

from cdk.local.cloud import RunningCloud
from cdk.local.emulators import open_cloud
from core import keys

Json = dict[str, Any]
T = TypeVar("T")

COMMAND = Path(sys.executable).parent / "loop"
STACKS = ("storage", "training", "inference", "batch", "monitoring")
UP_TIMEOUT_S = 600
WORKFLOW_TIMEOUT_S = 240


@dataclass
class LiveSystem:
    """A deployed system on a running cloud; `first` is what ``loop up --json`` reported."""

    home: Path
    cloud: RunningCloud
    first: Json
    outputs: dict[str, str] = field(default_factory=dict)
    _clients: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        cloudformation = self.aws("cloudformation")
        for name in STACKS:
            stack = cloudformation.describe_stacks(StackName=f"closed-loop-dev-{name}")["Stacks"][0]
            for output in stack.get("Outputs", ()):
                self.outputs[output["OutputKey"]] = output["OutputValue"]
        key = self.aws("apigateway").get_api_key(
            apiKey=self.outputs["ApiKeyId"], includeValue=True
        )["value"]
        url = self.cloud.api_url(self.outputs["ApiId"], self.outputs["ApiStage"])
        self.http = httpx.Client(base_url=url, headers={"x-api-key": key}, timeout=60)

    def aws(self, service: str) -> Any:  # noqa: ANN401 - the type depends on the name
        if service not in self._clients:
            environment = self.cloud.environment()
            self._clients[service] = boto3.client(
                service,  # type: ignore[call-overload]
                endpoint_url=self.cloud.endpoint_url,
                region_name=self.cloud.region,
                aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
            )
        return self._clients[service]

    def close(self) -> None:
        """Close the connections, so that a leak elsewhere stays visible."""
        self.http.close()
        for client in self._clients.values():
            client.close()

    def loop(self, *arguments: str) -> Json:
        """Run a `loop` command that reports, and return its JSON."""
        done = run_loop(self.home, *arguments, "--json")
        assert done.returncode == 0, done.stderr
        document: Json = json.loads(done.stdout)
        return document

    def land(self, dataset: str, body: bytes, *, filename: str) -> str:
        """Put a file where data land, and return its key."""
        key = keys.raw(dataset, hashlib.sha256(body).hexdigest(), filename)
        self.aws("s3").put_object(Bucket=self.outputs["DataBucketName"], Key=key, Body=body)
        return key

    def follow_workflow(self, raw_key: str) -> str:
        """Wait for the execution that a landed file started; return how it ended."""
        states = self.aws("stepfunctions")

        def status() -> str | None:
            listed = states.list_executions(stateMachineArn=self.outputs["StateMachineArn"])
            for execution in listed["executions"]:
                found = states.describe_execution(executionArn=execution["executionArn"])
                if json.loads(found["input"]).get("raw_key") == raw_key:
                    return None if found["status"] == "RUNNING" else str(found["status"])
            return None

        return wait_for(status, within_s=WORKFLOW_TIMEOUT_S, what="the end of the workflow")

    def serving_version(self, model: str) -> int:
        """Return the version that the endpoint serves, asked over HTTP."""
        answer = self.http.get(f"/v1/models/{model}")
        answer.raise_for_status()
        return int(answer.json()["model_version"])

    def wait_for_version(self, model: str, version: int) -> None:
        wait_for(
            lambda: self.serving_version(model) == version or None,
            within_s=30,
            what=f"version {version} behind the endpoint",
        )

    def champion(self, model: str) -> Json:
        """Return the version that the alias points at, as ``loop models`` lists it."""
        listed = self.loop("models", model)["versions"]
        found: Json = next(one for one in listed if "champion" in one["aliases"])
        return found

    def register_again(self, model: str) -> int:
        """Register the champion's bundle once more, and return the number of the new version.

        Nothing was asked of it yet, so what other tests sent to the champion does not count.
        """
        newest = max(one["version"] for one in self.loop("models", model)["versions"])
        number = int(newest) + 1
        content = {key: value for key, value in self.champion(model).items() if key != "aliases"}
        body = json.dumps(content | {"version": number, "run_id": f"again-{number}"}).encode()
        key = keys.model_version(model, number)
        self.aws("s3").put_object(Bucket=self.outputs["DataBucketName"], Key=key, Body=body)
        return number

    def predict(self, model: str, records: Sequence[Json]) -> list[Json]:
        answer = self.http.post(f"/v1/models/{model}/predict", json={"records": list(records)})
        assert answer.status_code == 200, answer.text
        predictions: list[Json] = answer.json()["predictions"]
        return predictions

    def tick_monitor(self) -> Json:
        """Let the monitor look now, as its schedule would in a few minutes."""
        answer = self.aws("lambda").invoke(FunctionName=self.outputs["MonitorFunctionName"])
        document: Json = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, document
        return document

    def alarm_state(self, slug: str) -> str:
        name = f"closed-loop-dev-{slug}"
        found = self.aws("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
        assert found, f"there is no alarm {name}"
        return str(found[0]["StateValue"])


def wait_for(ask: Callable[[], T | None], *, within_s: float, what: str) -> T:
    """Ask every second until the answer is not None."""
    ends = time.monotonic() + within_s
    while time.monotonic() < ends:
        answer = ask()
        if answer is not None:
            return answer
        time.sleep(1)
    raise AssertionError(f"waited {within_s} s in vain for {what}")


def run_loop(
    home: Path, *arguments: str, timeout_s: float = 300
) -> subprocess.CompletedProcess[str]:
    """Run the `loop` command on a state directory of its own."""
    # Nobody's own workspace, so that nobody's own parts are deployed.
    workspace = os.environ.get("LOOP_WORKSPACE") or str(home / "workspace")
    named = {"LOOP_HOME": str(home), "LOOP_WORKSPACE": workspace, "NO_COLOR": "1"}
    environment = {**os.environ, **named}
    return subprocess.run(
        [str(COMMAND), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def bring_up(home: Path) -> LiveSystem:
    done = run_loop(home, "up", "--json", timeout_s=UP_TIMEOUT_S)
    assert done.returncode == 0, done.stderr
    cloud = open_cloud(home).running()
    assert cloud is not None, "loop up succeeded, and no cloud runs"
    return LiveSystem(home=home, cloud=cloud, first=json.loads(done.stdout))


def take_down(home: Path) -> None:
    done = run_loop(home, "down")
    assert done.returncode == 0, done.stderr

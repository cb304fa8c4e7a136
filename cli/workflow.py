"""The training workflow: start it, find the one that a landed file started, follow it."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from core import keys
from core.errors import LoopError, NotFoundError, UnavailableError
from core.store import ObjectStore

AwsClient = Any  # boto3 makes its clients' methods when it makes the client

POLL_S = 0.5
FIND_WITHIN_S = 60.0  # from a file's landing to its execution; seconds as a rule
FOLLOW_WITHIN_S = 3600.0
_RECENT = 30  # executions looked through for the one of a landed file
_ENDED_BADLY = ("FAILED", "TIMED_OUT", "ABORTED")
_DOING = {
    "validate": "checking the rows against the contract",
    "split": "setting the holdout apart",
    "candidate": "fitting the candidates",
    "evaluate": "evaluating the best candidate on the holdout",
    "gate": "comparing it with the champion",
    "register": "registering the model version",
    "promote": "making it the champion",
    "record": "writing down the outcome",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one execution ended.

    Attributes
    ----------
    run_id : str
        Its name, and the name of its folder under ``runs/``.
    result : str
        ``promoted``, ``refused`` (by the gate), ``rejected`` (no usable rows) or ``failed``.
    reason : str
        Why, in a sentence; may be empty when it was promoted.
    steps : dict of str to dict
        What each step answered, by its name, as far as the run came.
    """

    run_id: str
    result: str
    reason: str
    steps: dict[str, Any]

    @property
    def is_good(self) -> bool:
        """Whether the new version serves now."""
        return self.result == "promoted"


class Workflow:
    """The state machine of one deployment.

    Parameters
    ----------
    client
        A Step Functions client (boto3's interface).
    state_machine_arn : str
    store : ObjectStore
        The data bucket, where runs write what they did.
    sleep : callable
        Waits for a number of seconds.
    """

    def __init__(
        self,
        *,
        client: AwsClient,
        state_machine_arn: str,
        store: ObjectStore,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._state_machine_arn = state_machine_arn
        self._store = store
        self._sleep = sleep
        self._clock = clock

    def start(self, raw_key: str, options: Mapping[str, str | int | None] | None = None) -> str:
        """Start training on a landed file by hand; returns the execution's ARN.

        Of the options (``budget``, ``prefer``, ``precision``, ``seed``) those that are None are
        left to the workflow.
        """
        given = {name: value for name, value in (options or {}).items() if value is not None}
        started = self._client.start_execution(
            stateMachineArn=self._state_machine_arn, input=json.dumps({"raw_key": raw_key, **given})
        )
        return str(started["executionArn"])

    def find(self, raw_key: str) -> str | None:
        """Return the newest execution for a landed file, running or ended."""
        listed = self._client.list_executions(
            stateMachineArn=self._state_machine_arn, maxResults=_RECENT
        )
        newest_first = sorted(listed["executions"], key=lambda e: str(e["startDate"]), reverse=True)
        for execution in newest_first:
            arn = str(execution["executionArn"])
            described = self._client.describe_execution(executionArn=arn)
            if _raw_key(described.get("input")) == raw_key:
                return arn
        return None

    def is_running(self, arn: str) -> bool:
        """Tell whether an execution has not ended yet."""
        return bool(self._client.describe_execution(executionArn=arn)["status"] == "RUNNING")

    def wait_for(self, raw_key: str, *, within_s: float = FIND_WITHIN_S) -> str:
        """Return the execution that a file's landing starts, as soon as it is there.

        Raises
        ------
        UnavailableError
            When none appears: the event did not reach the workflow.
        """
        until = self._clock() + within_s
        while (arn := self.find(raw_key)) is None:
            if self._clock() >= until:
                raise UnavailableError(
                    f"The file has landed, but no training started within {within_s:.0f} seconds.",
                    next_step=f"loop train --data {raw_key.split('/')[1]} (starts it by hand), "
                    "then loop doctor",
                )
            self._sleep(POLL_S)
        return arn

    def follow(self, arn: str, report: Callable[[str], None]) -> Outcome:
        """Wait until an execution has ended, telling each step as it begins."""
        run_id = arn.rsplit(":", 1)[-1]
        until = self._clock() + FOLLOW_WITHIN_S
        told = ""
        while True:
            described = self._client.describe_execution(executionArn=arn)
            step = self._current_step(arn)
            if step and step != told:
                told = step
                report(describe_step(step))
            if described["status"] != "RUNNING":
                return self._outcome(run_id, described)
            if self._clock() >= until:
                raise UnavailableError(
                    f"The run {run_id} runs for an hour already; it goes on without this command.",
                    next_step="loop status, loop logs",
                )
            self._sleep(POLL_S)

    def _current_step(self, arn: str) -> str:
        page = self._client.get_execution_history(
            executionArn=arn, maxResults=100, reverseOrder=True
        )
        for event in page["events"]:
            name = (event.get("stateEnteredEventDetails") or {}).get("name", "")
            step = next((step for step in _DOING if step in str(name).lower()), "")
            if step:
                return step
        return ""

    def _outcome(self, run_id: str, described: dict[str, Any]) -> Outcome:
        outcome = read_outcome(self._store, run_id)
        if outcome.result:
            return outcome
        status = str(described["status"])
        cause = str(described.get("cause") or described.get("error") or "no cause was given")
        if status not in _ENDED_BADLY:
            raise LoopError(
                f"The run {run_id} ended {status} and wrote no outcome.", next_step="loop logs"
            )
        reason = f"the workflow ended {status}: {cause}"
        return Outcome(run_id, "failed", reason, outcome.steps)


def read_outcome(store: ObjectStore, run_id: str) -> Outcome:
    """Read how a run ended from what it wrote; the result is empty where it wrote no end."""
    steps = {
        name: found
        for name in ("data", "evaluation", "gate", "outcome")
        if (found := _read(store, run_id, f"{name}.json"))
    }
    written = steps.get("outcome", {})
    return Outcome(
        run_id, str(written.get("outcome") or ""), str(written.get("reason") or ""), steps
    )


def describe_step(step: str) -> str:
    """Say what a step does, as a progress line."""
    return _DOING.get(step, step)


def _read(store: ObjectStore, run_id: str, name: str) -> dict[str, Any]:
    try:
        body = store.get(keys.run(run_id, name)).body
    except NotFoundError:
        return {}
    document: dict[str, Any] = json.loads(body)
    return document


def _raw_key(text: object) -> object:
    try:
        document = json.loads(str(text))
    except ValueError:
        return None
    return document.get("raw_key") if isinstance(document, dict) else None

"""The deployed system as its users see it: its bucket, its API, and the `loop` program."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from core.errors import LoopError, UnavailableError
from core.store import ObjectStore

_COMMAND_TIMEOUT_S: Final = 900


class Api(Protocol):
    """The HTTP API of the deployed system, with its address and key."""

    url: str

    def predict(self, model: str, records: Sequence[Mapping[str, object]]) -> dict[str, Any]:
        """Ask a model for predictions."""

    def send_feedback(self, model: str, items: Sequence[Mapping[str, object]]) -> dict[str, Any]:
        """Tell what really happened."""

    def post(self, path: str, body: object) -> Any:  # noqa: ANN401 - an httpx.Response
        """Send a JSON body and return the answer as it is, whatever its status."""


class CommandError(LoopError):
    """A ``loop`` command stopped; the text and next step are its own.

    Attributes
    ----------
    code
        Its exit code; ``loop --help`` lists them.
    """

    def __init__(self, what: str, *, next_step: str = "", code: int = 1) -> None:
        super().__init__(what, next_step=next_step)
        self.code = code


@dataclass(frozen=True, slots=True)
class Live:
    """What ``bench.live`` is.

    Attributes
    ----------
    store
        The data bucket, to be read only.
    api
        The HTTP API.
    default_model
        The model that ``/v1/predict`` speaks of; empty when there is none yet.
    program
        Words that start the public `loop` program.
    """

    store: ObjectStore
    api: Api
    default_model: str
    program: Sequence[str]

    def loop(self, *words: str, timeout_s: float = _COMMAND_TIMEOUT_S) -> Any:  # noqa: ANN401
        """Run ``loop WORDS --json`` and return its document.

        Raises
        ------
        CommandError
            When it stops with an error. Left alone, it makes the check `not ready`.
        """
        try:
            ran = subprocess.run(  # noqa: S603 - our own program
                [*self.program, *words, "--json"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=timeout_s,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise UnavailableError(
                f"'loop {' '.join(words)}' did not end.", next_step="loop doctor"
            ) from error
        try:
            document = json.loads(ran.stdout)
        except ValueError:
            document = {}
        if ran.returncode == 0:
            return document
        problem = document if isinstance(document, dict) else {}
        raise CommandError(
            str(problem.get("error") or f"'loop {' '.join(words)}' stopped."),
            next_step=str(problem.get("next_step") or f"loop {' '.join(words)}"),
            code=ran.returncode,
        )

    def predict(
        self, records: Sequence[Mapping[str, object]], model: str | None = None
    ) -> dict[str, Any]:
        """Ask for predictions over HTTP; `records` are dicts as the contract names them."""
        return self.api.predict(model or self.default_model, records)

    def feedback(
        self, items: Sequence[Mapping[str, object]], model: str | None = None
    ) -> dict[str, Any]:
        """Tell what happened: dicts with `prediction_id` and `outcome`, over HTTP."""
        return self.api.send_feedback(model or self.default_model, items)

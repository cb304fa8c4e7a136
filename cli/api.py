"""The HTTP API of the deployed system, as any client of it would use it."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from core.errors import InvalidInputError, LoopError, NotFoundError, UnavailableError

if TYPE_CHECKING:
    import httpx

TIMEOUT_S = 30.0
THROTTLED_TRIES = 5
FIRST_ANSWER_S = 90.0  # a cold function, a fresh alias: how long a first prediction may take
_STATUS_ERRORS: Mapping[int, type[LoopError]] = {
    400: InvalidInputError,
    404: NotFoundError,
    413: InvalidInputError,
    415: InvalidInputError,
    422: InvalidInputError,
    429: UnavailableError,
    502: UnavailableError,
    503: UnavailableError,
    504: UnavailableError,
}


class Api:
    """A client with the API's address and key.

    Parameters
    ----------
    url : str
        Address of the API's stage, without a slash at the end.
    key : str
        The API key.
    transport : httpx.BaseTransport, optional
        What carries requests; tests give one that answers by itself.
    sleep : callable
        Waits for a number of seconds.
    """

    def __init__(
        self,
        *,
        url: str,
        key: str,
        transport: "httpx.BaseTransport | None" = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        import httpx  # noqa: PLC0415 - slow to load, and most commands send no request

        self.url = url
        self._sleep = sleep
        self._faults = httpx.HTTPError
        # trust_env off where the address is this computer: no proxy of the person's own may
        # come in between.
        local = "://127.0.0.1" in url or "://localhost" in url
        self._client = httpx.Client(
            headers={"x-api-key": key},
            timeout=TIMEOUT_S,
            transport=transport,
            trust_env=not local,
        )

    def post(self, path: str, body: object) -> "httpx.Response":
        """Send a JSON body and return the answer as it is."""
        return self._client.post(self.url + path, json=body)

    def is_healthy(self) -> bool:
        """Tell whether ``/health`` answers with 200."""
        try:
            return self._client.get(self.url + "/health").status_code == 200
        except self._faults:
            return False

    def predict(self, model: str, records: Sequence[Mapping[str, object]]) -> dict[str, Any]:
        """Ask a model for predictions.

        Returns
        -------
        dict
            The answer: ``model``, ``model_version`` and ``predictions``, one a record.

        Raises
        ------
        InvalidInputError
            A record breaks the contract: the message names the place and the rule.
        UnavailableError
            The API, or a model in it, is not there (yet).
        """
        # The answer does not repeat a field's name; an example row names all that there are.
        return self._answer(
            f"/v1/models/{model}/predict",
            {"records": list(records)},
            when_broken=f"loop predict --model {model} (shows a row with all fields)",
        )

    def send_feedback(self, model: str, outcomes: Sequence[Mapping[str, object]]) -> dict[str, Any]:
        """Send true outcomes; returns the counts ``accepted`` and ``duplicates``."""
        return self._answer(
            f"/v1/models/{model}/feedback",
            {"feedback": list(outcomes)},
            when_broken=f"loop predict --model {model} (shows a prediction with its id)",
        )

    def first_prediction(
        self,
        model: str,
        record: Mapping[str, object],
        *,
        patience_s: float = FIRST_ANSWER_S,
    ) -> dict[str, Any]:
        """Ask until the endpoint has started."""
        until = time.monotonic() + patience_s
        while True:
            try:
                return self.predict(model, [record])
            except (UnavailableError, NotFoundError):
                if time.monotonic() >= until:
                    raise
            self._sleep(1.0)

    def _answer(self, path: str, body: object, *, when_broken: str) -> dict[str, Any]:
        response = self._post_patiently(path, body)
        if response.is_success:
            answer: dict[str, Any] = response.json()
            return answer
        raise _refusal(response, when_broken=when_broken)

    def _post_patiently(self, path: str, body: object) -> "httpx.Response":
        """Send a body; where the API asks for less haste, wait and send it again."""
        for attempt in range(THROTTLED_TRIES):
            try:
                response = self.post(path, body)
            except self._faults as error:
                raise UnavailableError(
                    f"The API at {self.url} did not answer ({type(error).__name__}).",
                    next_step="loop status",
                ) from error
            if response.status_code != 429:
                break
            if attempt + 1 < THROTTLED_TRIES:
                self._sleep(1.0)
        return response


def _refusal(response: "httpx.Response", *, when_broken: str) -> LoopError:
    """Make the error of an answer that is not a success; it quotes rules, never input."""
    kind = _STATUS_ERRORS.get(response.status_code, LoopError)
    try:
        problem = response.json()["error"]
        message = str(problem["message"])
        details = [_detail(detail) for detail in problem.get("details") or ()]
    except (ValueError, KeyError, TypeError):
        message, details = "the answer holds no explanation", []
    lines = [f"The API answered {response.status_code}: {message}", *details]
    next_step = "loop logs inference" if response.status_code >= 500 else "loop models"
    if response.status_code == 422:
        next_step = when_broken
    if response.status_code == 429:
        next_step = "wait a second and try again, or raise LOOP_THROTTLE_RATE and loop deploy"
    if response.status_code == 403:
        next_step = "loop status (a new deployment makes a new API key)"
    return kind("\n".join(lines), next_step=next_step)


def _detail(detail: Mapping[str, Any]) -> str:
    place = ".".join(str(part) for part in detail.get("place") or ())
    return f"  {place or 'request'}: {detail.get('rule', '')}"

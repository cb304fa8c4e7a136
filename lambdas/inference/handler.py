"""The entry point on Lambda: REST API events in, the application's answers out."""

from lambdas.inference.lean_start import end_imports  # before everything else

# isort: split
import json
from collections.abc import Callable, Coroutine
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from core.errors import InvalidInputError
from core.store import open_bucket
from lambdas.inference.afterwards import Afterwards
from lambdas.inference.answers import RequestError
from lambdas.inference.capture import Recorder
from lambdas.inference.deadline import MARGIN_S, set_deadline
from lambdas.inference.events import EventRequest, is_too_large, read_body, write_answer
from lambdas.inference.keeping import Keeper, Objects
from lambdas.inference.looks import Starter, finish_later, start_thread
from lambdas.inference.models import Models
from lambdas.inference.router import Router
from lambdas.inference.routes import answer_fault
from lambdas.inference.settings import Settings
from lambdas.inference.stream import TIMEOUT_S, Stream
from lambdas.inference.table import make_router
from lambdas.inference.trials import Trying
from lambdas.inference.web import Response

if TYPE_CHECKING:
    from mangum.types import LambdaContext

_QUICK_TIMEOUT_S = 1.0

Handler = Callable[[dict[str, Any], "LambdaContext"], dict[str, Any]]


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Answer one request; what Lambda calls."""
    try:
        return _build_once()(event, context)
    finally:
        if _AFTERWARDS is not None:
            _AFTERWARDS.end_call()


def make_handler(router: Router) -> Handler:
    """Make a Lambda handler for REST API (version 1) events.

    A route of the table runs without an event loop: its request is all there, so it waits for
    nothing, and a task in a loop costs as much as a model of many trees. Everything else goes to
    the application through Mangum.
    """

    @cache
    def adapter() -> Handler:
        from lambdas.inference.adapting import adapt  # noqa: PLC0415 - no prediction needs it

        return adapt(router)

    def handle(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
        if "httpMethod" not in event or "requestContext" not in event:
            raise InvalidInputError(
                "This function answers events of an API Gateway REST API only.",
                next_step="Send requests to the API, or a test event of the kind 'API Gateway'.",
            )
        try:
            body = read_body(event)
        except ValueError:
            return _refuse_body()
        set_deadline(_read_limit_s(context))
        request = EventRequest(event, body)
        found = router.find(request.method, request.path)
        if found is None:
            return adapter()(event, context)
        route, request.path_params = found
        answer = write_answer(_run(route.answer(request)))
        if is_too_large(answer):
            return write_answer(answer_fault(request, _refuse_answer(), route.wrap))
        return answer

    return handle


def build(settings: Settings, *, later: Starter | None = None) -> Handler:
    """Put the service together as the settings say. Nothing is sent yet.

    Parameters
    ----------
    settings : Settings
    later : callable, optional
        Runs something after the answer.
    """
    store = open_bucket(settings.bucket, timeout_s=10.0, max_retries=1)
    quick_store = open_bucket(settings.bucket, timeout_s=_QUICK_TIMEOUT_S, max_retries=1)
    recorder = Recorder(
        quick_store,
        stage=settings.stage,
        share=settings.capture_share,
        keeper=_make_keeper(settings),
        later=later,
    )
    models = Models(
        store,
        quick_store=quick_store,
        refresh_s=settings.alias_refresh_s,
        on_fallback=lambda model: recorder.count("Fallbacks", 1, model=model),
        has_prior=settings.has_prior,
        trying=Trying(lambda metric, model: recorder.count(metric, 1, model=model), later),
        start=finish_later(later) if later else start_thread,
    )
    return make_handler(make_router(models=models, recorder=recorder, keyed=True))


def _make_keeper(settings: Settings) -> Keeper:
    # Half of what is left of a function's time when an answer is ready, as the stream's timeout is.
    store = open_bucket(settings.bucket, timeout_s=TIMEOUT_S, max_retries=0)
    name = settings.capture_stream
    return Keeper(Objects(store), Stream.from_environment(name) if name else None)


def _run(answering: Coroutine[Any, Any, Response]) -> Response:
    """Run what waits for nothing."""
    try:
        answering.send(None)
    except StopIteration as done:
        response: Response = done.value
        return response
    answering.close()
    raise RuntimeError("A route of the table waits for something other than its request.")


def _read_limit_s(context: "LambdaContext | None") -> float | None:
    """Return how long the function may still take, less the time to say so."""
    if context is None:
        return None
    return max(0.0, context.get_remaining_time_in_millis() / 1000 - MARGIN_S)


def _refuse_answer() -> RequestError:
    message = "The answer has more than the 6 MB that Lambda passes on. Send fewer rows at once."
    return RequestError(413, "too_large", message)


def _refuse_body() -> dict[str, Any]:
    error = {"code": "invalid_body", "message": "The body cannot be decoded.", "details": []}
    return {
        "statusCode": 400,
        "headers": {"content-type": "application/json"},
        "body": json.dumps({"error": error}),
        "isBase64Encoded": False,
    }


@cache
def _build_once() -> Handler:
    later = None if _AFTERWARDS is None else _AFTERWARDS.do
    return build(Settings.from_environment(), later=later)


# Lambda takes note of it before the first call only.
_AFTERWARDS: Final = Afterwards.register()
end_imports()

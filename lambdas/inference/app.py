"""The inference service as a FastAPI application, without any cloud around it."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from core.errors import LoopError
from lambdas.inference import web
from lambdas.inference.answers import RequestError, answer, answer_error
from lambdas.inference.capture import Recorder
from lambdas.inference.models import Models
from lambdas.inference.routes import Route, answer_fault
from lambdas.inference.table import list_routes

if TYPE_CHECKING:
    from lambdas.inference.page import Page


def create_app(*, models: Models, recorder: Recorder, keyed: bool = False) -> FastAPI:
    """Make the application over a registry's models.

    Parameters
    ----------
    models : Models
        What answers.
    recorder : Recorder
        Keeps captures and feedback.
    keyed : bool
        Whether callers need an API key; the OpenAPI page says so.
    """
    app = FastAPI(
        title="Closed Loop",
        summary="Predictions, and the feedback that closes the loop.",
        # A redirect would lose the name of the API's stage before the path.
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    for kind in (RequestError, LoopError, HTTPException):
        app.add_exception_handler(kind, _answer_error)
    app.add_middleware(_FaultGuard)

    for route in list_routes(models, recorder):
        app.add_api_route(
            route.path, _as_endpoint(route), methods=list(route.methods), response_model=None
        )
    _add_page(app, models, keyed=keyed)
    return app


def _answer_error(request: Request, error: Exception) -> Response:
    """Word a fault outside of the routes as the protocol does whose path it is nearest to."""
    ours = web.AsgiRequest(request.scope, request.receive)
    if isinstance(error, HTTPException):
        error = _from_router(error)
    if f"{request.scope['path']}/".startswith("/v2/"):
        from lambdas.inference.protocols import oip  # noqa: PLC0415 - not every request is theirs

        return _to_starlette(oip.answer_error(ours, error))
    return _to_starlette(answer_error(ours, error))


def _from_router(error: HTTPException) -> RequestError:
    code, message = {
        404: ("not_found", "There is no such path."),
        405: ("method_not_allowed", "This path does not take this method."),
    }.get(error.status_code, ("bad_request", "The request cannot be answered."))
    return RequestError(error.status_code, code, message, headers=error.headers)


def _to_starlette(response: web.Response) -> Response:
    return Response(response.body, response.status_code, response.headers)


def _as_endpoint(route: Route) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        ours = web.AsgiRequest(request.scope, request.receive)
        ours.path_params = request.path_params
        return _to_starlette(await route.answer(ours))

    # Not `wraps`: FastAPI would call it by the parameter's name in the other one.
    endpoint.__name__ = route.endpoint.__name__
    endpoint.__doc__ = route.endpoint.__doc__
    return endpoint


def _add_page(app: FastAPI, models: Models, *, keyed: bool) -> None:
    pages: list[Page] = []

    def page() -> "Page":
        if not pages:
            from lambdas.inference.page import Page  # noqa: PLC0415 - no prediction needs it

            pages.append(Page(app, models, keyed=keyed))
        return pages[0]

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi(model: str | None = None) -> Response:
        return _to_starlette(answer(page().read(model)))

    @app.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        from lambdas.inference.docs_page import HTML, POLICY  # noqa: PLC0415

        headers = {"content-security-policy": POLICY}
        return Response(HTML, media_type="text/html", headers=headers)

    app.openapi = lambda: page().read()  # type: ignore[method-assign]


class _FaultGuard:
    """Answers a fault of ours in what is around the routes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        except Exception as error:  # noqa: BLE001 - the last place where a fault can be answered
            await answer_fault(web.AsgiRequest(scope, receive), error)(scope, receive, send)

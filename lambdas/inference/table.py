"""Every route of the service, and the service itself."""

from typing import TYPE_CHECKING

from lambdas.inference.answers import answer
from lambdas.inference.capture import Recorder
from lambdas.inference.models import Models
from lambdas.inference.protocols import native
from lambdas.inference.router import Router
from lambdas.inference.routes import Route
from lambdas.inference.web import Request, Response

if TYPE_CHECKING:
    from starlette.types import ASGIApp


def list_routes(models: Models, recorder: Recorder) -> list[Route]:
    """Return the routes of all protocols."""
    return [*_list_own(models, recorder), *_list_more(models, recorder)]


def _list_own(models: Models, recorder: Recorder) -> list[Route]:
    return [
        Route(methods=("GET",), path="/health", endpoint=health),
        *native.list_routes(models, recorder),
    ]


def _list_more(models: Models, recorder: Recorder) -> list[Route]:
    # A cold function that is asked in its own protocol does not wait for the others.
    from lambdas.inference.protocols import mlflow, oip  # noqa: PLC0415

    return [
        *oip.list_routes(models, recorder),
        *mlflow.list_routes(models, recorder),
        *_list_learners(models, recorder),
    ]


def _list_learners(models: Models, recorder: Recorder) -> list[Route]:
    from core import parts  # noqa: PLC0415

    if parts.find("route") is None:
        return []
    from lambdas.inference import own_route  # noqa: PLC0415 - few systems have one

    return own_route.list_routes(models, recorder)


def make_router(
    *, models: Models, recorder: Recorder, keyed: bool = False, limit_s: float | None = None
) -> Router:
    """Make the service: the table of routes, and the FastAPI application behind it.

    Parameters
    ----------
    models : Models
        What answers.
    recorder : Recorder
        Keeps captures and feedback.
    keyed : bool
        Whether callers need an API key; the OpenAPI page says so.
    limit_s : float or None
        Seconds that an answer may take, when the adapter does not say it.
    """

    def make_app() -> "ASGIApp":
        from lambdas.inference.app import create_app  # noqa: PLC0415 - no prediction needs it

        return create_app(models=models, recorder=recorder, keyed=keyed)

    return Router(
        _list_own(models, recorder),
        make_app,
        list_more=lambda: _list_more(models, recorder),
        limit_s=limit_s,
    )


async def health(_request: Request) -> Response:
    """Say that the function runs, with or without a model."""
    return answer({"status": "ok"})

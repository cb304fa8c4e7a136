"""The inference service as a FastAPI application, without any cloud around it."""

import logging
import traceback
from pathlib import PurePath

from fastapi import FastAPI, Request, Response
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.exceptions import HTTPException

from core.errors import LoopError
from lambdas.inference.answers import RequestError, answer, answer_error
from lambdas.inference.capture import Recorder
from lambdas.inference.models import Models
from lambdas.inference.protocols import native, schemas

_log = logging.getLogger(__name__)


def create_app(*, models: Models, recorder: Recorder) -> FastAPI:
    """Make the application over a registry's models.

    Parameters
    ----------
    models : Models
        What answers.
    recorder : Recorder
        Keeps captures and feedback.
    """
    app = FastAPI(
        title="Closed Loop",
        summary="Predictions, and the feedback that closes the loop.",
        # Relative, because the address of a deployed API has the stage's name in front.
        servers=[{"url": "."}],
        docs_url=None,
        redoc_url=None,
    )
    for kind in (RequestError, LoopError, HTTPException):
        app.add_exception_handler(kind, answer_error)
    app.add_exception_handler(Exception, _answer_fault)

    @app.get("/health", response_model=schemas.Health)
    async def health() -> Response:
        """Say that the function runs, with or without a model."""
        return answer({"status": "ok"})

    @app.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        return get_swagger_ui_html(openapi_url="openapi.json", title="Closed Loop")

    app.include_router(native.make_router(models, recorder))
    return app


def _answer_fault(request: Request, error: Exception) -> Response:
    """Answer a fault of ours; its message may hold private data and is not logged."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{PurePath(last.filename).name}:{last.lineno}"
    _log.error("A fault while answering: %s at %s", type(error).__name__, where)
    return answer_error(request, error)

"""Routes as plain data: the fast way and the FastAPI application are made of the same ones."""

import logging
import traceback
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from lambdas.inference.answers import answer_error, is_foreseen
from lambdas.inference.web import Request, Response

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One path and what answers it.

    Attributes
    ----------
    methods : tuple of str
        HTTP methods.
    path : str
        The path; a part in braces stands for anything without a slash, and is found in
        ``request.path_params``.
    endpoint : callable
        Takes the request, returns the response.
    wrap : callable
        Words a fault as the route's protocol does.
    """

    methods: tuple[str, ...]
    path: str
    endpoint: Callable[[Request], Coroutine[Any, Any, Response]]
    wrap: Callable[[Request, Exception], Response] = answer_error

    async def answer(self, request: Request) -> Response:
        """Answer a request, whatever happens."""
        try:
            return await self.endpoint(request)
        except Exception as error:  # noqa: BLE001 - the last place where a fault can be answered
            return answer_fault(request, error, self.wrap)


def answer_fault(
    request: Request,
    error: Exception,
    wrap: Callable[[Request, Exception], Response] = answer_error,
) -> Response:
    """Answer any fault; log where a fault of ours was, without its text.

    The text of an exception may hold what somebody sent; the framework and the adapter would
    log it with the traceback.
    """
    if not is_foreseen(error):
        frames = traceback.extract_tb(error.__traceback__)
        where = " < ".join(
            f"{PurePath(frame.filename).name}:{frame.lineno}" for frame in reversed(frames)
        )
        _log.error("A fault while answering: %s at %s", type(error).__name__, where)
    return wrap(request, error)

"""The way of a request to its route, without a framework where none is needed.

FastAPI costs a cold function more than all of its other imports but NumPy, and a warm one more
than the model. Nothing that it does is needed to answer a prediction. So requests for a route of
the table go to it directly, and everything else (the pages, a method or a path that is not there)
goes to the FastAPI application, which is made of the same table when it is first asked.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from lambdas.inference.deadline import set_deadline
from lambdas.inference.routes import Route
from lambdas.inference.web import AsgiRequest, Response

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

Found: TypeAlias = tuple[Route, Mapping[str, str]]
"""A route, and the values in the path by their names in it."""

_Parts = tuple[str, ...]
_NOTHING: Mapping[str, str] = {}


class Router:
    """An ASGI application over a table of routes and the application behind it.

    Parameters
    ----------
    routes : iterable of Route
        In the order in which they are tried.
    make_app : callable
        Makes the application for everything else.
    list_more : callable
        Returns more routes, which are looked at after the others and not before they are needed.
    limit_s : float or None
        Seconds that an answer may take, when the adapter has not said it already.
    """

    def __init__(
        self,
        routes: Iterable[Route],
        make_app: "Callable[[], ASGIApp]",
        *,
        list_more: Callable[[], Iterable[Route]] = tuple,
        limit_s: float | None = None,
    ) -> None:
        self._make_app = make_app
        self._limit_s = limit_s
        self._app: ASGIApp | None = None
        self._list_more: Callable[[], Iterable[Route]] | None = list_more
        self._plain: dict[tuple[str, str], Route] = {}
        self._open: dict[tuple[str, int], list[tuple[_Parts, Route]]] = defaultdict(list)
        self._add_all(routes)

    @property
    def app(self) -> "ASGIApp":
        """The application behind the table, made when it is first needed."""
        if self._app is None:
            self._app = self._make_app()
        return self._app

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Answer one connection (ASGI)."""
        is_http = scope["type"] == "http"
        found = self.find(scope["method"], scope["path"]) if is_http else None
        if found is None:
            await self.pass_on(scope, receive, send)
            return
        response = await self.answer(found, scope, receive)
        await response(scope, receive, send)

    async def answer(self, found: Found, scope: "Scope", receive: "Receive") -> Response:
        """Answer a request whose route was found."""
        self._begin()
        # The time in which the caller sends the body is not taken from the answer's.
        request = AsgiRequest(scope, receive, self._begin)
        route, request.path_params = found
        return await route.answer(request)

    async def pass_on(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Let the application answer what has no route."""
        self._begin()
        await self.app(scope, receive, send)

    def find(self, method: str, path: str) -> Found | None:
        """Return the route of a request and the values in its path."""
        found = self._look_up(method, path)
        if found is None and self._list_more is not None:
            list_more, self._list_more = self._list_more, None
            self._add_all(list_more())
            found = self._look_up(method, path)
        return found

    def _begin(self) -> None:
        if self._limit_s is not None:
            set_deadline(self._limit_s)

    def _look_up(self, method: str, path: str) -> Found | None:
        route = self._plain.get((method, path))
        if route:
            return route, _NOTHING
        parts = tuple(path.split("/"))
        for pattern, candidate in self._open.get((method, len(parts)), ()):
            values = _match(pattern, parts)
            if values is not None:
                return candidate, values
        return None

    def _add_all(self, routes: Iterable[Route]) -> None:
        for route in routes:
            for method in route.methods:
                self._add(method, route)

    def _add(self, method: str, route: Route) -> None:
        if "{" not in route.path:
            self._plain.setdefault((method, route.path), route)
            return
        parts = tuple(route.path.split("/"))
        self._open[method, len(parts)].append((parts, route))


def _match(pattern: _Parts, parts: _Parts) -> dict[str, str] | None:
    values = {}
    for wanted, found in zip(pattern, parts, strict=True):
        if wanted[:1] == "{":
            if not found:
                return None
            values[wanted[1:-1]] = found
        elif wanted != found:
            return None
    return values

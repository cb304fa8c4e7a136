"""Events for which there is no route: through Mangum to the application, in an event loop."""

import asyncio
import re
from functools import cache
from typing import TYPE_CHECKING, Any

from mangum import Mangum

from lambdas.inference.events import STAGE_PATH, TEXT_TYPES

if TYPE_CHECKING:
    from collections.abc import Callable

    from mangum.types import LambdaContext

    from lambdas.inference.router import Router

_HOST_LENGTH = len("host")
_HOST = re.compile(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?")


def adapt(app: "Router") -> "Callable[[dict[str, Any], LambdaContext], dict[str, Any]]":
    """Make a handler of events for an application."""
    asyncio.set_event_loop(_loop())
    adapter = Mangum(
        app,
        lifespan="off",
        api_gateway_base_path=STAGE_PATH,
        text_mime_types=[*TEXT_TYPES],
    )

    def handle(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
        # Somebody else's asyncio.run may have taken the thread's loop away.
        asyncio.set_event_loop(_loop())
        answer: dict[str, Any] = adapter(_without_odd_host(event), context)
        return answer

    return handle


def _without_odd_host(event: dict[str, Any]) -> dict[str, Any]:
    """Drop a Host header that the adapter cannot split into a name and a port, and empty ones."""
    headers = event.get("headers") or {}
    many = event.get("multiValueHeaders") or {}
    if all(map(_is_usable, headers.items())) and all(map(_is_usable, many.items())):
        return event
    return {
        **event,
        "headers": dict(filter(_is_usable, headers.items())),
        "multiValueHeaders": dict(filter(_is_usable, many.items())),
    }


def _is_usable(header: tuple[str, object]) -> bool:
    name, value = header
    if value is None:
        return False
    return len(name) != _HOST_LENGTH or name.lower() != "host" or _is_host(value)


def _is_host(value: object) -> bool:
    only = value[0] if isinstance(value, list) and len(value) == 1 else value
    return isinstance(only, str) and _HOST.fullmatch(only) is not None


@cache
def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()

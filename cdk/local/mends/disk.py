"""A full disk, said to whoever writes.

ministack 1.5.33 answers 200 to a write that it could not put on the disk, and mentions it in its
log: the object is there until the next restart, and then it is not.
"""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pathlib import Path

App = Callable[
    [
        Mapping[str, Any],
        Callable[[], Awaitable[Mapping[str, Any]]],
        Callable[[Mapping[str, Any]], Awaitable[None]],
    ],
    Awaitable[None],
]

MIN_FREE_BYTES: Final = 64 * 1024**2
_LOG: Final = logging.getLogger("cdk.local.disk")
_CODE: Final = "InsufficientStorage"
_MESSAGE: Final = "The disk of the computer that runs the local cloud is full. Free some space."


class DiskGuard:
    """Knows whether the disk has room; asked by `check`, and told to writers by `guard`.

    Parameters
    ----------
    free_bytes : callable
        Returns how much room there is.
    """

    def __init__(self, free_bytes: Callable[[], int]) -> None:
        self._free_bytes = free_bytes
        self.is_full = False

    @classmethod
    def of(cls, folder: Path) -> DiskGuard:
        """Return the guard of the disk that `folder` is on."""
        return cls(lambda: shutil.disk_usage(folder).free)

    def check(self) -> None:
        """Look at the disk."""
        full = self._free_bytes() < MIN_FREE_BYTES
        if full and not self.is_full:
            _LOG.error("The disk is full: writes are refused until there is room again.")
        self.is_full = full

    def guard(self, app: App) -> App:
        """Return `app`, which refuses PUT while the disk is full: objects, above all.

        Reading and deleting work, they are the way out; a POST may be either.
        """

        async def guarded(
            scope: Mapping[str, Any],
            receive: Callable[[], Awaitable[Mapping[str, Any]]],
            send: Callable[[Mapping[str, Any]], Awaitable[None]],
        ) -> None:
            if self.is_full and scope["type"] == "http" and scope["method"] == "PUT":
                await _refuse(scope, send)
            else:
                await app(scope, receive, send)

        return guarded


async def _refuse(
    scope: Mapping[str, Any], send: Callable[[Mapping[str, Any]], Awaitable[None]]
) -> None:
    headers = {bytes(name).lower(): bytes(value) for name, value in scope["headers"]}
    # S3 speaks XML whatever is stored: the CDK command line uploads templates as JSON.
    is_object = b"/s3/aws4_request" in headers.get(b"authorization", b"")
    if b"json" in headers.get(b"content-type", b"") and not is_object:
        kind = b"application/json"
        body = json.dumps({"__type": _CODE, "message": _MESSAGE}).encode()
    else:
        kind = b"application/xml"
        body = f"<Error><Code>{_CODE}</Code><Message>{_MESSAGE}</Message></Error>".encode()
    await send(
        {
            "type": "http.response.start",
            "status": int(HTTPStatus.INSUFFICIENT_STORAGE),
            "headers": [(b"content-type", kind), (b"content-length", str(len(body)).encode())],
        }
    )
    await send({"type": "http.response.body", "body": body, "more_body": False})

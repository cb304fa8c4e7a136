"""Saving the emulator's state while it runs.

ministack 1.5.33 writes the state of its services only when it is asked to end, so that a hard kill
would lose everything since the start (S3 objects apart, which it writes at once). Here it is
written a few seconds after a change, one file for each service that changed, each in one step.
"""
# ruff: noqa: SLF001, ANN401 - the emulator has no public interface for what is mended here.

from __future__ import annotations

import hashlib
import json
import logging
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from cdk.local.mends.disk import App

_LOG = logging.getLogger("cdk.local.state")
_ATTEMPTS: Final = 3
SETTLE_S: Final = 2.0
"""How long after a change the state is written."""


class StateSaver:
    """Writes the state of the services that changed.

    Parameters
    ----------
    states : callable
        Returns, for each service's name, the function that returns its state.
    persistence : module
        ``ministack.core.persistence``: the format, and the folder.
    """

    def __init__(
        self,
        states: Callable[[], Mapping[str, Callable[[], object]]],
        persistence: Any,
    ) -> None:
        self._states = states
        self._persistence: Any = persistence
        self._folder = Path(persistence.STATE_DIR)
        self._written: dict[str, bytes] = {}
        self._changed_at: float | None = None
        self._not_before = 0.0
        self._lock = threading.Lock()

    def mark(self) -> None:
        """Say that something may have changed."""
        if self._changed_at is None:
            self._changed_at = time.monotonic()

    def save_when_due(self) -> None:
        """Write what changed, if something did and it is time."""
        now = time.monotonic()
        changed_at = self._changed_at
        if changed_at is None or now < max(changed_at + SETTLE_S, self._not_before):
            return
        self._changed_at = None
        self.save()
        # With much state, saving takes at most a tenth of the time.
        self._not_before = time.monotonic() + 10 * (time.monotonic() - now)

    def save(self) -> None:
        """Write the state of every service that changed since the last time."""
        with self._lock:
            self._folder.mkdir(parents=True, exist_ok=True)
            for name, get_state in self._states().items():
                text = self._text_of(name, get_state)
                if text is None:
                    continue
                digest = hashlib.sha256(text).digest()
                if self._written.get(name) != digest and self._write(name, text):
                    self._written[name] = digest

    def _text_of(self, name: str, get_state: Callable[[], object]) -> bytes | None:
        for _ in range(_ATTEMPTS):
            try:
                state = get_state()
            except RuntimeError:  # a dictionary grew while it was copied: take it again
                continue
            if state is None:
                return None
            wrapped = {
                "__ministack_format__": self._persistence._state_format_version(name),
                "payload": state,
            }
            return json.dumps(wrapped, default=self._persistence._json_default).encode()
        self.mark()
        return None

    def _write(self, name: str, text: bytes) -> bool:
        partial = self._folder / f"{name}.partial"
        try:
            partial.write_bytes(text)
            partial.replace(self._folder / f"{name}.json")
        except OSError as error:
            self.mark()
            _LOG.error("The state of %s cannot be saved: %s", name, error.strerror)
            return False
        return True


def mend_package_names(service: Any) -> None:
    """Name a function's package once, not at each saving: ministack hashes it each time."""
    write = service._write_code_blob
    names: dict[int, tuple[bytes, str]] = {}
    prune = service._prune_orphan_code_blobs

    def write_once(code: bytes) -> str:
        known = names.get(id(code))
        if known is not None and known[0] is code:
            return known[1]
        name = str(write(code))
        names[id(code)] = (code, name)
        return name

    def prune_and_forget(referenced: set[str]) -> None:
        for key, (_, name) in list(names.items()):
            if name not in referenced:
                del names[key]
        prune(referenced)

    service._write_code_blob = write_once
    service._prune_orphan_code_blobs = prune_and_forget


def notice_requests(app: App, saver: StateSaver) -> App:
    """Return the emulator's ASGI application, which marks the state as changed by each request."""

    async def noticed(
        scope: Mapping[str, Any],
        receive: Callable[[], Awaitable[Mapping[str, Any]]],
        send: Callable[[Mapping[str, Any]], Awaitable[None]],
    ) -> None:
        await app(scope, receive, send)
        if scope["type"] == "http" and not str(scope["path"]).startswith("/_ministack/"):
            saver.mark()

    return noticed

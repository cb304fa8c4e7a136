"""Where a file that is to be scored lies: on this computer or in the data bucket."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from core.errors import ConflictError, InvalidInputError

BLOCK_BYTES = 4 * 1024 * 1024
_STATE = ("st_ino", "st_size", "st_mtime_ns")  # of a file: another one, or written to


class Origin(Protocol):
    """A file whose bytes can be read in any place.

    Attributes
    ----------
    name : str
        For messages.
    size : int
        Bytes.
    """

    @property
    def name(self) -> str: ...  # noqa: D102 - see above

    @property
    def size(self) -> int: ...  # noqa: D102 - see above

    def read(self, start: int, end: int) -> bytes:
        """Read the bytes from `start` to before `end`; `InvalidInputError` if that fails."""


class Ranges(Protocol):
    """What is needed of a bucket: see `core.store.Bucket.get_range`."""

    def get_range(self, key: str, *, start: int, end: int, etag: str) -> bytes:
        """Read the bytes from `start` to before `end` of an object in the state `etag`."""


class FileOrigin:
    """A file on this computer, in the state that it has now.

    Attributes
    ----------
    path : Path

    Raises
    ------
    InvalidInputError
        If it is not there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._state = path.stat()
        except OSError as error:
            raise _unreadable(path, error) from None

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    @property
    def size(self) -> int:
        """Bytes of it."""
        return self._state.st_size

    def read(self, start: int, end: int) -> bytes:
        """Read some of its bytes."""
        try:
            with self.path.open("rb") as file:
                file.seek(start)
                return file.read(end - start)
        except OSError as error:
            raise _unreadable(self.path, error) from None

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Refuse a change in a ``with`` block, in place of other faults that it is the cause of."""
        try:
            yield
        except Exception:
            self.check()
            raise
        self.check()

    def check(self) -> None:
        """Refuse when it is not the file any more that it was.

        Raises
        ------
        InvalidInputError
            One sentence.
        """
        try:
            state = self.path.stat()
        except OSError as error:
            raise _unreadable(self.path, error) from None
        if any(getattr(state, part) != getattr(self._state, part) for part in _STATE):
            raise InvalidInputError(
                f"{self.name} has changed while it was scored.",
                next_step="Run the same command again when nothing writes to it any more.",
            )


@dataclass(frozen=True, slots=True)
class ObjectOrigin:
    """An object, in one state of it."""

    store: Ranges
    key: str
    etag: str
    size: int

    @property
    def name(self) -> str:
        """The last part of its key."""
        return self.key.rpartition("/")[2]

    def read(self, start: int, end: int) -> bytes:
        """Read some of its bytes; refuse when it is not the object any more that it was."""
        if start >= end:
            return b""
        try:
            return self.store.get_range(self.key, start=start, end=end, etag=self.etag)
        except ConflictError:
            raise InvalidInputError(
                f"{self.key} has changed since the job was started.",
                next_step="Score it anew: the same command starts another job.",
            ) from None


def _unreadable(path: Path, error: OSError) -> InvalidInputError:
    return InvalidInputError(
        f"{path} cannot be read: {error.strerror}.", next_step="Check the path."
    )

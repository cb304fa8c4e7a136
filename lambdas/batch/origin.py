"""Where a file that is to be scored lies: on this computer or in the data bucket."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from core.errors import ConflictError, InvalidInputError

BLOCK_BYTES = 4 * 1024 * 1024


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


@dataclass(frozen=True, slots=True)
class FileOrigin:
    """A file on this computer."""

    path: Path

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    @property
    def size(self) -> int:
        """Bytes of it; `InvalidInputError` if it is not there."""
        try:
            return self.path.stat().st_size
        except OSError as error:
            raise _unreadable(self.path, error) from None

    def read(self, start: int, end: int) -> bytes:
        """Read some of its bytes."""
        try:
            with self.path.open("rb") as file:
                file.seek(start)
                return file.read(end - start)
        except OSError as error:
            raise _unreadable(self.path, error) from None


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

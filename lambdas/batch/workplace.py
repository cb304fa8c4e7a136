"""The folder beside an answer where a run keeps its parts: one run's at a time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from core.errors import ConflictError

_LOCK = "lock"
_PARTS = {".parquet", ".json", ".tmp"}


def name_folder(to: Path) -> Path:
    """Return where the parts of an answer lie, on its disk."""
    return to.with_name(f".{to.name}.parts")


@contextmanager
def hold_folder(to: Path) -> Iterator[Path]:
    """Keep other runs away from an answer's parts for as long as the ``with`` block runs.

    Raises
    ------
    ConflictError
        If another run is at work on the same answer.
    """
    folder = name_folder(to)
    # The system lets go of a lock when its process ends, however that happens.
    lock = _take_lock(folder, to)
    try:
        yield folder
    finally:
        _leave(folder)
        os.close(lock)


def drop_parts(folder: Path) -> None:
    """Delete what nobody will go on with, and the folder, unless something else is in it."""
    for each in folder.glob("*"):
        if each.suffix in _PARTS:
            each.unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()


def _take_lock(folder: Path, to: Path) -> int:
    path = folder / _LOCK
    while True:
        folder.mkdir(exist_ok=True)
        try:
            lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except FileNotFoundError:
            continue  # a run that ended has just taken the folder away
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise ConflictError(
                f"Another run is writing {to.name}.",
                next_step="Wait until it has ended, or name another --to.",
            ) from None
        except OSError:
            return lock  # some disks of a network have no locks
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(lock), path.stat()):
                return lock
        os.close(lock)  # of a run that ended in between, and took its file away


def _leave(folder: Path) -> None:
    """Take the folder away if there is no part to go on with; its lock goes last."""
    if any(folder.glob("*.json")):
        return
    drop_parts(folder)
    (folder / _LOCK).unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()

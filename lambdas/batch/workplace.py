"""The folder beside an answer where a run keeps its parts: one run's at a time."""

import fcntl
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from core.errors import ConflictError

_LOCK = "lock"
_TEMPORARY = "loop-batch-"
_PARTS = {".parquet", ".json", ".tmp"}


def name_folder(to: Path) -> Path:
    """Return where the parts of an answer lie, on its disk."""
    return to.with_name(f".{to.name}.parts")


@contextmanager
def hold_folder(to: Path) -> Iterator[Callable[[], None]]:
    """Keep other runs away from an answer's parts for as long as the ``with`` block runs.

    Temporary files hold rows of the user's. Meanwhile they lie in a place of their own, whose name
    is noted in the folder: should this process be killed, the next run deletes it. They do not lie
    in the folder itself, because duckdb sees patterns in a path: answers[1], plan=pro.

    Yields
    ------
    callable
        What to call before the process ends without leaving the block.

    Raises
    ------
    ConflictError
        If another run is at work on the same answer.
    """
    folder, usual = name_folder(to), Path(tempfile.gettempdir())
    # The system lets go of a lock when its process ends, however that happens.
    lock = _take_lock(folder, to)
    leave = partial(_leave, folder, usual)
    try:
        _sweep(folder, usual)
        name = f"{_TEMPORARY}{uuid.uuid4().hex}"
        (folder / name).touch()
        (usual / name).mkdir(mode=0o700)
        tempfile.tempdir = str(usual / name)
        yield leave
    finally:
        tempfile.tempdir = str(usual)
        leave()
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


def _leave(folder: Path, usual: Path) -> None:
    """Delete what is temporary, and the folder if it has no part to go on with; its lock last."""
    _sweep(folder, usual)
    if any(folder.glob("*.json")):
        return
    drop_parts(folder)
    (folder / _LOCK).unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()


def _sweep(folder: Path, usual: Path) -> None:
    for mark in folder.glob(f"{_TEMPORARY}*"):
        # Threads that are still at work can put nothing into it under another name.
        gone = usual / f"{mark.name}-gone"
        with suppress(OSError):
            (usual / mark.name).rename(gone)
        shutil.rmtree(gone, ignore_errors=True)
        mark.unlink(missing_ok=True)
    for half in folder.glob("*.tmp"):
        half.unlink(missing_ok=True)

"""``python -m lambdas.batch.program``: a file scored by a bundle in a folder; one JSON document.

A process of its own, so that the command line holds no inference and a function may do the same.
"""

import argparse
import hashlib
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import duckdb

from core.attending import end_when_left
from core.batch import check_place
from core.bundle import (
    BATCH_GRAPH,
    MAX_GRAPH_BYTES,
    MAX_MANIFEST_BYTES,
    Bundle,
    load_batch_bundle,
    load_manifest,
)
from core.errors import InvalidInputError, LoopError, UnavailableError
from core.keys import bundle_file, bundle_manifest
from core.mlmodel import GRAPH
from core.store import open_memory
from lambdas.batch.answer import put_together
from lambdas.batch.run import score_file
from lambdas.batch.workplace import hold_folder

INTERRUPTED = 130
_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def load_folder(folder: Path) -> Bundle:
    """Load the bundle in a folder, verified.

    Raises
    ------
    InvalidInputError
        If there is none.
    IntegrityError
        If its graph is not the one that its manifest promises.
    """
    body = _read(folder / "manifest.json", limit=MAX_MANIFEST_BYTES)
    bundle_id = hashlib.sha256(body).hexdigest()
    store = open_memory()
    store.put(bundle_manifest(bundle_id), body)
    manifest = load_manifest(store, bundle_id)
    name = BATCH_GRAPH if BATCH_GRAPH in manifest.files else GRAPH
    store.put(bundle_file(bundle_id, name), _read(folder / name, limit=MAX_GRAPH_BYTES))
    return load_batch_bundle(store, bundle_id)


def _read(path: Path, *, limit: int) -> bytes:
    if not path.is_file() or path.stat().st_size > limit:
        raise InvalidInputError(f"{path} is not there, or is larger than it can be.")
    return path.read_bytes()


def main(arguments: Sequence[str] | None = None) -> int:
    """Score a file, or put parts together; print a document, and return the exit code."""
    _end_at_signals(lambda: None)
    # `loop batch` has Ctrl-C wait until here: Python makes a traceback of one while it imports.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    chosen = _parse(arguments)
    if chosen.attended:
        made = chosen.parts or chosen.bundle  # for this run, by whoever began it
        end_when_left(lambda: shutil.rmtree(made, ignore_errors=True))
    try:
        with _disk_watched(chosen):
            report = _join(chosen) if chosen.parts else _score(chosen)
    except LoopError as error:
        fault = {"error": str(error), "next_step": error.next_step, "exit_code": error.exit_code}
        sys.stdout.write(json.dumps(fault) + "\n")
        return error.exit_code
    sys.stdout.write(json.dumps(report) + "\n")
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m lambdas.batch.program")
    parser.add_argument("--to", type=Path, required=True)
    parser.add_argument("--parts", type=Path, help="a folder of parts to put together")
    parser.add_argument("--file", type=Path)
    parser.add_argument("--bundle", type=Path)
    parser.add_argument("--version", type=int, default=1)
    parser.add_argument("--threads", type=int, default=_count_cores())
    parser.add_argument(
        "--attended",
        action="store_true",
        help="end, and delete the folder that was given, when standard input ends",
    )
    return parser.parse_args(arguments)


def _count_cores() -> int:
    if hasattr(os, "sched_getaffinity"):  # Linux; the cores that this process may use
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _score(chosen: argparse.Namespace) -> dict[str, Any]:
    check_place(chosen.to)
    bundle = load_folder(chosen.bundle)
    with hold_folder(chosen.to) as leave:
        _end_at_signals(leave)
        report = score_file(
            bundle, chosen.file, chosen.to, version=chosen.version, threads=chosen.threads
        )
    return report.to_content()


@contextmanager
def _disk_watched(chosen: argparse.Namespace) -> Iterator[None]:
    """Say that a file could not be written, or that a disk gave up while the user's was read."""
    try:
        yield
    except (OSError, duckdb.IOException) as error:
        if isinstance(error, duckdb.IOException) and "could not read" in str(error).lower():
            raise UnavailableError(
                f"{chosen.file.name} could not be read to its end: perhaps its disk has a fault.",
                next_step="Copy the file to another disk, and score the copy.",
            ) from error
        # duckdb's message is a document about its inside.
        why = (error.strerror if isinstance(error, OSError) else None) or "perhaps the disk is full"
        raise UnavailableError(
            f"A file could not be written beside {chosen.to.name} or in {tempfile.gettempdir()}:"
            f" {why}.",
            next_step="See that there is room and that you may write there, and run the same"
            " command again: it goes on where it was.",
        ) from error


def _join(chosen: argparse.Namespace) -> dict[str, Any]:
    check_place(chosen.to)
    parts = sorted(chosen.parts.glob("*.parquet"))
    put_together(parts, chosen.to, folder=chosen.parts)
    return {"parts": len(parts)}


def _end_at_signals(leave: Callable[[], None]) -> None:
    """End at the first signal, without an exception: libraries abort if a thread is inside them.

    Parameters
    ----------
    leave : callable
        What is to be done before.
    """

    def end(_number: int, _frame: FrameType | None) -> None:
        for number in _ENDINGS:
            signal.signal(number, signal.SIG_IGN)
        try:
            leave()
        finally:
            os._exit(INTERRUPTED)

    for number in _ENDINGS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup and shells have it
            signal.signal(number, end)


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    # Not by way of Python's end: duckdb would complain that a thread waits for standard input.
    os._exit(status)

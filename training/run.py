"""The whole way from a landed file to a promoted model version, on one page.

The training workflow takes the same steps, each in a function of its own (``lambdas/steps``),
because no function can hold all their packages. This module is for one process: ``loop train
--local``, tests, notebooks.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType
from typing import Unpack

from core.errors import LoopError
from core.store import ObjectStore
from training.data.names import Options
from training.data.runs import load_spec
from training.data.split import split_dataset
from training.data.start import start_run
from training.data.validate import Validation
from training.judge.evaluate import evaluate_run
from training.judge.gate import judge_run
from training.judge.release import Outcome, promote_run, record_outcome, register_run
from training.model.fit import fit_and_export


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run ended.

    Attributes
    ----------
    outcome : {'promoted', 'refused', 'rejected'}
        What became of it.
    reason : str
        Why it was refused or rejected.
    version : int or None
        The model version that is champion now.
    """

    outcome: Outcome
    reason: str = ""
    version: int | None = None


Report = Callable[[str, str], None]
"""Told each step by its name as it begins, and which candidate where it is one of several."""


def _say_nothing(_step: str, _candidate: str) -> None:
    pass


def run_training(
    store: ObjectStore,
    *,
    raw_key: str,
    run_id: str,
    report: Report = _say_nothing,
    **options: Unpack[Options],
) -> RunResult:
    """Train a model from a landed file and promote it if it passes the gate.

    A run that breaks, or is interrupted, is recorded as failed, with the reason. An interrupt that
    comes while the model is being registered and promoted waits until that is done.

    Raises
    ------
    LoopError
        If a step cannot do its work: these rows cannot be cut or fitted, or what an earlier step
        wrote is not there.
    """
    with _failure_recorded(store, run_id):
        report("validate", "")
        validation = start_run(store, raw_key=raw_key, run_id=run_id, **options)
        result = _train(store, validation, run_id=run_id, report=report)
    with _uninterrupted(), _failure_recorded(store, run_id):
        if result is None:
            result = _release(store, run_id=run_id, report=report)
        record_outcome(store, run_id=run_id, outcome=result.outcome, reason=result.reason)
    return result


def _train(
    store: ObjectStore, validation: Validation, *, run_id: str, report: Report
) -> RunResult | None:
    """Return why there is no model to promote, or None when there is one."""
    if validation.status == "rejected":
        return RunResult("rejected", validation.reason)
    report("split", "")
    split_dataset(store, run_id=run_id, version=validation.version)
    for candidate in load_spec(store, run_id).candidates:
        report("candidate", candidate)
        fit_and_export(store, run_id=run_id, candidate=candidate)
    report("evaluate", "")
    evaluate_run(store, run_id=run_id)
    report("gate", "")
    verdict = judge_run(store, run_id=run_id)
    return None if verdict.passed else RunResult("refused", verdict.reason)


def _release(store: ObjectStore, *, run_id: str, report: Report) -> RunResult:
    report("register", "")
    version = register_run(store, run_id=run_id).version
    report("promote", "")
    promote_run(store, run_id=run_id, version=version)
    return RunResult("promoted", version=version)


@contextmanager
def _failure_recorded(store: ObjectStore, run_id: str) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        # What failed is told; that it cannot be recorded either must not hide it.
        with suppress(LoopError):
            record_outcome(store, run_id=run_id, outcome="failed", reason=_describe(error))
        raise


def _describe(error: BaseException) -> str:
    if isinstance(error, LoopError):
        return str(error)
    if isinstance(error, Exception):
        return type(error).__name__  # a library's own words may quote a cell
    return "The run was interrupted."


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Put Ctrl-C and SIGTERM off to the end of the block, where they can be: in the main thread."""
    came: list[int] = []

    def put_off(number: int, _frame: FrameType | None) -> None:
        came.append(number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, put_off) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)
        if came:
            signal.raise_signal(came[0])

"""The whole way from a landed file to a promoted model version, on one page.

The training workflow takes the same steps, each in a function of its own (``lambdas/steps``),
because no function can hold all their packages. This module is for one process: tests, notebooks.
"""

from dataclasses import dataclass

from core.errors import LoopError
from core.store import ObjectStore
from training.data.names import DEFAULT_BUDGET, Budget, Preference
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


def run_training(
    store: ObjectStore,
    *,
    raw_key: str,
    run_id: str,
    seed: int = 0,
    budget: Budget = DEFAULT_BUDGET,
    prefer: Preference = "best",
) -> RunResult:
    """Train a model from a landed file and promote it if it passes the gate.

    Raises
    ------
    LoopError
        If a step cannot do its work: these rows cannot be cut or fitted, or what an earlier step
        wrote is not there. The run is recorded as failed, with the reason.
    """
    try:
        validation = start_run(
            store, raw_key=raw_key, run_id=run_id, seed=seed, budget=budget, prefer=prefer
        )
        result = _train(store, validation, run_id=run_id)
    except LoopError as error:
        record_outcome(store, run_id=run_id, outcome="failed", reason=str(error))
        raise
    record_outcome(store, run_id=run_id, outcome=result.outcome, reason=result.reason)
    return result


def _train(store: ObjectStore, validation: Validation, *, run_id: str) -> RunResult:
    if validation.status == "rejected":
        return RunResult("rejected", validation.reason)
    split_dataset(store, run_id=run_id, version=validation.version)
    for candidate in load_spec(store, run_id).candidates:
        fit_and_export(store, run_id=run_id, candidate=candidate)
    evaluate_run(store, run_id=run_id)
    report = judge_run(store, run_id=run_id)
    if not report.passed:
        return RunResult("refused", report.reason)
    version = register_run(store, run_id=run_id).version
    promote_run(store, run_id=run_id, version=version)
    return RunResult("promoted", version=version)

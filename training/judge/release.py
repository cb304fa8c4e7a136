"""Register and promote what passed the gate, and note how a run ended."""

from contextlib import suppress
from typing import Literal

from core import keys
from core.errors import ConflictError
from core.records import AliasState, ModelVersion
from core.registry import Registry
from core.store import ObjectStore
from training.data import runs
from training.data.times import timed

Outcome = Literal["promoted", "refused", "rejected", "failed"]


class RunOutcome(runs.RunFile):
    """How a run ended: ``outcome.json``."""

    run_id: str
    outcome: Outcome
    reason: str = ""


@timed("register")
def register_run(store: ObjectStore, *, run_id: str) -> ModelVersion:
    """Register the run's bundle as the next version of its model; twice gives the same version."""
    data, evaluation = runs.load_data(store, run_id), runs.load_evaluation(store, run_id)
    return Registry(store).register(
        model=data.dataset,
        bundle_id=evaluation.bundle_id,
        run_id=run_id,
        dataset_version=data.version,
        candidate=evaluation.candidate,
        metrics=evaluation.metrics,
    )


@timed("promote")
def promote_run(store: ObjectStore, *, run_id: str, version: int) -> AliasState:
    """Point the champion at the run's version, if the champion is still the one it was judged by.

    Promoting again what is champion already changes nothing. The first model that is promoted
    becomes the default.

    Raises
    ------
    ConflictError
        If the champion was moved since *evaluate* compared with it.
    """
    model = runs.load_data(store, run_id).dataset
    judged_by = runs.load_evaluation(store, run_id).champion_version
    registry = Registry(store)
    state = registry.alias(model)
    if state is None or state.version != version:
        if (state.version if state else None) != judged_by:
            raise ConflictError(
                f"The champion of {model} was moved while this run compared with another one.",
                next_step="Start the run again: it will be compared with the present champion.",
            )
        state = registry.move_alias(
            model,
            "champion",
            to=version,
            expected_revision=state.revision if state else 0,
            reason="passed the gate",
            changed_by=f"run {run_id}",
        )
    if registry.default_model() is None:
        with suppress(ConflictError):  # another model became the default at the same moment
            registry.set_default_model(model)
    return state


def record_outcome(store: ObjectStore, *, run_id: str, outcome: Outcome, reason: str) -> RunOutcome:
    """Write how a run ended."""
    ended = RunOutcome(run_id=run_id, outcome=outcome, reason=reason)
    runs.write(store, keys.run(run_id, "outcome.json"), ended)
    return ended

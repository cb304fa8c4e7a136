"""The gate: the rules that a candidate must pass before it may become champion."""

from core import keys
from core.bundle import MAX_GRAPH_BYTES
from core.store import ObjectStore
from training.data import runs
from training.data.names import BASELINE

MIN_LOSS_DECREASE = 0.005
"""How much better than the baseline's loss a model must be, as a share of it. Without a margin the
baseline itself would pass at times, by the rounding of float32."""

MAX_LOSS_INCREASE = 0.02
"""How much worse than the champion's loss a new one may be, as a share of it. A holdout is a
sample: two equally good models differ on it by chance."""


def judge_run(store: ObjectStore, *, run_id: str) -> runs.GateReport:
    """Judge a run's evaluation and write the verdict as ``gate.json``."""
    report = judge(runs.load_evaluation(store, run_id))
    runs.write(store, keys.run(run_id, "gate.json"), report)
    return report


def judge(evaluation: runs.Evaluation) -> runs.GateReport:
    """Return the verdict on an evaluation.

    Returns
    -------
    runs.GateReport
        Every rule with its value and limit; when it is not passed, `reason` says which rules
        failed, by how much, and what to try.
    """
    rules = (
        _beats_baseline(evaluation),
        *_keeps_up_with_champion(evaluation),
        _answers_alike(evaluation),
        _chooses_alike(evaluation),
        _fits(evaluation),
    )
    failed = [rule for rule in rules if not rule.passed]
    return runs.GateReport(
        passed=not failed, rules=rules, reason=" ".join(_explain(rule) for rule in failed)
    )


def _beats_baseline(evaluation: runs.Evaluation) -> runs.Rule:
    value = evaluation.losses["candidate"]
    limit = evaluation.losses["baseline"] * (1 - MIN_LOSS_DECREASE)
    return runs.Rule(
        rule="loss at least 0.5% below the baseline's",
        value=value,
        limit=limit,
        passed=value <= limit and evaluation.candidate != BASELINE,
        advice="Send more rows, or columns that tell more about the target.",
    )


def _keeps_up_with_champion(evaluation: runs.Evaluation) -> tuple[runs.Rule, ...]:
    """Return no rule where there is no champion that takes the same inputs."""
    if "champion" not in evaluation.losses:
        return ()
    value = evaluation.losses["candidate"]
    limit = evaluation.losses["champion"] * (1 + MAX_LOSS_INCREASE)
    rule = runs.Rule(
        rule="loss at most 2% above the champion's",
        value=value,
        limit=limit,
        passed=value <= limit,
        advice="Look for what is wrong with the new rows; the champion stays.",
    )
    return (rule,)


def _answers_alike(evaluation: runs.Evaluation) -> runs.Rule:
    parity = evaluation.parity
    return runs.Rule(
        rule="the graph answers as scikit-learn does",
        value=parity.max_abs_difference,
        limit=parity.tolerance,
        passed=parity.max_abs_difference <= parity.tolerance,
        advice="Look for columns with very large numbers, and subtract a constant from them.",
    )


def _chooses_alike(evaluation: runs.Evaluation) -> runs.Rule:
    identical = evaluation.parity.classes_identical
    return runs.Rule(
        rule="the graph chooses the classes that scikit-learn does",
        value=float(identical),
        limit=1.0,
        passed=identical,
        advice="Look for columns with very large numbers, and subtract a constant from them.",
    )


def _fits(evaluation: runs.Evaluation) -> runs.Rule:
    return runs.Rule(
        rule="the graph is small enough to serve (bytes)",
        value=float(evaluation.graph_size_bytes),
        limit=float(MAX_GRAPH_BYTES),
        passed=evaluation.graph_size_bytes <= MAX_GRAPH_BYTES,
        advice="Leave out columns with very many categories.",
    )


def _explain(rule: runs.Rule) -> str:
    gap = abs(rule.value - rule.limit)
    return (
        f"Failed: {rule.rule}: {rule.value:.6g}, allowed {rule.limit:.6g} (off by {gap:.3g})."
        f" {rule.advice}"
    )

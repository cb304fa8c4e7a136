"""The gate: the rules that a candidate must pass before it may become champion.

The limits are declared for each dataset (`training.data.judging.Limits`); a run's spec records the
ones that it was judged by.
"""

from collections.abc import Iterable, Iterator

import numpy as np

from core import keys
from core.contract import Contract
from core.store import ObjectStore
from training.data import runs
from training.data.judging import Judging, Limits
from training.data.names import BASELINE
from training.data.times import timed
from training.judge.own_rule import BROKEN, judge_own
from training.judge.parity import TOLERANCE

_EXPLAIN = {
    "numbers": "Look for columns with very large numbers, and subtract a constant from them.",
    "bits": "Train with --precision fp32, or with fp16 if this was int8.",
    "champion": "Look for what is wrong with the new rows; the champion stays.",
    "few candidates": "Fewer bits leave out trees, which may be what is missing: --precision fp32"
    " tries them too. The champion stays.",
    "rows": "Send more rows, or columns that tell more about the target.",
}
_BY_CHANCE = " (the limit is what chance explains on so few rows)"
_CHANCE_ERRORS = 3.0  # standard errors of a share that chance explains


@timed("gate")
def judge_run(store: ObjectStore, *, run_id: str) -> runs.GateReport:
    """Judge a run's evaluation and write the verdict as ``gate.json``."""
    spec = runs.load_spec(store, run_id)
    data = runs.load_data(store, run_id)
    evaluation = runs.load_evaluation(store, run_id)
    report = judge(
        evaluation,
        spec.contract,
        spec.judging,
        holdout_rows=data.holdout_rows,
        own=judge_own(evaluation, spec, data),
    )
    runs.write(store, keys.run(run_id, "gate.json"), report)
    return report


def judge(
    evaluation: runs.Evaluation,
    contract: Contract,
    judging: Judging,
    *,
    holdout_rows: int,
    own: Iterable[runs.Rule] = (),
) -> runs.GateReport:
    """Return the verdict on an evaluation.

    Parameters
    ----------
    own : iterable of Rule
        What the learner's own rule says, if there is one.

    Returns
    -------
    runs.GateReport
        Every rule with its value and limit; when it is not passed, `reason` says which rules
        failed, by how much, and what to try.
    """
    limits = judging.gate
    rules = (
        *_beats_baseline(evaluation, limits),
        *_keeps_up_with_champion(evaluation, limits),
        *_spares_slices(evaluation, limits),
        *_is_calibrated(evaluation, limits),
        *_covers(evaluation, judging, holdout_rows),
        *_reaches_target(evaluation, contract, judging),
        *_answers_alike(evaluation),
        *_can_be_served(evaluation, limits),
        *own,
    )
    failed = [rule for rule in rules if not rule.passed]
    return runs.GateReport(
        passed=not failed, rules=rules, reason=" ".join(_explain(rule) for rule in failed)
    )


def _beats_baseline(evaluation: runs.Evaluation, limits: Limits) -> Iterator[runs.Rule]:
    baseline = evaluation.losses["baseline"]
    value = evaluation.losses["candidate"]
    limit = baseline * (1 - limits.min_loss_decrease)
    # Without a margin the baseline itself would pass at times, by the rounding of float32.
    yield runs.Rule(
        rule=f"loss at least {limits.min_loss_decrease:.2%} below the baseline's",
        value=value,
        limit=limit,
        passed=value <= limit and evaluation.candidate != BASELINE,
        advice=_EXPLAIN["rows"],
        setting="gate.min_loss_decrease",
    )
    compared = evaluation.comparisons["baseline"]
    yield runs.Rule(
        rule="better than the baseline beyond chance (upper end of the paired difference)",
        value=compared.high,
        limit=0.0,
        passed=compared.high < 0,
        advice=_EXPLAIN["rows"],
    )


def _keeps_up_with_champion(evaluation: runs.Evaluation, limits: Limits) -> Iterator[runs.Rule]:
    """Yield no rule where there is no champion that takes the same inputs."""
    if "champion" not in evaluation.losses:
        return
    champion = evaluation.losses["champion"]
    is_exact = evaluation.parity.tolerance == TOLERANCE
    advice = _EXPLAIN["champion" if is_exact else "few candidates"]
    value, limit = evaluation.losses["candidate"], champion * (1 + limits.max_loss_increase)
    yield runs.Rule(
        rule=f"loss at most {limits.max_loss_increase:.2%} above the champion's",
        value=value,
        limit=limit,
        passed=value <= limit,
        advice=advice,
        setting="gate.max_loss_increase",
    )
    sure, most = evaluation.comparisons["champion"].low, champion * limits.max_sure_increase
    yield runs.Rule(
        rule="not worse than the champion beyond chance (lower end of the paired difference)",
        value=sure,
        limit=most,
        passed=sure <= most,
        advice=advice,
        setting="gate.max_sure_increase",
    )


def _spares_slices(evaluation: runs.Evaluation, limits: Limits) -> Iterator[runs.Rule]:
    judged = [each for each in evaluation.slices if each.rows >= limits.min_slice_rows]
    if not judged:
        return
    worst = max(judged, key=lambda each: each.excess)
    yield runs.Rule(
        rule=f"no slice worse than the baseline beyond chance (worst: {worst.column})",
        value=worst.excess,
        limit=limits.max_slice_excess,
        passed=worst.excess <= limits.max_slice_excess,
        advice=f"loop report names the slice of {worst.column}; send more rows like these.",
        setting="gate.max_slice_excess",
    )


def _is_calibrated(evaluation: runs.Evaluation, limits: Limits) -> Iterator[runs.Rule]:
    error = evaluation.metrics.get("expected_calibration_error")
    if error is None or evaluation.calibration_error_by_chance is None:
        return
    limit = max(limits.max_calibration_error, evaluation.calibration_error_by_chance)
    yield runs.Rule(
        rule="expected calibration error" + _BY_CHANCE * (limit > limits.max_calibration_error),
        value=error,
        limit=limit,
        passed=error <= limit,
        advice="Send more rows, or rows of the same time: the holdout differs from the others.",
        setting="gate.max_calibration_error",
    )


def _covers(
    evaluation: runs.Evaluation, judging: Judging, holdout_rows: int
) -> Iterator[runs.Rule]:
    covered = evaluation.metrics.get("interval_coverage")
    if covered is None:
        return
    declared = judging.decision.interval_coverage
    by_chance = _CHANCE_ERRORS * np.sqrt(declared * (1 - declared) / holdout_rows)
    shortfall = max(judging.gate.max_coverage_shortfall, float(by_chance))
    limit = declared - shortfall
    named = f"share of true values in the {declared:.0%} interval"
    yield runs.Rule(
        rule=named + _BY_CHANCE * (shortfall > judging.gate.max_coverage_shortfall),
        value=covered,
        limit=limit,
        passed=covered >= limit,
        advice="Send more rows, or rows of the same time: the holdout differs from the others.",
        setting="gate.max_coverage_shortfall",
    )


def _reaches_target(
    evaluation: runs.Evaluation, contract: Contract, judging: Judging
) -> Iterator[runs.Rule]:
    """Yield a rule where a precision or recall was declared: chance may keep it a little below."""
    decision = judging.decision
    targets = {"precision": decision.target_precision, "recall": decision.target_recall}
    for name, wanted in targets.items():
        if wanted is None or contract.task != "binary":
            continue
        value = evaluation.intervals.get(name, (0.0, evaluation.metrics.get(name, 0.0)))[1]
        yield runs.Rule(
            rule=f"{name} reaches what was declared (upper end of its interval)",
            value=value,
            limit=wanted,
            passed=value >= wanted,
            advice=f"Declare a lower {name}, or send columns that tell more about the target.",
            setting=f"decision.target_{name}",
        )


def _answers_alike(evaluation: runs.Evaluation) -> Iterator[runs.Rule]:
    parity = evaluation.parity
    advice = _EXPLAIN["numbers" if parity.tolerance == TOLERANCE else "bits"]
    yield runs.Rule(
        rule="the graph answers as scikit-learn does",
        value=parity.max_abs_difference,
        limit=parity.tolerance,
        passed=parity.max_abs_difference <= parity.tolerance,
        advice=advice,
    )
    yield runs.Rule(
        rule="the graph decides every row as scikit-learn does",
        value=float(parity.classes_identical),
        limit=1.0,
        passed=parity.classes_identical,
        advice=advice,
    )
    yield runs.Rule(
        rule="fitted and exported twice, it gives the same bytes",
        value=float(evaluation.repeats_itself),
        limit=1.0,
        passed=evaluation.repeats_itself,
        advice="Train again with exactly the package versions of the lock files.",
    )
    yield runs.Rule(
        rule="rows that a second session of the graph answers otherwise",
        value=float(evaluation.unlike_rows),
        limit=0.0,
        passed=evaluation.unlike_rows == 0,
        advice="Train again: the machine did not compute the same twice.",
    )
    if evaluation.batch_rows:
        yield runs.Rule(
            rule="rows that the graph for batch scoring answers otherwise",
            value=float(evaluation.unlike_batch_rows),
            limit=0.0,
            passed=evaluation.unlike_batch_rows == 0,
            advice="Train with the onnxruntime of the lock files; another one adds in another"
            " order.",
        )


def _can_be_served(evaluation: runs.Evaluation, limits: Limits) -> Iterator[runs.Rule]:
    yield runs.Rule(
        rule="the graph is small enough to serve (bytes)",
        value=float(evaluation.graph_size_bytes),
        limit=float(limits.max_graph_bytes),
        passed=evaluation.graph_size_bytes <= limits.max_graph_bytes,
        advice="Leave out columns with very many categories.",
        setting="gate.max_graph_bytes",
    )
    yield runs.Rule(
        rule="time for one row (milliseconds)",
        value=evaluation.latency_ms,
        limit=limits.max_latency_ms,
        passed=evaluation.latency_ms <= limits.max_latency_ms,
        advice="Leave out columns with very many categories or texts, or train with --prefer"
        " simple where the model is not the simplest.",
        setting="gate.max_latency_ms",
    )


def _explain(rule: runs.Rule) -> str:
    if rule.rule == BROKEN:
        return f"Failed: {rule.rule}. {rule.advice}"
    gap = abs(rule.value - rule.limit)
    setting = f" ({rule.setting})" if rule.setting else ""
    return (
        f"Failed: {rule.rule}: {rule.value:.6g}, allowed {rule.limit:.6g} (off by {gap:.3g})"
        f"{setting}. {rule.advice}"
    )

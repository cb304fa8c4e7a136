"""The tables of a card: what was measured, number by number."""

from collections.abc import Iterator

import numpy as np

from core.counted import counted
from core.metrics import LOSS_NAMES
from training.report import pictures
from training.report.blocks import (
    Block,
    Cell,
    Table,
    Text,
    tell,
    tell_interval,
    tell_name,
)
from training.report.facts import Facts

MAX_ROWS = 60
HEADLINES = (
    "roc_auc", "macro_roc_auc", "brier_score", "accuracy", "expected_calibration_error",
    "mean_absolute_error", "r2", "interval_coverage",
)  # fmt: skip


def tabulate_candidates(facts: Facts) -> Table:
    """List the candidates of the run, and which was taken."""
    rows: list[list[Cell]] = []
    for each in facts.results:
        losses = each.fold_losses
        error = float(np.std(losses, ddof=1) / np.sqrt(len(losses))) if len(losses) > 1 else None
        settings = ", ".join(f"{name} {value}" for name, value in each.parameters.items())
        rows.append(
            [each.candidate, each.cross_validated_loss, error, settings or each.reason or None,
             each.candidate == facts.report.candidate]
        )  # fmt: skip
    return Table(
        "Candidates of the run",
        ("candidate", "cross-validated loss", "standard error", "what the search changed", "taken"),
        rows,
    )


def tabulate_metrics(facts: Facts) -> Table:
    """List every metric with its interval, beside the baseline and the champion before."""
    report = facts.report
    columns = ["metric", "value", "95% interval", "baseline"]
    others = [report.baseline_metrics]
    if report.champion_metrics:
        columns.append(f"champion before (version {facts.evaluation.champion_version})")
        others.append(report.champion_metrics)
    if facts.best_possible:
        columns.append("best possible")
        others.append(dict(facts.best_possible))
    rows: list[list[Cell]] = [
        [tell_name(name), value, tell_interval(report.intervals.get(name)),
         *(other.get(name) for other in others)]
        for name, value in sorted(report.metrics.items(), key=lambda each: rank_metric(each[0]))
    ]  # fmt: skip
    return Table(
        f"Metrics on {tell(report.holdout_rows)} rows of the holdout",
        columns,
        rows,
        note="Nobody could beat the best possible in the long run: the data are simulated."
        if facts.best_possible
        else "",
    )


def rank_metric(name: str) -> tuple[int, str]:
    """Return where a metric stands in a table: what people compare first comes first."""
    return (HEADLINES.index(name) if name in HEADLINES else len(HEADLINES), name)


def tabulate_comparisons(facts: Facts) -> Table:
    """List how far the loss is from that of other models, on the same rows."""
    loss = tell_name(LOSS_NAMES[facts.spec.contract.task])
    return Table(
        f"Difference of the {loss} (below 0: this model is better)",
        ("compared with", "difference", "95% interval, paired", "better in resamples"),
        [
            [name, each.difference, tell_interval((each.low, each.high)),
             f"{each.share_better:.0%}"]
            for name, each in facts.report.comparisons.items()
        ],
    )  # fmt: skip


def tabulate_classes(facts: Facts) -> Iterator[Table]:
    """List the metrics of each class against the rest."""
    classes = facts.report.classes
    if not classes:
        return
    names = list(dict.fromkeys(name for each in classes for name in each.metrics))
    yield Table(
        "Each class against the rest",
        ("class", "rows", *(tell_name(name) for name in names)),
        [[each.label, each.rows, *(each.metrics.get(name) for name in names)] for each in classes],
    )


def tabulate_gate(facts: Facts) -> Table:
    """List the gate's rules and verdicts."""
    passed = facts.gate.passed
    return Table(
        f"Gate: {'passed' if passed else 'refused'}",
        ("rule", "value", "limit", "passed", "declared as"),
        [
            [rule.rule, float(rule.value), float(rule.limit), rule.passed, rule.setting or None]
            for rule in facts.gate.rules
        ],
        note=facts.gate.reason,
        verdicts=True,
    )


def tabulate_slices(facts: Facts) -> Iterator[Block]:
    """List slices, worst first."""
    slices = facts.report.slices
    if not slices:
        yield Text("No slice has enough rows to be measured.")
        return
    left = len(slices) - MAX_ROWS
    yield Table(
        "Slices, worst first",
        ("column", "value", "rows", "loss", "95% interval", "loss above the baseline for sure"),
        [
            [each.column, each.value, each.rows, each.loss, tell_interval((each.low, each.high)),
             each.excess > 0]
            for each in slices[:MAX_ROWS]
        ],
        note=f"And {counted(left, 'better one')}." if left > 0 else "",
    )  # fmt: skip


def tabulate_importances(facts: Facts) -> Iterator[Table]:
    """List how much the loss grows without each column."""
    if found := facts.report.importances:
        left = len(found) - MAX_ROWS
        yield Table(
            "What the model goes by",
            ("column", "increase of the loss", "standard deviation"),
            [[each.column, each.increase, each.deviation] for each in found[:MAX_ROWS]],
            note=f"And {counted(left, 'that matters', 'that matter')} less." if left > 0 else "",
        )


def tabulate_fairness(facts: Facts) -> Iterator[Block]:
    """Show how differently the groups of each sensitive column are treated."""
    report = facts.report
    if not report.fairness:
        sensitive = any(column.sensitive for column in facts.spec.contract.columns)
        yield Text(
            "No sensitive column has two groups of enough rows to compare."
            if sensitive
            else "No column is declared sensitive in the data contract, so no groups of people were"
            " compared."
        )
        return
    yield from pictures.draw_groups(report)
    for each in report.fairness:
        groups = pictures.find_groups(report.slices, each.column)
        names = list(dict.fromkeys(name for group in groups for name in group.rates))
        yield Table(
            f"Groups of {each.column}",
            ("group", "rows", *(tell_name(name) for name in names)),
            [[group.value, group.rows, *(group.rates.get(name) for name in names)]
             for group in groups],
        )  # fmt: skip
        yield Table(
            f"Differences between the {each.groups} groups of {each.column}",
            ("measure", "value"),
            [[name, value] for name, value in each.differences.items()],
            note="Named and defined as in fairlearn; a difference of 0 and a ratio of 1 are equal"
            " treatment. Rows without a group are left out.",
        )

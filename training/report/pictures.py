"""Which pictures a report gives, as blocks of a card."""

from collections.abc import Iterator, Mapping

from core.bundle import Manifest
from core.contract import Contract
from core.metrics import LOSS_NAMES
from training.data.judging import Decision
from training.data.reports import Curve, Report
from training.data.runs import Slice
from training.report import decision_plots, dot_plots, plots
from training.report.blocks import Figure, tell_name, tell_number
from training.report.histograms import Histogram, compare_profiles
from training.report.svg import MUTED

MAX_SLICES = 15
MAX_IMPORTANCES = 15
MAX_HISTOGRAMS = 24

_BAND = "The band holds 95% of the curves of bootstrap resamples of the holdout."
_NAMES = {"candidate": "this model", "baseline": "baseline", "champion": "champion before"}


def draw_curves(contract: Contract, report: Report) -> Iterator[Figure]:
    """Draw the curves of a classification: of two classes beside those of other models."""
    lines = _find_lines(contract, report)
    if not lines:
        return
    what = _BAND if contract.task == "binary" else "Each class against all others."
    if len(lines) > plots.MAX_COLOURS:
        what += " The worst have colours."
    areas = {line.curve.model + line.curve.label: line for line in lines}
    yield Figure(
        "ROC curve.",
        plots.draw_roc(plots.color_lines(lines)),
        f"{what} The numbers are areas under the curve; dotted: answering at random.",
    )
    ranked = [
        plots.Line(
            each.name,
            each.curve,
            each.colour,
            _find_score(contract, report, each.curve, "pr_auc"),
            each.threshold,
        )
        for each in areas.values()
    ]
    yield Figure(
        "Precision-recall curve.",
        plots.draw_precision_recall(plots.color_lines(ranked)),
        f"{what} The numbers are average precisions; dotted: answering at random.",
    )


def draw_decisions(contract: Contract, report: Report) -> Iterator[Figure]:
    """Draw what the answers promise and what decisions by them come to."""
    if report.reliability:
        whose = f"of {contract.classes[1]}" if contract.task == "binary" else "of the answer"
        yield Figure(
            "Reliability diagram.",
            plots.draw_reliability(report.reliability),
            f"The promised probability {whose} against how often it came true, with 95% intervals"
            " (Wilson); dotted: as promised. Below, how many rows each point stands for.",
        )
    if report.confusion:
        at = report.decision_threshold
        yield Figure(
            "Confusion matrix.",
            decision_plots.draw_confusion(contract.classes, report.confusion),
            "Rows of the holdout; the shade is the share of what came true"
            + ("." if at is None else f", at the decision threshold {tell_number(at)}."),
        )


def draw_stakes(report: Report, decision: Decision) -> Iterator[Figure]:
    """Draw what declared costs and coverage come to."""
    curve = find_curve(report, "candidate")
    if curve is not None and report.decision_threshold is not None:
        yield Figure(
            "Cost of a decision.",
            decision_plots.draw_costs(curve, decision, report.decision_threshold),
            "Mean cost on the holdout by the declared cost matrix, if the answer were yes from"
            " another probability.",
        )
    if report.residuals is not None and report.interval_half_width is not None:
        yield Figure(
            "Coverage of the interval.",
            dot_plots.draw_coverage(report.residuals, decision.interval_coverage),
            f"Share of true values in the interval, with 95% intervals; dotted: the declared"
            f" {decision.interval_coverage:.0%}.",
        )


def draw_numbers(report: Report) -> Iterator[Figure]:
    """Draw how far the predictions of a regression are off."""
    residuals = report.residuals
    if residuals is None:
        return
    yield Figure(
        "Residuals along the predictions.",
        dot_plots.draw_residuals(residuals, half_width=report.interval_half_width),
        "Dots are mean residuals of rows of about the same prediction, with 95% intervals; the"
        " shades hold half and nine tenths of the rows; dotted: the prediction's interval.",
    )
    yield Figure(
        "How far predictions are off.",
        dot_plots.draw_residual_histogram(residuals),
        "What lies beyond the ends is counted in the outermost bins.",
    )


def draw_slices(contract: Contract, report: Report) -> Iterator[Figure]:
    """Draw the worst slices."""
    loss = LOSS_NAMES[contract.task]
    if report.slices:
        yield Figure(
            "Worst slices.",
            dot_plots.draw_slices(
                report.slices[:MAX_SLICES], overall=report.metrics[loss], loss=tell_name(loss)
            ),
            f"The {tell_name(loss)} (lower is better) with 95% intervals, ordered by their"
            " lower ends; orange where the whole interval is above the mean of all rows.",
        )


def draw_groups(report: Report) -> Iterator[Figure]:
    """Draw the rates of the groups of each sensitive column."""
    for each in report.fairness:
        groups = find_groups(report.slices, each.column)
        rates = [name for name in _SHOWN_RATES if any(name in group.rates for group in groups)]
        if groups and rates:
            yield Figure(
                f"Groups of {each.column}.",
                dot_plots.draw_groups(groups, rates),
                "Rates with 95% intervals (Wilson)." if rates != ["mean_error"]
                else "Mean of prediction less truth.",
            )  # fmt: skip


def find_groups(slices: tuple[Slice, ...], column: str) -> list[Slice]:
    """Return the groups of a column, the largest first."""
    found = [each for each in slices if each.column == column]
    return sorted(found, key=lambda each: (-each.rows, each.value))


def draw_importances(report: Report) -> Iterator[Figure]:
    """Draw what the model goes by."""
    if report.importances:
        yield Figure(
            "Permutation importance.",
            dot_plots.draw_importances(report.importances[:MAX_IMPORTANCES]),
            "How much the loss grows when a column is shuffled among the rows; lines are one"
            " standard deviation over the shuffles. Columns that tell the same hide one another.",
        )


def draw_histograms(now: Manifest, before: Manifest | None) -> tuple[list[Figure], list[Histogram]]:
    """Draw the columns whose distribution has changed the most; return all histograms, too."""
    found = list(compare_profiles(now.profile, before.profile if before else None))
    output = found.pop()
    drawn = [*found[:MAX_HISTOGRAMS], output]
    figures = [
        Figure(
            f"{'Score of the model' if each is output else each.column}.",
            dot_plots.draw_histogram(each),
            "" if each.change is None else f"Change (PSI): {tell_number(each.change)}.",
            small=True,
        )
        for each in drawn
    ]
    return figures, [*found, output]


def find_curve(report: Report, model: str) -> Curve | None:
    """Return the first curve of a model."""
    return next((each for each in report.curves if each.model == model), None)


def _find_lines(contract: Contract, report: Report) -> list[plots.Line]:
    """Of two classes the curves of each model, of more those of the candidate's classes."""
    binary = contract.task == "binary"
    return [
        plots.Line(
            name=_NAMES.get(each.model, each.model) if binary else each.label,
            curve=each,
            colour=MUTED if each.model == "baseline" else "",
            score=_find_score(contract, report, each, "roc_auc"),
            threshold=report.decision_threshold if each.model == "candidate" else None,
        )
        for each in report.curves
        if binary or each.model == "candidate"
    ]


def _find_score(contract: Contract, report: Report, curve: Curve, metric: str) -> float | None:
    if contract.task == "binary":
        metrics: Mapping[str, Mapping[str, float]] = {
            "candidate": report.metrics,
            "baseline": report.baseline_metrics,
            "champion": report.champion_metrics,
        }
        return metrics[curve.model].get(metric)
    by_label = {each.label: each.metrics for each in report.classes}
    return by_label.get(curve.label, {}).get(metric)


_SHOWN_RATES = (
    "selection_rate", "true_positive_rate", "false_positive_rate", "accuracy", "mean_error",
)  # fmt: skip

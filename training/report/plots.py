"""The pictures of a classification: curves, reliability, the confusion matrix, what decisions cost.

All are drawn from a run's report alone. Colours are told apart by colour-blind readers (Okabe, M.
and Ito, K. (2008), "Color universal design"); lines are labelled where they run, and intervals are
drawn wherever they are known.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from training.data.judging import Decision
from training.data.reports import Curve, ReliabilityBin
from training.report.blocks import tell_number
from training.report.svg import GRID, INK, MUTED, ONE, PAPER, SERIES, draw, shorten

_LINE = 0.072  # of the height of the axes, between two labels
_ALIKE = 4
"""Of more classes, only those that are ranked worst are told apart by colour."""


@dataclass(frozen=True, slots=True)
class Line:
    """A curve as it is drawn.

    Attributes
    ----------
    name : str
        Its label.
    colour : str
        Empty until `color_lines` has given it one.
    score : float or None
        The area under it, behind the label.
    """

    name: str
    curve: Curve
    colour: str
    score: float | None = None
    threshold: float | None = None


def color_lines(lines: Sequence[Line]) -> list[Line]:
    """Give the lines that matter most colours of their own: all of few, the worst of many."""
    open_ = [each for each in lines if not each.colour]
    if len(open_) > _ALIKE:
        open_ = sorted(open_, key=lambda line: line.score or 0.0)[: _ALIKE - 1]
    chosen = [each for each in lines if each in open_]
    rest = [each for each in lines if each not in open_]
    colours = dict(zip([each.name for each in chosen], SERIES, strict=False))
    return [
        Line(each.name, each.curve, colours.get(each.name, MUTED), each.score, each.threshold)
        for each in (*rest, *chosen)
    ]


def draw_roc(lines: Sequence[Line]) -> str:
    """Draw false against true positive rates; a band is where 95% of resampled curves run."""
    with draw(f"ROC curves of {_list(lines)}", height=4.3) as sheet:
        axes = sheet.axes
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (2, 3)))
        for line in lines:
            curve = line.curve
            if curve.band is not None:
                low, high = np.array(curve.band.recall).T
                axes.fill_between(  # a recall of nothing has no precision
                    curve.band.places[1:],
                    low[1:],
                    high[1:],
                    color=line.colour,
                    alpha=0.18,
                    linewidth=0,
                )
            rates, recalls = (0.0, *curve.false_positive_rates), (0.0, *curve.recalls)
            axes.plot(rates, recalls, color=line.colour)
            _mark(axes, line, curve.false_positive_rates, curve.recalls)
        _list_labels(axes, lines, x=0.97, bottom=0.05, align="right")
        _frame(axes, "false positive rate", "true positive rate (recall)")
    return sheet.svg


def draw_precision_recall(lines: Sequence[Line]) -> str:
    """Draw recall against precision; dotted, the precision of answering at random."""
    with draw(f"Precision-recall curves of {_list(lines)}", height=4.3) as sheet:
        axes = sheet.axes
        for line in lines:
            curve = line.curve
            if curve.band is not None:
                low, high = np.array(curve.band.precision).T
                # From the second place on: a recall of nothing has no precision.
                x, colour = curve.band.places[1:], line.colour
                axes.fill_between(
                    x, low[1:], high[1:], step="pre", color=colour, alpha=0.18, linewidth=0
                )
            if len(lines) <= _ALIKE:
                axes.axhline(curve.positive_share, color=MUTED, linewidth=1, linestyle=(0, (2, 3)))
            if len(curve.recalls) > 1:
                axes.step(
                    (0.0, *curve.recalls), (curve.precisions[0], *curve.precisions),
                    color=line.colour, where="pre",
                )  # fmt: skip
            _mark(axes, line, curve.recalls, curve.precisions, left=True)
        _list_labels(axes, lines, x=0.03, bottom=0.05, align="left")
        _frame(axes, "recall", "precision")
    return sheet.svg


def draw_reliability(series: Sequence[tuple[str, Sequence[ReliabilityBin]]]) -> str:
    """Draw what was promised against what came true, with 95% intervals, and how many rows."""
    with draw("Reliability diagram", height=4.6) as sheet:
        upper, lower = sheet.figure.subplots(
            2, 1, sharex=True, gridspec_kw={"height_ratios": [4, 1]}
        )
        upper.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (2, 3)))
        width = 0.088 / len(series)
        for place, ((_, bins), colour) in enumerate(zip(series, SERIES, strict=False)):
            promised = np.array([each.promised for each in bins])
            true = np.array([each.came_true for each in bins])
            for each in bins:
                if each.interval is not None:
                    upper.plot([each.promised] * 2, each.interval, color=colour, linewidth=1.4)
            upper.plot(promised, true, color=colour, linewidth=1, alpha=0.6)
            upper.plot(promised, true, "o", color=colour, markersize=5, markeredgecolor=PAPER)
            starts = np.minimum((promised * 10).astype(int), 9) / 10 + 0.006 + place * width
            rows = [each.rows for each in bins]
            lower.bar(starts, rows, width=width * 0.94, align="edge", color=colour, alpha=0.75)
        names = [name for name, _ in series]
        if len(names) > 1:
            for place, name in enumerate(names):
                upper.text(0.02, 0.97 - place * 0.08, shorten(name), color=SERIES[place],
                           va="top", weight="bold", transform=upper.transAxes)  # fmt: skip
        _frame(upper, "", "share that came true")
        lower.set_xlabel("promised probability")
        lower.set_ylabel("rows")
        lower.yaxis.set_major_locator(MaxNLocator(2, integer=True))
        lower.grid(visible=False, axis="x")
    return sheet.svg


def draw_confusion(classes: Sequence[str], counts: Sequence[Sequence[int]]) -> str:
    """Draw rows of the holdout by true class and answer; the shade is the share of a true class."""
    size, table = len(classes), np.array(counts, dtype=np.float64)
    shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    side = min(7.0, max(3.6, 1.6 + 0.46 * size))
    with draw("Confusion matrix", width=max(5.2, side + 0.6), height=side) as sheet:
        axes = sheet.axes
        for row in range(size):
            for column in range(size):
                share = float(shares[row, column])
                corner = (column - 0.5, row - 0.5)
                axes.add_patch(
                    Rectangle(
                        corner,
                        1,
                        1,
                        facecolor=ONE,
                        alpha=0.04 + 0.6 * share,
                        edgecolor=GRID,
                        linewidth=0.5,
                    )
                )
                if size <= 12:
                    _tell_cell(axes, column, row, int(table[row, column]), share, size)
        labels = [shorten(label, 14) for label in classes]
        longest = max(map(len, labels))
        steep = longest > (2 if size > 6 else 9)
        axes.set_xticks(range(size), labels, rotation=60 if steep else 0,
                        ha="right" if steep else "center")  # fmt: skip
        axes.set_yticks(range(size), labels)
        axes.set_xlim(-0.5, size - 0.5)
        axes.set_ylim(size - 0.5, -0.5)
        axes.set_xlabel("answer")
        axes.set_ylabel("what came true")
        axes.grid(visible=False)
        axes.tick_params(length=0)
        for spine in axes.spines.values():
            spine.set_visible(False)
    return sheet.svg


def draw_costs(curve: Curve, decision: Decision, threshold: float) -> str:
    """Draw the mean cost of a decision at each threshold, by the declared cost matrix."""
    positive = curve.positive_share
    recalls, rates = np.array(curve.recalls), np.array(curve.false_positive_rates)
    costs = positive * (
        recalls * decision.true_positive_cost + (1 - recalls) * decision.false_negative_cost
    ) + (1 - positive) * (
        rates * decision.false_positive_cost + (1 - rates) * decision.true_negative_cost
    )
    with draw("Mean cost of a decision at each threshold") as sheet:
        axes = sheet.axes
        axes.step(curve.thresholds, costs, color=ONE, where="post")
        axes.axvline(threshold, color=INK, linewidth=1)
        right = threshold > 0.6
        axes.annotate(
            f"threshold {tell_number(threshold)}", (threshold, 0.97),
            xycoords=("data", "axes fraction"), xytext=(-5 if right else 5, 0),
            textcoords="offset points", ha="right" if right else "left", va="top", fontsize=9,
        )  # fmt: skip
        axes.set_xlim(0, 1)
        axes.set_ylim(bottom=min(0.0, float(costs.min())))
        axes.set_xlabel("answer yes from this probability")
        axes.set_ylabel("mean cost on the holdout")
    return sheet.svg


def _mark(
    axes: Axes, line: Line, x: Sequence[float], y: Sequence[float], *, left: bool = False
) -> None:
    """Put a dot where the decision is made, and its label on the side without a curve."""
    if line.threshold is None:
        return
    places = np.flatnonzero(np.array(line.curve.thresholds) >= line.threshold)
    if places.size:
        at = int(places[-1])
        axes.plot([x[at]], [y[at]], "o", color=line.colour, zorder=5, markersize=7,
                  markeredgecolor=PAPER, markeredgewidth=1.5)  # fmt: skip
        axes.annotate(
            f"threshold {tell_number(line.threshold)}",
            (x[at], y[at]),
            xytext=(-9 if left else 9, -13),
            textcoords="offset points",
            ha="right" if left else "left",
            fontsize=9,
            color=line.colour,
        )


def _list_labels(axes: Axes, lines: Sequence[Line], *, x: float, bottom: float, align: str) -> None:
    """Write the lines' names in their colours where no line runs, the best on top."""
    ranked = sorted(lines, key=lambda line: (line.colour == MUTED, -(line.score or 0.0)))
    step = _LINE if len(ranked) <= 8 else 0.5 / len(ranked)
    for place, line in enumerate(reversed(ranked)):
        score = "" if line.score is None else f": {line.score:.3f}"
        axes.text(x, bottom + place * step, shorten(line.name) + score, color=line.colour,
                  ha=align, weight="bold" if line.colour != MUTED else "normal",
                  fontsize=10 if len(ranked) <= 8 else 9, transform=axes.transAxes)  # fmt: skip


def _tell_cell(axes: Axes, column: int, row: int, count: int, share: float, size: int) -> None:
    axes.text(column, row - (0.1 if size <= 5 else 0), f"{count}", ha="center", va="center",
              weight="bold" if row == column else "normal",
              fontsize=11 if size <= 5 else 9, color=INK)  # fmt: skip
    if size <= 5:
        axes.text(column, row + 0.18, f"{share:.0%}", ha="center", va="center", fontsize=9,
                  color=INK)  # fmt: skip


def _frame(axes: Axes, x: str, y: str) -> None:
    axes.set_xlim(-0.01, 1.01)
    axes.set_ylim(-0.01, 1.02)
    axes.set_xlabel(x)
    axes.set_ylabel(y)


def _list(lines: Sequence[Line]) -> str:
    return ", ".join(line.name for line in lines)

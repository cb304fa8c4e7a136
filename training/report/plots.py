"""The pictures of probabilities: curves, and whether they are reliable.

All are drawn from a run's report alone. Colours are told apart by colour-blind readers (Okabe, M.
and Ito, K. (2008), "Color universal design"); lines are labelled where they run, and intervals are
drawn wherever they are known.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from training.data.reports import Curve, ReliabilityBin
from training.report.blocks import tell_number
from training.report.svg import INK, MUTED, ONE, PAPER, SERIES, draw, shorten

_LINE = 0.072  # of the height of the axes, between two labels
MAX_COLOURS = 4
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
    if len(open_) > MAX_COLOURS:
        open_ = sorted(open_, key=lambda line: line.score or 0.0)[: MAX_COLOURS - 1]
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
        axes, told = sheet.axes, set[float]()
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (2, 3)))
        for line in lines:
            curve = line.curve
            if curve.band is not None:
                low, high = np.array(curve.band.recall).T
                places, colour = curve.band.places, line.colour
                axes.fill_between(places, low, high, color=colour, alpha=0.18, linewidth=0)
            rates, recalls = (0.0, *curve.false_positive_rates), (0.0, *curve.recalls)
            axes.plot(rates, recalls, **_weigh(line, lines))
            _mark(axes, line, curve.false_positive_rates, curve.recalls, told=told)
        _list_labels(axes, lines, x=0.97, align="right")
        _frame(axes, "false positive rate", "true positive rate (recall)")
    return sheet.svg


def draw_precision_recall(lines: Sequence[Line]) -> str:
    """Draw recall against precision; dotted, the precision of answering at random."""
    with draw(f"Precision-recall curves of {_list(lines)}", height=4.3) as sheet:
        axes, told = sheet.axes, set[float]()
        for line in lines:
            curve = line.curve
            if curve.band is not None:
                low, high = np.array(curve.band.precision).T
                # From the second place on: a recall of nothing has no precision.
                x, colour = curve.band.places[1:], line.colour
                axes.fill_between(
                    x, low[1:], high[1:], step="pre", color=colour, alpha=0.18, linewidth=0
                )
            if len(lines) <= MAX_COLOURS:
                axes.axhline(curve.positive_share, color=MUTED, linewidth=1, linestyle=(0, (2, 3)))
            if len(curve.recalls) > 1:
                precisions = (curve.precisions[0], *curve.precisions)
                axes.step((0.0, *curve.recalls), precisions, where="pre", **_weigh(line, lines))
            _mark(axes, line, curve.recalls, curve.precisions, told=told, left=True)
        if _leaves_room_below(lines):
            _list_labels(axes, lines, x=0.03, align="left")
        else:
            _list_labels(axes, lines, x=0.97, align="right", top=True)
        _frame(axes, "recall", "precision")
    return sheet.svg


def draw_reliability(bins: Sequence[ReliabilityBin], colour: str = ONE) -> str:
    """Draw what was promised against what came true, with 95% intervals, and how many rows."""
    promised = np.array([each.promised for each in bins])
    true = np.array([each.came_true for each in bins])
    with draw("Reliability diagram", height=4.6) as sheet:
        upper, lower = sheet.figure.subplots(
            2, 1, sharex=True, gridspec_kw={"height_ratios": [4, 1]}
        )
        upper.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (2, 3)))
        for each in bins:
            if each.interval is not None:
                upper.plot([each.promised] * 2, each.interval, color=colour, linewidth=1.4)
        upper.plot(promised, true, color=colour, linewidth=1, alpha=0.6)
        upper.plot(promised, true, "o", color=colour, markersize=5, markeredgecolor=PAPER)
        starts = np.minimum((promised * 10).astype(int), 9) / 10 + 0.006
        rows = [each.rows for each in bins]
        lower.bar(starts, rows, width=0.088, align="edge", color=colour, alpha=0.75)
        _frame(upper, "", "share that came true")
        lower.set_xlabel("promised probability")
        lower.set_ylabel("rows")
        lower.yaxis.set_major_locator(MaxNLocator(2, integer=True))
        lower.grid(visible=False, axis="x")
    return sheet.svg


def _mark(
    axes: Axes,
    line: Line,
    x: Sequence[float],
    y: Sequence[float],
    *,
    told: set[float],
    left: bool = False,
) -> None:
    """Put a dot where the decision is made, and its label on the side without a curve."""
    if line.threshold is None:
        return
    places = np.flatnonzero(np.array(line.curve.thresholds) >= line.threshold)
    if not places.size:
        return
    at = int(places[-1])
    axes.plot([x[at]], [y[at]], "o", color=line.colour, zorder=5, markersize=7,
              markeredgecolor=PAPER, markeredgewidth=1.5)  # fmt: skip
    if line.threshold in told:
        return
    told.add(line.threshold)
    axes.annotate(
        f"threshold {tell_number(line.threshold)}",
        (x[at], y[at]),
        xytext=(-9 if left else 9, -13 * len(told)),
        textcoords="offset points",
        ha="right" if left else "left",
        fontsize=9,
        color=INK,
    )


def _list_labels(
    axes: Axes, lines: Sequence[Line], *, x: float, align: str, top: bool = False
) -> None:
    """Write the lines' names in their colours where no line runs, the best on top."""
    ranked = sorted(lines, key=lambda line: (line.colour == MUTED, -(line.score or 0.0)))
    step = _find_step(ranked)
    bottom = 0.95 - step * len(ranked) if top else 0.05
    for place, line in enumerate(reversed(ranked)):
        score = "" if line.score is None else f": {line.score:.3f}"
        axes.text(x, bottom + place * step, shorten(line.name) + score, color=line.colour,
                  ha=align, weight="bold" if line.colour != MUTED else "normal",
                  fontsize=10 if step == _LINE else 9, transform=axes.transAxes)  # fmt: skip


def _find_step(lines: Sequence[Line]) -> float:
    return _LINE if len(lines) <= 8 else 0.5 / len(lines)


def _leaves_room_below(lines: Sequence[Line]) -> bool:
    """Tell whether all curves run above their labels where recalls are low."""
    height = 0.05 + _find_step(lines) * len(lines)
    places = np.linspace(0.03, 0.45, 20)
    drawn = [line.curve for line in lines if len(line.curve.recalls) > 1]
    return all(
        float(np.interp(places, each.recalls, each.precisions).min()) > height for each in drawn
    )


def _weigh(line: Line, lines: Sequence[Line]) -> dict[str, Any]:
    """Let many lines of no colour of their own stand back."""
    if line.colour == MUTED and len(lines) > MAX_COLOURS:
        return {"color": MUTED, "linewidth": 1.0, "alpha": 0.5}
    return {"color": line.colour}


def _frame(axes: Axes, x: str, y: str) -> None:
    axes.set_xlim(-0.01, 1.01)
    axes.set_ylim(-0.01, 1.02)
    axes.set_xlabel(x)
    axes.set_ylabel(y)


def _list(lines: Sequence[Line]) -> str:
    return ", ".join(line.name for line in lines)

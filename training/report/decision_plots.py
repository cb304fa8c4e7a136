"""The pictures of decisions: who was told what, and what it costs.

See `training.report.plots` for what they have in common.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from training.data.judging import Decision
from training.data.reports import Curve
from training.report.blocks import tell_number
from training.report.svg import GRID, INK, ONE, draw, shorten


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


def _tell_cell(axes: Axes, column: int, row: int, count: int, share: float, size: int) -> None:
    axes.text(column, row - (0.1 if size <= 5 else 0), f"{count}", ha="center", va="center",
              weight="bold" if row == column else "normal",
              fontsize=11 if size <= 5 else 9, color=INK)  # fmt: skip
    if size <= 5:
        axes.text(column, row + 0.18, f"{share:.0%}", ha="center", va="center", fontsize=9,
                  color=INK)  # fmt: skip

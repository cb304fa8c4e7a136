"""What two ways to cut a column make of it, and what a linear model can say with bins."""

import numpy as np

from curriculum.author.sheet import INK, MUTED, ONE, TWO, sheet, standalone
from curriculum.material.churn import churn

ROWS, BINS = 6000, 8


def draw() -> str:
    """Draw edges over a histogram, and the share who left by hours, as line and as steps."""
    made = churn(ROWS, seed=5)
    bill = made.X["monthly_bill"].to_numpy(float)
    hours = made.X["usage_hours"].to_numpy(float)
    known = ~np.isnan(hours)
    x, y = hours[known], made.probability[known]
    with sheet(
        "Left: monthly bills, most of them small. Eight bins of equal widths have most rows in the "
        "first three; eight bins with equal numbers of rows are narrow where rows are many. Right: "
        "the share who leave by hours of use; a straight line misses its shape, steps follow it"
    ) as page:
        left, right = page.figure.subplots(1, 2)
        left.hist(bill, np.linspace(0, 130, 53).tolist(), color=MUTED, alpha=0.55)
        top = left.get_ylim()[1]
        widths = np.linspace(bill.min(), bill.max(), BINS + 1)[1:-1]
        counts = np.quantile(bill, np.arange(1, BINS) / BINS)
        for edges, colour, low, high, words in (
            (widths, TWO, 1.06, 1.2, "equal widths"),
            (counts, ONE, 1.32, 1.46, "equal numbers of rows"),
        ):
            for edge in edges:
                left.plot([edge, edge], [low * top, high * top], color=colour, linewidth=1.8)
            left.text(130, high * top * 1.015, words, color=colour, ha="right", fontsize=9)
        left.set_ylim(0, 1.62 * top)
        left.set_xlim(0, 132)
        left.set_yticks([])
        left.grid(visible=False)
        left.set_xlabel("monthly bill", color=INK)
        edges = np.quantile(x, np.arange(0, 31) / 30)
        part = np.clip(np.searchsorted(edges, x, side="right") - 1, 0, 29)
        dots = [
            (float(x[part == each].mean()), float(y[part == each].mean())) for each in range(30)
        ]
        right.plot(*zip(*dots, strict=True), "o", color=MUTED, markersize=4)
        slope, start = np.polyfit(x, y, 1)
        line = np.array([0.0, 60.0])
        right.plot(line, start + slope * line, color=TWO)
        cuts = np.quantile(x, np.arange(0, BINS + 1) / BINS)
        place = np.clip(np.searchsorted(cuts, x, side="right") - 1, 0, BINS - 1)
        means = [float(y[place == each].mean()) for each in range(BINS)]
        right.stairs(means, [*cuts[:-1].tolist(), 60.0], color=ONE, linewidth=1.8, baseline=None)
        right.set_xlim(0, 60)
        right.set_xlabel("hours of use", color=INK)
        right.set_ylabel("share who leave", color=INK)
    return standalone(page)

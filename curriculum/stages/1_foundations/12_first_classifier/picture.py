"""From a line to a curve, and from one column to two."""

import numpy as np
from numpy.typing import NDArray

from curriculum.author.sheet import INK, MUTED, ONE, THREE, TWO, sheet, standalone
from curriculum.material.churn import churn

ROWS, SHOWN = 4000, 350
Array = NDArray[np.float64]


def draw() -> str:
    """Draw the share who left by bill, and lines of equal probability."""
    made = churn(ROWS, seed=3)
    bill = made.X["monthly_bill"].to_numpy(float)
    tenure = made.X["tenure_months"].to_numpy(float)
    with sheet(
        "Left: the share of customers who left rises with the monthly bill along an S-curve; a "
        "straight line leaves the range from 0 to 1. Right: customers by tenure and bill; those "
        "who left are at large bills and short tenures, and lines of equal probability are straight"
    ) as page:
        left, right = page.figure.subplots(1, 2)
        edges = np.quantile(bill, np.linspace(0, 1, 15))
        part = np.clip(np.searchsorted(edges, bill) - 1, 0, 13)
        centres = [float(bill[part == each].mean()) for each in range(14)]
        left.plot(
            centres, [float(made.y[part == each].mean()) for each in range(14)], "o", color=MUTED
        )
        x = np.linspace(0, 120, 121)
        slope, start = np.polyfit(bill, made.y, 1)
        left.plot(x, start + slope * x, color=TWO, linewidth=1.4)
        weights = search(bill[:, None], made.y)
        left.plot(x, squash(weights[0] + weights[1] * x), color=ONE)
        for bound in (0, 1):
            left.axhline(bound, color=MUTED, linewidth=0.8)
        left.text(70, 1.27, "a line", color=TWO)
        left.text(84, 0.83, "a curve", color=ONE)
        left.set_ylim(-0.12, 1.45)
        left.set_xlim(0, 120)
        left.set_xlabel("monthly bill")
        left.set_ylabel("share who left")
        both = search(np.column_stack([tenure, bill]), made.y)
        gone = made.y[:SHOWN] == 1
        for who, colour, mark in ((~gone, ONE, "."), (gone, TWO, "x")):
            places = np.flatnonzero(who)
            right.plot(tenure[places], bill[places], mark, color=colour, markersize=4)
        for level in (0.2, 0.5, 0.8):
            y = (np.log(level / (1 - level)) - both[0] - both[1] * np.array([0, 80])) / both[2]
            right.plot([0, 80], y, color=THREE if level == 0.5 else INK, linewidth=1.2)
            right.text(81, float(y[1]), f"{level:.1f}", color=INK, fontsize=9, va="center")
        right.set_xlim(-1, 88)
        right.set_ylim(0, 95)
        right.set_xlabel("tenure in months")
        right.set_ylabel("monthly bill")
        right.text(34, 89, "cross: left", color=TWO, fontsize=9)
        right.text(62, 89, "dot: stayed", color=ONE, fontsize=9)
    return standalone(page)


def squash(z: Array) -> Array:
    """Return probabilities of log-odds."""
    probabilities: Array = 1 / (1 + np.exp(-z))
    return probabilities


def search(columns: Array, y: NDArray[np.int64]) -> Array:
    """Return intercept and weights of a logistic regression."""
    mean, spread = columns.mean(axis=0), columns.std(axis=0)
    scaled = np.column_stack([np.ones(len(y)), (columns - mean) / spread])
    weights = np.zeros(scaled.shape[1])
    for _ in range(12):
        p = squash(scaled @ weights)
        bend = (scaled * (p * (1 - p))[:, None]).T @ scaled
        weights = weights - np.linalg.solve(bend, scaled.T @ (p - y))
    slopes = weights[1:] / spread
    return np.concatenate([[weights[0] - slopes @ mean], slopes])

"""Errors as lengths, and the weight at which they have nothing left to do with the hours."""

import numpy as np

from curriculum.author.sheet import MUTED, ONE, THREE, TWO, sheet, standalone
from curriculum.material.bills import bills

ROWS = 400


def draw() -> str:
    """Draw a line with its errors, and the sum of squares for other slopes."""
    made = bills(ROWS, seed=6)
    standard = (made.X["plan"] == "standard").to_numpy() & (made.X["usage_hours"] < 45).to_numpy()
    hours = made.X["usage_hours"].to_numpy(float)[standard][:45]
    bill = made.y[standard][:45]
    slope, start = np.polyfit(hours, bill, 1)
    with sheet(
        "Left: bills against hours, a line, and the errors as vertical lengths. Right: the sum of "
        "squared errors for other weights of the hours is a bowl; at its bottom, errors times "
        "hours add up to zero",
        height=3.1,
    ) as page:
        left, right = page.figure.subplots(1, 2)
        predicted = start + slope * hours
        left.vlines(hours, np.minimum(bill, predicted), np.maximum(bill, predicted), color=TWO)
        left.plot(hours, bill, "o", color=MUTED, markersize=4)
        left.plot([0, 47], [start, start + 47 * slope], color=ONE)
        left.set_xlabel("hours")
        left.set_ylabel("bill")
        left.set_xlim(0, 47)
        left.text(0.04, 0.93, "orange: the errors", color=TWO, fontsize=9, transform=left.transAxes)
        others = slope + np.linspace(-0.5, 0.5, 41)
        # For each weight of the hours the best intercept: the line goes through the means.
        errors = bill - bill.mean() - np.outer(others, hours - hours.mean())
        right.plot(others, (errors**2).sum(axis=1), color=ONE)
        right.axvline(slope, color=THREE, linewidth=1)
        right.set_xlabel("weight of the hours")
        right.set_ylabel("sum of squared errors")
        right.set_yticks([])
        words = "here, errors\ntimes hours\nadd up to 0"
        right.text(0.53, 0.76, words, color=THREE, fontsize=9, transform=right.transAxes)
    return standalone(page)

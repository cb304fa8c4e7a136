"""Forty weights that shrink, and two errors that part."""

import numpy as np

from curriculum.author.sheet import INK, MUTED, ONE, TWO, sheet, standalone
from curriculum.material.bills import bills

ROWS, HIDDEN, NOISE = 60, 600, 37


def draw() -> str:
    """Draw weights and errors against the strength of the price."""
    made = bills(ROWS + HIDDEN, seed=7)
    chance = np.random.default_rng(7)
    known = made.X[["usage_hours", "tenure_months", "has_discount"]].to_numpy(float)
    X = np.column_stack([known, chance.standard_normal((len(known), NOISE))])
    columns = (X - X[:ROWS].mean(axis=0)) / X[:ROWS].std(axis=0)
    middle = made.y[:ROWS].mean()
    strengths = np.geomspace(0.001, 100, 50)
    paths, errors = [], []
    for strength in strengths:
        seen = columns[:ROWS]
        bend = seen.T @ seen / ROWS + strength * np.eye(X.shape[1])
        weights = np.linalg.solve(bend, seen.T @ (made.y[:ROWS] - middle) / ROWS)
        paths.append(weights)
        squared = (middle + columns @ weights - made.y) ** 2
        errors.append((squared[:ROWS].mean() ** 0.5, squared[ROWS:].mean() ** 0.5))
    with sheet(
        "Left: forty weights against the strength of the price; all shrink towards zero, the one "
        "of usage hours last. Right: the error on the fitted rows only rises, the error on hidden "
        "rows falls, has a lowest point, and rises"
    ) as page:
        left, right = page.figure.subplots(1, 2)
        table = np.array(paths)
        for place in range(3, 40, 2):
            left.plot(strengths, table[:, place], color=MUTED, linewidth=0.7)
        left.plot(strengths, table[:, 0], color=ONE)
        left.text(0.6, 6.3, "usage hours", color=ONE, fontsize=9)
        left.set_ylim(-10, 9)
        left.text(0.0012, -9.3, "columns of noise", color=INK, fontsize=9)
        left.set_ylabel("weight, in euros")
        seen_error, hidden_error = np.array(errors).T
        right.plot(strengths, seen_error, color=MUTED)
        right.plot(strengths, hidden_error, color=TWO)
        best = int(hidden_error.argmin())
        right.plot([strengths[best]], [hidden_error[best]], "o", color=TWO, markersize=7)
        right.text(0.0012, float(hidden_error[0]) + 1.0, "hidden rows", color=TWO, fontsize=9)
        right.text(0.0012, float(seen_error[0]) + 1.2, "fitted rows", color=INK, fontsize=9)
        right.set_ylim(0, 1.15 * float(hidden_error.max()))
        right.set_ylabel("error, in euros")
        for axes in (left, right):
            axes.set_xscale("log")
            axes.set_xticks([0.001, 0.1, 10])
            axes.set_xticklabels(["0.001", "0.1", "10"])
            axes.minorticks_off()
            axes.set_xlabel("strength")
    return standalone(page)

"""Four ways to price an error, and what one great miss does to two of them."""

import numpy as np

from curriculum.author.sheet import INK, MUTED, ONE, THREE, TWO, sheet, standalone
from curriculum.material.bills import bills

ROWS = 200


def draw() -> str:
    """Draw the prices of errors, and metrics against the size of one miss."""
    made = bills(ROWS, seed=6)
    errors = made.mean - made.y
    misses = np.linspace(0, 400, 60)
    with sheet(
        "Left: what an error costs, by its size and sign: a V for absolute errors, a bowl for "
        "squared ones, and a skewed V where too low costs three times as much. Right: how the mean "
        "absolute error and the root of the mean squared error grow with one miss among 200 bills"
    ) as page:
        left, right = page.figure.subplots(1, 2)
        x = np.linspace(-20, 20, 81)
        left.plot(x, np.abs(x), color=ONE)
        left.plot(x, x**2 / 10, color=TWO)
        left.plot(x, np.where(x < 0, -3 * x, x), color=THREE)
        left.text(-20.5, 6.5, "absolute", color=ONE, fontsize=9)
        left.text(8.5, 24, "squared / 10", color=TWO, fontsize=9, ha="right")
        left.text(-9.5, 38, "too low\ncosts 3", color=THREE, fontsize=9)
        left.set_ylim(0, 46)
        left.set_xlabel("predicted less actual, in euros")
        left.set_ylabel("price of the error")
        mae = [(np.abs(errors).sum() + miss) / (ROWS + 1) for miss in misses]
        rmse = [float(np.sqrt(((errors**2).sum() + miss**2) / (ROWS + 1))) for miss in misses]
        right.plot(misses, mae, color=ONE)
        right.plot(misses, rmse, color=TWO)
        right.text(250, mae[-1] + 0.6, "absolute", color=ONE, fontsize=9)
        right.text(205, rmse[35] + 2.2, "root of squared", color=TWO, fontsize=9, ha="right")
        right.axhline(np.abs(errors).mean(), color=MUTED, linewidth=0.8)
        right.text(
            400, float(np.abs(errors).mean()) - 1.6, "without it", color=INK, fontsize=9, ha="right"
        )
        right.set_ylim(0, 32)
        right.set_xlabel("one miss among 200 bills, in euros")
        right.set_ylabel("metric, in euros")
    return standalone(page)

"""Two models whose intervals overlap, and whose difference is certain all the same."""

import numpy as np

from curriculum.author.sheet import INK, MUTED, ONE, THREE, TWO, sheet, standalone
from curriculum.material.churn import churn

ROWS = 600


def draw() -> str:
    """Draw each model's loss with its interval, and the interval of the difference."""
    made = churn(ROWS, seed=3)
    chance = np.random.default_rng(3)
    odds = np.log(made.probability / (1 - made.probability))
    dull = 1 / (1 + np.exp(-(odds + chance.normal(0, 0.9, ROWS))))
    sharp = 1 / (1 + np.exp(-(0.85 * odds + 0.15 * np.log(dull / (1 - dull)))))
    first, second = (dull - made.y) ** 2, (sharp - made.y) ** 2
    with sheet(
        "Left: the losses of two models, with intervals that overlap. Middle: the loss of each row "
        "by one model against the other; they lie near the diagonal. Right: the interval of the "
        "paired difference, which lies below zero"
    ) as page:
        left, middle, right = page.figure.subplots(1, 3, gridspec_kw={"width_ratios": [3, 4, 2]})
        for place, losses, colour, name in (
            (0, first, ONE, "champion"),
            (1, second, TWO, "challenger"),
        ):
            mean, error = losses.mean(), losses.std(ddof=1) / ROWS**0.5
            left.plot([place, place], [mean - 1.96 * error, mean + 1.96 * error], color=colour)
            left.plot([place], [mean], "o", color=colour, markersize=7)
            left.text(place, mean + 2.2 * error, name, color=colour, ha="center", fontsize=9)
        left.set_xlim(-0.7, 1.7)
        left.set_xticks([])
        left.set_ylabel("Brier score")
        shown = slice(0, 160)
        middle.plot(first[shown], second[shown], ".", color=INK, markersize=3, alpha=0.6)
        middle.plot([0, 1], [0, 1], color=MUTED, linewidth=1.0)
        middle.set_xlabel("loss of a row, champion")
        middle.set_ylabel("challenger")
        gaps = second - first
        mean, error = gaps.mean(), gaps.std(ddof=1) / ROWS**0.5
        right.axhline(0, color=MUTED, linewidth=1.2)
        right.plot([0, 0], [mean - 1.96 * error, mean + 1.96 * error], color=THREE)
        right.plot([0], [mean], "o", color=THREE, markersize=7)
        right.set_xticks([])
        right.set_xlim(-1, 1)
        low = float(mean - 2.6 * error)
        right.set_ylim(low, -0.35 * low)
        right.set_ylabel("difference, paired")
    return standalone(page)

"""Five candidates, their folds, their means, and the line of one standard error."""

import math

import numpy as np

from curriculum.author.sheet import INK, MUTED, ONE, THREE, TWO, sheet, standalone

NAMES = ("baseline", "linear", "neural", "boosting", "forest")
MEANS = (0.196, 0.1619, 0.1632, 0.1612, 0.1616)


def draw() -> str:
    """Draw folds as dots, means with bars, and the limit."""
    chance = np.random.default_rng(6)
    hard = chance.standard_normal(5)
    hard = 0.006 * (hard - hard.mean()) / hard.std(ddof=1)
    with sheet(
        "Losses of five candidates, simple ones left: five folds as dots and their mean with one "
        "standard error. Boosting has the lowest mean; linear, neural and forest lie below the "
        "line of its mean and one standard error; linear is the simplest of them"
    ) as page:
        axes = page.axes
        for place, mean in enumerate(MEANS):
            own = 0.0012 * chance.standard_normal(5)
            losses = mean + hard + own - own.mean()
            error = float(losses.std(ddof=1)) / math.sqrt(5)
            colour = {1: ONE, 3: TWO}.get(place, INK)
            axes.plot(np.full(5, place - 0.13), losses, "o", color=MUTED, markersize=3.5)
            axes.plot([place + 0.1] * 2, [mean - error, mean + error], color=colour, linewidth=1.6)
            axes.plot([place + 0.1], [mean], "o", color=colour, markersize=7)
            if place == 3:
                axes.axhline(mean + error, color=THREE, linewidth=1.4)
                axes.text(4.45, mean + error + 0.0075, "the limit", color=THREE, ha="right")
        axes.text(3.1, 0.1712, "lowest", color=TWO, ha="center")
        axes.text(1.1, 0.1712, "simplest\nthat will do", color=ONE, ha="center")
        axes.set_xticks(range(5), NAMES)
        axes.set_ylim(0.147, 0.208)
        axes.set_xlim(-0.5, 4.5)
        axes.set_ylabel("loss", color=INK)
    return standalone(page)

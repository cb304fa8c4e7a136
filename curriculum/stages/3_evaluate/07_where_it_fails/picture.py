"""Sixty slices: how far from the rest each is, and how few rows can do that."""

import numpy as np

from curriculum.author.sheet import INK, MUTED, ONE, TWO, sheet, standalone

SLICES, ROWS, SPREAD = 60, 900, 0.17


def draw() -> str:
    """Draw the excess of slices against their size, with the funnel that chance makes."""
    chance = np.random.default_rng(93)
    sizes = np.exp(chance.uniform(np.log(5), np.log(450), SLICES)).astype(int)
    errors = SPREAD * np.sqrt(1 / sizes + 1 / (ROWS - sizes))
    excess = errors * chance.standard_normal(SLICES)
    sizes, excess = np.append(sizes, 110), np.append(excess, 0.13)
    x = np.geomspace(5, 450, 80)
    wide = SPREAD * np.sqrt(1 / x + 1 / (ROWS - x))
    with sheet(
        "Sixty-one slices by their number of rows and by how much worse the model is there. A "
        "funnel of four standard errors opens towards few rows. The slices with the largest excess "
        "are tiny and inside of it; one slice with 110 rows is outside"
    ) as page:
        axes = page.axes
        axes.fill_between(x, -4 * wide, 4 * wide, color=MUTED, alpha=0.12, linewidth=0)
        axes.plot(x, 4 * wide, color=MUTED, linewidth=1.2)
        axes.plot(x, -4 * wide, color=MUTED, linewidth=1.2)
        axes.axhline(0, color=MUTED, linewidth=0.8)
        axes.plot(sizes[:-1], excess[:-1], "o", color=ONE, markersize=4, alpha=0.8)
        axes.plot([110], [0.13], "o", color=TWO, markersize=8)
        axes.text(122, 0.145, "this one", color=TWO)
        worst = int(np.argmax(excess[:-1]))
        axes.text(
            sizes[worst] * 1.12,
            excess[worst] - 0.01,
            f"worse: {sizes[worst]} rows",
            color=INK,
            fontsize=9,
        )
        axes.text(9.5, -0.27, "four standard errors", color=INK, fontsize=9)
        axes.set_xscale("log")
        axes.set_xticks([5, 10, 30, 100, 300])
        axes.set_xticklabels(["5", "10", "30", "100", "300"])
        axes.minorticks_off()
        axes.set_ylim(-0.31, 0.33)
        axes.set_xlabel("rows of the slice")
        axes.set_ylabel("loss above that of the others")
    return standalone(page)

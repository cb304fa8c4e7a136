"""The same bills twice: by size, and by how well they agree with the rest of their row."""

import numpy as np

from curriculum.author.sheet import MUTED, ONE, THREE, TWO, sheet, standalone
from curriculum.material.bills import bills

PRIVATE, BUSINESS, SLIPPED = 700, 260, 180


def draw() -> str:
    """Draw histograms of bills and of ratios, on logarithmic axes."""
    chance = np.random.default_rng(4)
    made = bills(PRIVATE + BUSINESS + SLIPPED, seed=4, noise=0.15)
    kind = np.repeat([0, 1, 2], [PRIVATE, BUSINESS, SLIPPED])
    lines = np.where(kind == 1, chance.integers(20, 90, len(kind)), 1)
    bill = made.y * lines * np.where(kind == 2, 100.0, 1.0)
    # What plan, hours and lines come to, before discounts.
    price = made.mean / np.where(made.X["has_discount"].to_numpy() > 0, 0.8, 1.0) * lines
    with sheet(
        "Left: by size, bills in cents lie among the bills of businesses. Right: divided by what "
        "plan, hours and lines come to, they stand far apart from all honest bills",
        height=3.0,
    ) as page:
        by_size, by_ratio = page.figure.subplots(1, 2)
        for axes, values, edges in (
            (by_size, bill, np.geomspace(5, 20_000, 37)),
            (by_ratio, bill / price, np.geomspace(0.3, 300, 37)),
        ):
            for part, colour in enumerate((MUTED, ONE, TWO)):
                own = values[kind == part]
                axes.hist(own, edges.tolist(), color=colour, alpha=0.75)
            axes.set_xscale("log")
            axes.set_yticks([])
            axes.grid(visible=False)
            axes.minorticks_off()
        by_size.set_xticks([10, 100, 1000, 10_000], ["10", "100", "1,000", "10,000"])
        by_size.set_ylim(0, 122)
        by_size.set_xlabel("monthly bill")
        notes = ((0.02, 0.93, "private customers", MUTED), (0.56, 0.56, "businesses", ONE))
        for x, y, words, colour in (*notes, (0.56, 0.48, "bills in cents", TWO)):
            by_size.text(x, y, words, color=colour, fontsize=9, transform=by_size.transAxes)
        by_ratio.set_xticks([0.5, 1, 10, 100], ["0.5", "1", "10", "100"])
        by_ratio.set_xlabel("bill / what the row comes to")
        by_ratio.axvline(10, color=THREE, linewidth=1.2)
        by_ratio.text(0.54, 0.85, "a limit", color=THREE, fontsize=9, transform=by_ratio.transAxes)
    return standalone(page)

"""Nine fits as a grid and at random, and what the same money buys by halving."""

import numpy as np

from curriculum.author.sheet import INK, MUTED, ONE, TWO, sheet, standalone


def draw() -> str:
    """Draw two ways to spend nine fits, and three rounds."""
    chance = np.random.default_rng(11)
    with sheet(
        "Left: nine settings of two knobs as a grid try three values of the knob that matters; "
        "nine random ones try nine. Right: halving looks at 27 settings with a ninth of the rows, "
        "at the nine better ones with a third, and at the best three with all rows"
    ) as page:
        grid, halving = page.figure.subplots(1, 2)
        x = np.linspace(0, 1, 101)
        grid.plot(x, 1.12 + 0.35 * np.exp(-(((x - 0.64) / 0.1) ** 2)), color=MUTED)
        grid.text(0.0, 1.36, "how good it is", color=MUTED, fontsize=9)
        level = np.array([0.17, 0.5, 0.83])
        a, b = (each.ravel() for each in np.meshgrid(level, level))
        grid.plot(a, b, "s", color=TWO, markersize=6)
        c = (np.arange(9) + chance.uniform(0.2, 0.8, 9)) / 9
        d = (chance.permutation(9) + chance.uniform(0.2, 0.8, 9)) / 9
        grid.plot(c, d, "o", color=ONE, markersize=6)
        for values, low, colour in ((level, 1.07, TWO), (c, 1.02, ONE)):
            for value in values:
                grid.plot([value, value], [low, low + 0.035], color=colour, linewidth=2)
        grid.text(0.17, -0.085, "grid", color=TWO, ha="center")
        grid.text(0.72, -0.085, "at random", color=ONE, ha="center")
        grid.set_ylim(-0.14, 1.52)
        grid.set_xlim(-0.02, 1.02)
        grid.set_xlabel("the knob that matters", color=INK)
        grid.set_ylabel("the knob that does not", color=INK)
        grid.set_xticks([])
        grid.set_yticks([])
        grid.grid(visible=False)
        true = 0.16 + 0.06 * np.sort(chance.random(27)) ** 1.3
        alive = np.arange(27)
        seen = true + 0.012 * chance.standard_normal(27)
        for place, (keep, spread) in enumerate(((9, 0.007), (3, 0.003), (1, 0.0))):
            going = alive[np.argsort(seen[alive])[:keep]]
            stopped = np.setdiff1d(alive, going)
            halving.plot(
                np.full(len(stopped), place), seen[stopped], "o", color=MUTED, markersize=4
            )
            halving.plot(np.full(len(going), place), seen[going], "o", color=ONE, markersize=5)
            after = true + spread * chance.standard_normal(27)
            if place < 2:
                for each in going:
                    halving.plot([place, place + 1], [seen[each], after[each]], color=ONE, lw=0.8)
                seen = after
            alive = going
        halving.set_xticks([0, 1, 2], ["27 settings\n1/9 of rows", "9\n1/3", "3\nall rows"])
        halving.set_xlim(-0.35, 2.35)
        halving.set_ylabel("loss seen", color=INK)
        halving.grid(visible=False)
    return standalone(page)

"""One width for all, and a width for each row, around outcomes that spread more and more."""

import numpy as np

from curriculum.author.sheet import INK, MUTED, ONE, TWO, sheet, standalone

POINTS = 140


def draw() -> str:
    """Draw outcomes whose spread grows, once in a band of one width, once in a band that grows."""
    chance = np.random.default_rng(311)
    place = np.sort(chance.uniform(-1, 1, POINTS))
    spread = 3 * np.exp(1.2 * place)
    y = 30 + 5 * place + spread * chance.normal(0, 1, POINTS)
    middle = 30 + 5 * place
    with sheet(
        "The same outcomes twice; they spread more to the right. Left: a band of one width misses "
        "many on the right and none on the left. Right: a band that grows misses one in ten "
        "anywhere"
    ) as page:
        panels = page.figure.subplots(1, 2, sharey=True)
        one_width = np.full(POINTS, np.sort(np.abs(y - middle))[int(0.9 * POINTS)])
        names = ("one width for all", "a width for each row")
        for axes, half, name in zip(panels, (one_width, 1.645 * spread), names, strict=True):
            inside = np.abs(y - middle) <= half
            axes.fill_between(place, middle - half, middle + half, color=MUTED, alpha=0.25)
            axes.plot(place[inside], y[inside], ".", color=ONE, markersize=4)
            axes.plot(place[~inside], y[~inside], "x", color=TWO, markersize=5)
            axes.set_title(name, color=INK)
    return standalone(page)

"""Time lines of customers, and the churn rate that three ways of labelling show."""

import numpy as np

from curriculum.author.sheet import GRID, INK, MUTED, ONE, THREE, TWO, sheet, standalone
from curriculum.material.churn import churn

TODAY, WINDOW, LAG = 120, 30, 5
ROWS = 16 * TODAY
# Day of the question and day of leaving (None = does not leave), of a few customers.
LIVES = ((62, 70), (70, None), (78, 105), (84, None), (94, 101), (98, 124), (104, None), (110, 118))


def draw() -> str:
    """Draw a few windows, and the rate of churn by the day of the question."""
    made = churn(ROWS, seed=2)
    chance = np.random.default_rng(2)
    observed = np.arange(ROWS) // 16
    left = made.y == 1
    gone = observed + 1 + chance.integers(0, WINDOW, ROWS)
    known_yes = left & (gone + chance.integers(0, LAG + 1, ROWS) <= TODAY)
    ready = observed + WINDOW + LAG <= TODAY
    week = observed // 8
    with sheet(
        "Left: windows of thirty days, some of which are still open today. Right: the share who "
        "leave by the day of the question; taking open rows for no makes it fall to zero, taking "
        "each label as soon as it is known makes it rise to one",
        height=3.3,
    ) as page:
        lines, rates = page.figure.subplots(1, 2)
        for place, (start, end) in enumerate(LIVES):
            is_open = start + WINDOW + LAG > TODAY
            colour = MUTED if is_open else ONE
            lines.plot([start, start + WINDOW], [-place, -place], color=colour, linewidth=3)
            if end is not None:
                mark = TWO if end <= TODAY else GRID
                lines.plot([end], [-place], "x", color=mark, markersize=8, markeredgewidth=2)
        lines.axvline(TODAY, color=INK, linewidth=1)
        lines.text(TODAY + 1, 0.5, "today", color=INK, fontsize=9)
        lines.text(61, -8.4, "blue: window and lag are over", color=ONE, fontsize=9)
        lines.text(61, -9.2, "grey: not ready yet", color=MUTED, fontsize=9)
        lines.text(61, -10.0, "cross: leaves (pale: later)", color=TWO, fontsize=9)
        lines.set_yticks([])
        lines.set_ylim(-10.5, 1.2)
        lines.set_xlim(60, 143)
        lines.set_xlabel("day")
        days = [float(observed[week == each].mean()) for each in range(TODAY // 8)]
        ways = (
            ("open = no", known_yes, np.ones(ROWS, bool), TWO),
            ("as soon as known", known_yes, ready | known_yes, THREE),
            ("only rows that are ready", known_yes, ready, ONE),
        )
        for name, yes, used, colour in ways:
            found = [
                float(yes[(week == each) & used].mean())
                if ((week == each) & used).any()
                else np.nan
                for each in range(TODAY // 8)
            ]
            rates.plot(days, found, color=colour, label=name)
        rates.text(66, 0.1, "open = no", color=TWO, fontsize=9)
        rates.text(30, 0.9, "as soon as known", color=THREE, fontsize=9)
        rates.text(6, 0.52, "only rows that are ready", color=ONE, fontsize=9)
        rates.set_ylim(0, 1.03)
        rates.set_xlabel("day of the question")
        rates.set_ylabel("share of yes")
    return standalone(page)

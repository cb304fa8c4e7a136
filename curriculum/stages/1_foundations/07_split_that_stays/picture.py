"""Three ways to hold out a third: by row, by drawn customer, by a decision for each customer."""

import hashlib
import random

from matplotlib.axes import Axes

from curriculum.author.sheet import GRID, INK, ONE, TWO, sheet, standalone

SHARE = 1 / 3
CUSTOMERS = [f"T0-{number:06d}" for number in range(12)]
WAYS = ("draw rows", "draw customers", "decide for each customer")
Cells = dict[tuple[int, int], bool]


def draw() -> str:
    """Draw each way in this month (9 customers, 4 months) and in the next (12, 5)."""
    with sheet(
        "Three ways to hold out rows. Drawn rows tear customers apart; drawn customers change "
        "sides when others come; a decision for each customer stays",
        height=4.4,
    ) as page:
        grid = page.figure.subplots(2, 3)
        for column, way in enumerate(WAYS):
            before = hold_out(way, customers=9, months=4, seed=4)
            after = hold_out(way, customers=12, months=5, seed=4)
            fill(grid[0, column], before, {})
            fill(grid[1, column], after, before)
            grid[0, column].set_title(way, color=INK, fontsize=10)
        grid[0, 0].set_ylabel("this month: one line\nfor each customer")
        grid[1, 0].set_ylabel("next month: three\ncustomers more")
        page.figure.supxlabel(
            "orange: held out · blue: trained on · crossed: was on the other side before",
            fontsize=10,
        )
    return standalone(page)


def hold_out(way: str, *, customers: int, months: int, seed: int) -> Cells:
    """Return whether each row (customer, month) is held out."""
    chance = random.Random(seed)  # noqa: S311 - a picture
    cells = [(customer, month) for customer in range(customers) for month in range(months)]
    if way == WAYS[0]:
        drawn = set(chance.sample(cells, round(SHARE * len(cells))))
        return {cell: cell in drawn for cell in cells}
    if way == WAYS[1]:
        held = set(chance.sample(range(customers), round(SHARE * customers)))
        return {cell: cell[0] in held for cell in cells}
    return {cell: _hash(CUSTOMERS[cell[0]]) < SHARE for cell in cells}


def fill(axes: Axes, cells: Cells, before: Cells) -> None:
    """Draw one square for each row of the table."""
    for held, colour in ((False, ONE), (True, TWO)):
        own = [cell for cell, side in cells.items() if side == held]
        x, y = [month for _, month in own], [-customer for customer, _ in own]
        axes.scatter(x, y, s=52, marker="s", color=colour, alpha=0.85, linewidths=0)
    moved = [cell for cell, side in cells.items() if before.get(cell, side) != side]
    axes.scatter([m for _, m in moved], [-c for c, _ in moved], s=22, marker="x", color=INK)
    axes.set_xlim(-0.6, 4.6)
    axes.set_ylim(-11.7, 0.7)
    axes.set_xticks([])
    axes.set_yticks([])
    for side in axes.spines.values():
        side.set_color(GRID)


def _hash(name: str) -> float:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") / 2.0**64

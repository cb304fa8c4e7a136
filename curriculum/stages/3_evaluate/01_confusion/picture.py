"""The same answers, read along the rows and down the columns."""

import numpy as np

from curriculum.author.sheet import INK, MUTED, ONE, TWO, sheet, standalone
from curriculum.material.tickets import TEAMS, tickets


def draw() -> str:
    """Draw a confusion matrix, with recall beside its rows and precision below its columns."""
    chance = np.random.default_rng(5)
    truth = tickets(240, seed=5).y
    said = np.where(chance.random(len(truth)) < 0.8, truth, 0)
    matrix = np.zeros((3, 3), int)
    np.add.at(matrix, (truth, said), 1)
    with sheet(
        "A table of three teams by three teams. Each row is the team that a message belongs to, "
        "each column the team that it was sent to. Most messages are on the diagonal; the others "
        "are all in the first column. Recall is read along the rows, precision down the columns",
        height=3.6,
    ) as page:
        axes = page.axes
        most = matrix.max()
        for (row, column), count in np.ndenumerate(matrix):
            colour = ONE if row == column else TWO
            x, y = float(column), float(-row)
            axes.fill_between(
                [x - 0.47, x + 0.47],
                [y - 0.46] * 2,
                [y + 0.46] * 2,
                color=colour,
                alpha=0.08 + 0.5 * float(count / most),
                linewidth=0,
            )
            axes.text(x, y, f"{count}", ha="center", va="center", color=INK, fontsize=13)
        for place, name in enumerate(TEAMS):
            axes.text(-0.62, -place, name, ha="right", va="center", color=INK)
            axes.text(place, 0.62, name, ha="center", va="bottom", color=INK)
            recall = matrix[place, place] / matrix[place].sum()
            precision = matrix[place, place] / matrix[:, place].sum()
            axes.text(2.66, -place, f"{recall:.2f}", va="center", color=INK)
            axes.text(place, -2.66, f"{precision:.2f}", ha="center", va="top", color=INK)
        axes.text(2.62, 0.62, "recall", va="bottom", color=MUTED)
        axes.text(-0.62, -2.66, "precision", ha="right", va="top", color=MUTED)
        axes.text(1, 1.02, "was sent to", ha="center", va="bottom", color=MUTED)
        axes.text(-1.62, -1, "belongs to", ha="center", va="center", color=MUTED, rotation=90)
        axes.set_xlim(-1.8, 3.3)
        axes.set_ylim(-3.1, 1.4)
        axes.axis("off")
    return standalone(page)

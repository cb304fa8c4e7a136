"""Two histories of the same work: one commit of everything, and small ones with a branch."""

from matplotlib.axes import Axes

from curriculum.author.sheet import INK, MUTED, ONE, TWO, sheet, standalone

MAIN = (0, 1, 2, 3, 4, 5, 8, 9)
BRANCH = (6, 7)
UP = 0.55


def draw() -> str:
    """Draw commits as dots, as large as what they change."""
    with sheet(
        "Two histories. Above, three commits, one of them huge. Below, ten small ones: a mistake "
        "and the commit that takes it back, and a branch of two that is merged",
        height=2.6,
    ) as page:
        axes = page.axes
        axes.plot([0, 9], [2, 2], color=MUTED, linewidth=1.2, zorder=1)
        axes.scatter([0, 4.5, 9], [2, 2, 2], s=[60, 2300, 90], color=ONE, zorder=2)
        axes.text(4.5, 1.12, "updates", ha="center", fontsize=10, color=INK)
        draw_small(axes)
        axes.set_xlim(-0.6, 9.6)
        axes.set_ylim(-0.75, 2.75)
        axes.set_axis_off()
    return standalone(page)


def draw_small(axes: Axes) -> None:
    """Draw the history of small steps."""
    axes.plot([0, 9], [0, 0], color=MUTED, linewidth=1.2, zorder=1)
    axes.plot([5, 6, 7, 8], [0, UP, UP, 0], color=MUTED, linewidth=1.2, zorder=1)
    axes.scatter(MAIN, [0] * len(MAIN), s=60, color=ONE, zorder=2)
    axes.scatter(BRANCH, [UP] * len(BRANCH), s=60, color=ONE, zorder=2)
    axes.scatter([3], [0], s=60, color=TWO, zorder=3)
    notes = {(2.85, -0.42): "a mistake", (4.3, -0.42): "taken back", (8, -0.42): "merged"}
    for (x, y), words in notes.items():
        axes.text(x, y, words, ha="center", fontsize=9, color=INK)
    axes.text(6.5, UP + 0.22, "a branch", ha="center", fontsize=9, color=INK)

"""Three digits as they are, moved, and darker; below, what one model of pixels reads of each."""

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from curriculum.author.sheet import GRID, INK, MUTED, sheet, standalone
from curriculum.material.digits import digits

Images = NDArray[np.float64]
SHOWN = 3


def draw() -> str:
    """Draw each digit as squares of ink."""
    made = digits(900, seed=2)
    model = LogisticRegression(max_iter=300).fit(made.X[:600], made.y[:600])
    hidden, y = made.X[600:], made.y[600:]
    moved = move(hidden)
    fooled = np.flatnonzero((model.predict(hidden) == y) & (model.predict(moved) != y))
    _, first = np.unique(y[fooled], return_index=True)
    chosen = fooled[np.sort(first)[:SHOWN]]
    with sheet(
        "Three handwritten digits. As they are, a model of single pixels reads them; moved by "
        "one pixel to the right, it reads other digits",
        height=3.6,
    ) as page:
        grid = page.figure.subplots(2, SHOWN)
        for row, images in enumerate((hidden, moved)):
            said = model.predict(images)
            for axes, which in zip(grid[row], chosen, strict=True):
                fill(axes, images[which])
                wrong = said[which] != y[which]
                text = f"it reads {said[which]}" + (f", not {y[which]}" if wrong else "")
                axes.set_xlabel(text, color=INK if wrong else MUTED, fontsize=10)
        grid[0, 0].set_ylabel("as it is", fontsize=10)
        grid[1, 0].set_ylabel("moved by one pixel", fontsize=10)
    return standalone(page)


def move(images: Images) -> Images:
    """Move images by one column to the right."""
    squares = np.zeros((len(images), 8, 8))
    squares[:, :, 1:] = images.reshape(-1, 8, 8)[:, :, :-1]
    return squares.reshape(len(images), 64)


def fill(axes: object, image: Images) -> None:
    """Draw one image: the more ink, the larger the square."""
    ax: object = axes
    down, across = np.divmod(np.arange(64), 8)
    ink = image > 0
    ax.scatter(  # type: ignore[attr-defined]
        across[ink], -down[ink], s=5.2 * image[ink], marker="s", color=INK, linewidths=0
    )
    ax.set(xlim=(-0.8, 7.8), ylim=(-7.8, 0.8), xticks=[], yticks=[], aspect="equal")  # type: ignore[attr-defined]
    for side in ax.spines.values():  # type: ignore[attr-defined]
        side.set_color(GRID)
        side.set_visible(True)

"""What a user gains from three kinds of lists, and how many films each kind ever shows."""

import numpy as np
from numpy.typing import NDArray

from curriculum.author.sheet import INK, MUTED, ONE, TWO, sheet, standalone
from curriculum.material.plays import plays

N = 10


def draw() -> str:
    """Draw two bars for each kind."""
    made = plays(500, 80, seed=7)
    seen = made.seen.astype(float)
    popularity = seen.sum(axis=0)
    together = seen.T @ seen
    np.fill_diagonal(together, 0)
    scores = {
        "the most popular": np.tile(popularity, (500, 1)),
        "played together": seen @ together,
        "played together,\nmore than by chance": seen
        @ (together / np.sqrt(np.outer(popularity, popularity) + 1e-9)),
    }
    with sheet(
        "Three kinds of lists. The most popular films gain least and show few films; films played "
        "together more often than by chance gain most and show most",
        height=2.6,
    ) as page:
        gains, shown = page.figure.subplots(1, 2, sharey=True)
        for row, score in enumerate(scores.values()):
            score = np.where(made.seen, -np.inf, score)  # noqa: PLW2901 - what is left to play
            lists = np.argsort(-score, axis=1, kind="stable")[:, :N]
            colour = (MUTED, TWO, ONE)[row]
            tell(gains, row, gain(lists, made.later), colour, "{:.2f}")
            tell(shown, row, len(np.unique(lists)), colour, "{:.0f}")
        gains.set_yticks(range(3), list(scores))
        gains.invert_yaxis()
        gains.set_title("gain (NDCG)", color=INK, fontsize=10)
        shown.set_title("films that anybody gets, of 80", color=INK, fontsize=10)
        for axes in (gains, shown):
            axes.set_xticks([])
            axes.grid(visible=False)
            axes.spines["bottom"].set_visible(False)
    return standalone(page)


def tell(axes: object, row: int, value: float, colour: str, how: str) -> None:
    """Draw a bar, and write its value."""
    axes.barh(row, value, color=colour, height=0.6)  # type: ignore[attr-defined]
    axes.text(  # type: ignore[attr-defined]
        value, row, " " + how.format(value), va="center", fontsize=10, color=INK
    )
    right = axes.get_xlim()[1]  # type: ignore[attr-defined]
    axes.set_xlim(0, max(right, 1.25 * value))  # type: ignore[attr-defined]


def gain(lists: NDArray[np.int64], later: NDArray[np.bool_]) -> float:
    """Return the mean NDCG."""
    worth = 1 / np.log2(np.arange(2, N + 2))
    hit = np.take_along_axis(later, lists, axis=1)
    best = np.array([worth[:count].sum() for count in later.sum(axis=1)])
    return float(((hit * worth).sum(axis=1) / best).mean())

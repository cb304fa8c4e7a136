"""What two set-ups promise of columns of noise."""

import numpy as np
from numpy.typing import NDArray

from curriculum.author.sheet import INK, MUTED, ONE, TWO, sheet, standalone

ROWS, COLUMNS, CHOSEN, TABLES, FOLDS = 80, 400, 10, 150, 5
Array = NDArray[np.float64]


def draw() -> str:
    """Draw two histograms of estimates; the truth is one half."""
    chance = np.random.default_rng(4)
    honest, leaking = [], []
    for _ in range(TABLES):
        X = chance.standard_normal((ROWS, COLUMNS))
        y = chance.permutation(np.arange(ROWS) % 2) * 2.0 - 1.0
        folds = np.arange(ROWS) % FOLDS
        every = choose(X, y)
        honest.append(np.mean([judge(X, y, folds == f, None) for f in range(FOLDS)]))
        leaking.append(np.mean([judge(X, y, folds == f, every) for f in range(FOLDS)]))
    with sheet(
        "Histograms of promised accuracy on 150 tables of pure noise. With columns chosen inside "
        "each fold the promises lie around one half; with columns chosen beforehand by all rows "
        "they lie around 0.8"
    ) as page:
        axes = page.axes
        bins = np.linspace(0.2, 1, 41).tolist()
        axes.hist(honest, bins, color=ONE, alpha=0.75)
        axes.hist(leaking, bins, color=TWO, alpha=0.75)
        top = axes.get_ylim()[1]
        axes.set_ylim(0, 1.4 * top)
        axes.axvline(0.5, ymax=0.74, color=INK, linewidth=1.2)
        axes.text(0.5, 1.07 * top, "the truth", color=MUTED, ha="center")
        axes.text(0.39, 1.24 * top, "columns chosen\nin each fold", color=ONE, ha="center")
        middle = float(np.mean(leaking))
        axes.text(middle, 1.24 * top, "columns chosen\nbeforehand", color=TWO, ha="center")
        axes.set_yticks([])
        axes.grid(visible=False)
        axes.set_xlabel("promised accuracy, on columns that know nothing", color=INK)
    return standalone(page)


def choose(X: Array, y: Array) -> NDArray[np.intp]:
    """Return the places of the columns that have most to do with y in these rows."""
    return np.argsort(-np.abs((X - X.mean(axis=0)).T @ (y - y.mean())))[:CHOSEN]


def judge(X: Array, y: Array, out: NDArray[np.bool_], chosen: NDArray[np.intp] | None) -> float:
    """Learn the direction between the classes without some rows, and ask about these."""
    places = choose(X[~out], y[~out]) if chosen is None else chosen
    known, asked = X[~out][:, places], X[out][:, places]
    high, low = known[y[~out] > 0].mean(axis=0), known[y[~out] < 0].mean(axis=0)
    told = np.sign((asked - (high + low) / 2) @ (high - low))
    return float(np.mean(told == y[out]))

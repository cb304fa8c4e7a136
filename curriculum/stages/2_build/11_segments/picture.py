"""The same customers grouped twice: as the numbers stand, and with every column on one scale."""

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.preprocessing import StandardScaler

from curriculum.author.sheet import INK, ONE, THREE, TWO, sheet, standalone
from curriculum.material.segments import segments

Array = NDArray[np.float64]


def draw() -> str:
    """Draw usage and bill; colours are segments."""
    made = segments(150, seed=3, groups=3)
    days = np.random.default_rng(3).integers(0, 3000, 150).astype(float)
    X = np.column_stack([made.X.to_numpy(), days])
    with sheet(
        "Usage and bill of 150 customers. On the left the segments lie across the three groups "
        "that can be seen, because days decided; on the right segments and groups are the same",
        height=3.1,
    ) as page:
        left, right = page.figure.subplots(1, 2, sharey=True)
        fill(left, X, X, "as the numbers stand")
        fill(right, X, StandardScaler().fit_transform(X), "every column on one scale")
        left.set_ylabel("monthly bill, euros")
    return standalone(page)


def fill(axes: Axes, X: Array, seen: Array, title: str) -> None:
    """Draw the segments that k-means finds in what it sees."""
    found = KMeans(3, n_init=5, random_state=0).fit_predict(seen)
    for segment, (colour, marker) in enumerate(((ONE, "o"), (TWO, "s"), (THREE, "^"))):
        own = X[found == segment]
        axes.scatter(own[:, 0], own[:, 2], s=14, marker=marker, color=colour, linewidths=0)
    axes.set_title(title, color=INK, fontsize=10)
    axes.set_xlabel("usage, hours a month")

"""What a network says of a ring around a disc: with no, three and twelve hidden units."""

from typing import cast

import numpy as np
from contourpy import contour_generator
from matplotlib.axes import Axes
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

from curriculum.author.sheet import INK, ONE, TWO, sheet, standalone

Array = NDArray[np.float64]
REACH = 2.2


def draw() -> str:
    """Draw the same 120 rows three times, with each model's border."""
    chance = np.random.default_rng(10)
    side = np.arange(120) % 2
    radius = np.where(side == 1, chance.uniform(1.3, 2.0, 120), chance.uniform(0, 1.0, 120))
    angle = chance.uniform(0, 2 * np.pi, 120)
    X = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
    models = {
        "no hidden layer": LogisticRegression(),
        "2 hidden units": make_network(2),
        "12 hidden units": make_network(12),
    }
    with sheet(
        "A ring of rows around a disc of rows. Without a hidden layer the border is a line; with "
        "two hidden units it is open to one side; with twelve it closes around the disc",
        height=2.7,
    ) as page:
        for axes, (name, model) in zip(page.figure.subplots(1, 3), models.items(), strict=True):
            model.fit(X, side)
            fill(axes, X, side, model.predict_proba)
            axes.set_title(f"{name}: {model.score(X, side):.0%} right", color=INK, fontsize=10)
    return standalone(page)


def make_network(hidden: int) -> MLPClassifier:
    """Return a network like the one of this exercise.

    With a penalty on its weights, so that every machine draws the same border.
    """
    return MLPClassifier(
        (hidden,), activation="tanh", solver="lbfgs", alpha=1e-2, max_iter=2000, random_state=1
    )


def fill(axes: Axes, X: Array, side: NDArray[np.int64], predict_proba: object) -> None:
    """Draw the rows, and the border where a model says one half."""
    for value, colour in ((0, ONE), (1, TWO)):
        own = X[side == value]
        axes.scatter(own[:, 0], own[:, 1], s=9, color=colour, linewidths=0)
    steps = np.linspace(-REACH, REACH, 60)
    across, up = np.meshgrid(steps, steps)
    grid = np.column_stack([across.ravel(), up.ravel()])
    said = predict_proba(grid)[:, 1].reshape(across.shape)  # type: ignore[operator]
    for border in cast("list[Array]", contour_generator(across, up, said).lines(0.5)):
        axes.plot(*border.T, color=INK, linewidth=1.4)
    axes.set_xlim(-REACH, REACH)
    axes.set_ylim(-REACH, REACH)
    axes.set_aspect("equal")
    axes.set_xticks([])
    axes.set_yticks([])

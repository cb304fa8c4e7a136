"""Rows planted where an export is most likely to lie: at thresholds, and at what is missing."""

import numpy as np
from numpy.typing import NDArray

from core.inputs import ModelInputs
from core.values import LARGEST_FLOAT32
from training.model.candidates import FittedModel
from training.model.trees import floor_float32, read_trees

MAX_EDGES = 2000
_UNSEEN = "a category that was never seen"
_QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)


def plant_rows(model: FittedModel, training: ModelInputs) -> ModelInputs:
    """Return rows that stand on the model's edges.

    Parameters
    ----------
    training : ModelInputs
        Of n rows, n at least 1: planted rows are copies of these with one value changed.

    Returns
    -------
    ModelInputs
        For every edge (a tree's threshold, a quantile of the training rows) the float32 on it,
        just below and just above; for every column a missing value; for every string column a
        category that was never seen. At most `MAX_EDGES` edges, evenly chosen.
    """
    columns, values = _find_places(model, training.numeric)
    width = training.strings.shape[1]
    count = len(columns) + 2 * width
    chosen = np.arange(count) % len(training)
    numeric = training.numeric[chosen]
    numeric[np.arange(len(columns)), columns] = values
    strings = training.strings[chosen]
    for place in range(width):
        strings[len(columns) + 2 * place, place] = ""
        strings[len(columns) + 2 * place + 1, place] = _UNSEEN
    return ModelInputs(numeric, strings)


def _find_places(
    model: FittedModel, numeric: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return (column, value) of every planted number: on each edge, beside it, and missing."""
    edges = np.array(
        sorted({*_quantile_edges(numeric), *_tree_edges(model)}), dtype=np.float64
    ).reshape(-1, 2)
    if len(edges) > MAX_EDGES:
        edges = edges[np.linspace(0, len(edges) - 1, MAX_EDGES).astype(np.int64)]
    on = floor_float32(edges[:, 1])
    # Not beyond what a model is ever asked: infinities are refused.
    ends = (np.float32(-LARGEST_FLOAT32), np.float32(LARGEST_FLOAT32))
    beside = [np.nextafter(on, end) for end in ends]
    every = np.arange(numeric.shape[1])
    missing = np.full(len(every), np.nan, dtype=np.float32)
    columns = np.concatenate([np.tile(edges[:, 0].astype(np.int64), 3), every])
    return columns, np.concatenate([on, *beside, missing])


def _quantile_edges(numeric: NDArray[np.float32]) -> list[tuple[int, float]]:
    known = [column[~np.isnan(column)] for column in numeric.T]
    return [
        (place, float(edge))
        for place, column in enumerate(known)
        if column.size
        for edge in np.quantile(column.astype(np.float64), _QUANTILES)  # which overflows in float32
    ]


def _tree_edges(model: FittedModel) -> list[tuple[int, float]]:
    trees = read_trees(model.estimator)
    if trees is None:
        return []
    # The numbers come first among the features, as they are.
    known: list[int] = next(
        (columns for name, _, columns in model.pipeline["features"].columns_.transformers_
         if name == "numbers"), []
    )  # fmt: skip
    wanted = trees.inner & np.isfinite(trees.threshold) & (trees.feature < len(known))
    places = np.array(known, dtype=np.int64)[trees.feature[wanted]].tolist()
    return list(zip(places, trees.threshold[wanted].tolist(), strict=True))

"""The training distribution in fixed bins, small enough to travel inside a bundle's manifest."""

from collections import Counter
from typing import TYPE_CHECKING, Final, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, model_validator

if TYPE_CHECKING:
    from core.contract import Contract
    from core.inputs import ModelInputs

BINS: Final = 10
MAX_LEVELS: Final = 20
_SUM_TOLERANCE: Final = 1e-6


class _Profile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class NumericBins(_Profile):
    """How the values of one numeric or boolean column (or of the model's score) are spread.

    Attributes
    ----------
    edges
        Strictly increasing. Bin i holds the values in (edges[i-1], edges[i]]; the first bin is
        open below, the last above.
    shares
        Share of all rows in each bin; one more than there are edges.
    missing_share
        Share of all rows that have no value. `shares` and this sum to 1.
    """

    column: str
    edges: tuple[float, ...]
    shares: tuple[float, ...]
    missing_share: float

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if len(self.shares) != len(self.edges) + 1:
            raise ValueError("shares must have one entry more than edges")
        if any(high <= low for low, high in zip(self.edges, self.edges[1:], strict=False)):
            raise ValueError("edges must be strictly increasing")
        _check_shares(self.vector())
        return self

    def vector(self) -> NDArray[np.float64]:
        """Shares of shape (len(edges) + 2,): the bins, then missing."""
        return np.array([*self.shares, self.missing_share])

    def measure(self, values: ArrayLike) -> NDArray[np.float64]:
        """Count other values in the same bins: shares of shape (len(edges) + 2,).

        Values that are not finite count as missing. No rows at all give zeros.
        """
        return _bin_shares(self.edges, np.asarray(values, dtype=np.float64))


class CategoryShares(_Profile):
    """How often each level of one categorical column was seen.

    Attributes
    ----------
    levels
        The most frequent levels, at most 20, most frequent first.
    shares
        Share of all rows with each level.
    other_share, missing_share
        Share of all rows with any other level, and with none. All of them sum to 1.
    """

    column: str
    levels: tuple[str, ...]
    shares: tuple[float, ...]
    other_share: float
    missing_share: float

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if len(self.shares) != len(self.levels):
            raise ValueError("shares must have one entry for each level")
        if len(set(self.levels)) != len(self.levels):
            raise ValueError("levels must be distinct")
        _check_shares(self.vector())
        return self

    def vector(self) -> NDArray[np.float64]:
        """Shares of shape (len(levels) + 2,): the levels, then other, then missing."""
        return np.array([*self.shares, self.other_share, self.missing_share])

    def measure(self, values: NDArray[np.object_]) -> NDArray[np.float64]:
        """Count other values by the same levels: shares of shape (len(levels) + 2,).

        Levels that were not seen in training are counted as other, "" as missing. No rows at all
        give zeros.
        """
        return _level_shares(Counter(values.tolist()), self.levels, rows=len(values))


class ReferenceProfile(_Profile):
    """The training distribution of every model input and of the model's score.

    Attributes
    ----------
    texts
        Of each free text the number of its words.
    output
        The score of each row: probability of the positive class (binary), the largest
        probability (multiclass), or the prediction (regression).
    """

    rows: int
    numeric: tuple[NumericBins, ...]
    categorical: tuple[CategoryShares, ...]
    texts: tuple[NumericBins, ...] = ()
    output: NumericBins


def build_profile(
    contract: "Contract", inputs: "ModelInputs", scores: ArrayLike
) -> ReferenceProfile:
    """Describe the rows that a model was trained on, in bins that live rows can be counted in.

    Parameters
    ----------
    inputs
        The model inputs of n rows, n at least 1.
    scores : array-like of shape (n,)
        The model's score for each of them; see `ReferenceProfile.output`.

    Returns
    -------
    ReferenceProfile
        Independent of the order of the rows.
    """
    rows = len(inputs)
    score_values = np.asarray(scores, dtype=np.float64)
    if rows == 0 or score_values.shape != (rows,):
        raise ValueError(f"{rows} rows need scores of shape ({rows},), not {score_values.shape}.")
    return ReferenceProfile(
        rows=rows,
        numeric=tuple(
            _bin_column(column.name, inputs.numeric[:, place], boolean=column.kind == "boolean")
            for place, column in enumerate(contract.numeric_columns)
        ),
        categorical=tuple(
            _count_levels(column.name, inputs.strings[:, place])
            for place, column in enumerate(contract.categorical_columns)
        ),
        texts=tuple(
            _bin_column(column.name, count_words(inputs.strings[:, place]), boolean=False)
            for place, column in enumerate(
                contract.text_columns, start=len(contract.categorical_columns)
            )
        ),
        output=_bin_column("output", score_values, boolean=False),
    )


def count_words(texts: NDArray[np.object_]) -> NDArray[np.float64]:
    """Return the number of words of each text, NaN where it is missing."""
    return np.array([len(text.split()) or np.nan for text in texts.tolist()], np.float64)


def _bin_column(column: str, values: NDArray[np.floating], *, boolean: bool) -> NumericBins:
    x = np.asarray(values, dtype=np.float64)
    edges = (0.5,) if boolean else _choose_edges(np.sort(x[np.isfinite(x)]))
    *shares, missing = _bin_shares(edges, x).tolist()
    return NumericBins(column=column, edges=edges, shares=tuple(shares), missing_share=missing)


def _choose_edges(ordered: NDArray[np.float64]) -> tuple[float, ...]:
    """Cut sorted values into at most 2 * BINS - 1 bins at their own quantiles.

    A value so frequent that several quantiles fall on it (zeros, a cap) gets a bin of its own:
    without the edges just below it and at it, rows could leave it unseen.
    """
    if ordered.size == 0:
        return ()
    if ordered[0] == ordered[-1]:
        only = float(ordered[0])
        return (float(np.nextafter(only, -np.inf)), only)
    ranks = np.ceil(np.arange(1, BINS) / BINS * ordered.size).astype(int) - 1
    quantiles, repeats = np.unique(ordered[ranks], return_counts=True)
    is_atom = repeats > 1
    below = np.searchsorted(ordered, quantiles[is_atom], side="left") - 1
    # Above the largest value is nothing to cut off, unless it is one that rows could leave.
    kept = quantiles[is_atom | (quantiles < ordered[-1])]
    return tuple(np.union1d(kept, ordered[below[below >= 0]]).tolist())


def _bin_shares(edges: tuple[float, ...], values: NDArray[np.float64]) -> NDArray[np.float64]:
    present = values[np.isfinite(values)]
    # side="left": a value equal to an edge belongs to the bin below it.
    places = np.searchsorted(np.array(edges), present, side="left")
    counts = np.bincount(places, minlength=len(edges) + 1)
    return np.append(counts, values.size - present.size) / max(values.size, 1)


def _count_levels(column: str, values: NDArray[np.object_]) -> CategoryShares:
    counts = Counter(values.tolist())
    # Ties are broken by name: the same rows in another order must give the same profile.
    ranked = sorted((level for level in counts if level), key=lambda level: (-counts[level], level))
    levels = tuple(ranked[:MAX_LEVELS])
    *shares, other, missing = _level_shares(counts, levels, rows=len(values)).tolist()
    return CategoryShares(
        column=column, levels=levels, shares=tuple(shares), other_share=other, missing_share=missing
    )


def _level_shares(
    counts: Counter[str], levels: tuple[str, ...], *, rows: int
) -> NDArray[np.float64]:
    known = [counts[level] for level in levels]
    missing = counts[""]
    return np.array([*known, rows - sum(known) - missing, missing]) / max(rows, 1)


def _check_shares(shares: NDArray[np.float64]) -> None:
    if shares.min() < 0 or abs(shares.sum() - 1) > _SUM_TOLERANCE:
        raise ValueError("shares must be at least 0 and sum to 1")

"""How far live inputs and outputs have moved from the training distribution."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.profile import CategoryShares, NumericBins, ReferenceProfile, count_words

if TYPE_CHECKING:
    from core.inputs import ModelInputs

MIN_ROWS: Final = 100
"""Below this many live rows there is no verdict: chance alone moves small samples too far."""


@dataclass(frozen=True, slots=True)
class DriftReport:
    """What `measure_drift` found. The numbers are population stability indices, 0 or more.

    Attributes
    ----------
    rows
        Live rows compared.
    columns
        Model input to its index.
    output
        The index of the model's score.
    largest
        The largest of all of them.
    largest_column
        The input it belongs to; None when the score moved most.
    """

    rows: int
    columns: dict[str, float]
    output: float
    largest: float
    largest_column: str | None

    @property
    def has_verdict(self) -> bool:
        """Whether there are enough rows (`MIN_ROWS`) to act on the numbers."""
        return self.rows >= MIN_ROWS


def population_stability_index(
    expected: ArrayLike, observed: ArrayLike, *, smoothing: float = 1e-4
) -> float:
    """Measure how far one distribution over fixed bins is from another.

    PSI = Σ (oᵢ - eᵢ) · ln(oᵢ / eᵢ). By convention below 0.1 is stable, 0.1 to 0.25 is a moderate
    shift and 0.25 or more is a large one.

    Parameters
    ----------
    expected, observed : array-like of shape (bins,)
        Shares that sum to 1.
    smoothing
        Added to every share before both are scaled to sum to 1 again: an empty bin would
        otherwise make the index infinite.

    Returns
    -------
    float
        At least 0; 0 for identical shares; the same when the two change places.

    References
    ----------
    Siddiqi, N. (2006), "Credit Risk Scorecards", Wiley (the index and its rule of thumb).
    It is the symmetric form of Kullback and Leibler (1951), "On information and sufficiency",
    Annals of Mathematical Statistics 22(1).

    Examples
    --------
    >>> population_stability_index([0.5, 0.5], [0.5, 0.5])
    0.0
    >>> round(population_stability_index([0.5, 0.5], [0.9, 0.1]), 2)
    0.88
    """
    e = np.asarray(expected, dtype=np.float64) + smoothing
    o = np.asarray(observed, dtype=np.float64) + smoothing
    e, o = e / e.sum(), o / o.sum()
    return float(np.sum((o - e) * np.log(o / e)))


def measure_drift(
    profile: ReferenceProfile, inputs: "ModelInputs", scores: ArrayLike
) -> DriftReport:
    """Compare live rows with the profile of the rows that the model was trained on.

    Each index is what is left of the population stability index after the part that chance alone
    is expected to make: two samples of n and m rows from *one* distribution over B bins have an
    index of (B - 1) · (1/n + 1/m) on average, which for 100 rows and 20 bins is already 0.19.

    Parameters
    ----------
    inputs
        n live rows, n at least 1, encoded with the contract that the profile was built with.
    scores : array-like of shape (n,)
        The model's scores for them.

    References
    ----------
    Yurdakul, B. and Naranjo, J. (2020), "Statistical properties of the population stability
    index", Journal of Risk Model Validation 14(4) (the distribution under no change).
    """
    rows = len(inputs)
    score_values = np.asarray(scores, dtype=np.float64)
    if rows == 0 or score_values.shape != (rows,):
        raise ValueError(f"{rows} rows need scores of shape ({rows},), not {score_values.shape}.")
    _check_widths(profile, inputs)
    observed: list[tuple[NumericBins | CategoryShares, NDArray[np.float64]]] = [
        *((part, part.measure(inputs.numeric[:, i])) for i, part in enumerate(profile.numeric)),
        *((part, part.measure(inputs.strings[:, i])) for i, part in enumerate(profile.categorical)),
        *(
            (part, part.measure(count_words(inputs.strings[:, i])))
            for i, part in enumerate(profile.texts, start=len(profile.categorical))
        ),
    ]
    columns = {part.column: _excess(profile, part, shares, rows) for part, shares in observed}
    output = _excess(profile, profile.output, profile.output.measure(score_values), rows)
    column = max(columns, key=columns.__getitem__, default=None)
    if column is None or output > columns[column]:
        return DriftReport(rows, columns, output, largest=output, largest_column=None)
    return DriftReport(rows, columns, output, largest=columns[column], largest_column=column)


def _excess(
    profile: ReferenceProfile,
    part: NumericBins | CategoryShares,
    observed: NDArray[np.float64],
    rows: int,
) -> float:
    expected = part.vector()
    # Half a row in every bin: an unseen level weighs little in a small sample, more in a large one.
    raw = population_stability_index(expected, observed, smoothing=0.5 / rows)
    bins = int(np.count_nonzero(expected + observed))
    by_chance = (bins - 1) * (1 / rows + 1 / profile.rows)
    return max(0.0, raw - by_chance)


def _check_widths(profile: ReferenceProfile, inputs: "ModelInputs") -> None:
    found = (inputs.numeric.shape[1], inputs.strings.shape[1])
    promised = (len(profile.numeric), len(profile.categorical) + len(profile.texts))
    if found != promised:
        raise ValueError(
            f"The profile has {promised[0]} numeric and {promised[1]} text columns, "
            f"the rows have {found[0]} and {found[1]}: they follow different contracts."
        )

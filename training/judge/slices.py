"""How good a model is for some rows: each category, the quarters of each number, what is missing.

One average hides whom it is wrong about. Slices are listed worst first, by the lower end of the
interval of their loss, so that a few unlucky rows do not lead.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.contract import Column, Contract
from core.inputs import ModelInputs
from core.metrics import row_losses
from training.data.reports import Fairness
from training.data.runs import Slice
from training.judge.classes import choose_classes
from training.judge.resample import draw_weights
from training.judge.score import Holdout
from training.judge.shares import find_share_interval

MIN_ROWS: Final = 10
"""Slices with fewer rows are not listed: nothing can be said about them."""

MAX_LEVELS: Final = 20
"""Of a column with more categories, the most frequent are listed."""

_QUARTERS: Final = (0.25, 0.5, 0.75)
_STANDARD_ERRORS: Final = 3.0
_MISSING: Final = "missing"
_MEAN_ERROR: Final = "mean_error"
# As fairlearn defines them; the worse of the two rates counts for equalized odds.
_FAIRNESS: Final = {
    "demographic_parity": ("selection_rate",),
    "equal_opportunity": ("true_positive_rate",),
    "equalized_odds": ("true_positive_rate", "false_positive_rate"),
}

_Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Answered:
    """A holdout with the answers of the candidate and of the baseline, and what each row cost."""

    holdout: Holdout
    inputs: ModelInputs
    answers: NDArray[np.float64]
    baseline: NDArray[np.float64]

    @property
    def losses(self) -> NDArray[np.float64]:
        """The loss of each row, shape (n,)."""
        return row_losses(self.holdout.task, self.answers, self.holdout.target)


def slice_holdout(contract: Contract, answered: Answered) -> tuple[Slice, ...]:
    """Measure every slice of at least `MIN_ROWS` rows, worst first."""
    masks = [
        (column, value, mask)
        for column, value, mask in _find_slices(contract, answered.inputs)
        if mask.sum() >= MIN_ROWS
    ]
    if not masks:
        return ()
    losses = answered.losses
    excess = losses - row_losses(answered.holdout.task, answered.baseline, answered.holdout.target)
    intervals = _resample(answered, [mask for _, _, mask in masks], losses)
    sensitive = {column.name for column in contract.columns if column.sensitive}
    found = [
        Slice(
            column=column,
            value=value,
            rows=int(mask.sum()),
            loss=float(losses[mask].mean()),
            low=low,
            high=high,
            excess=_find_sure_excess(losses[mask], excess[mask]),
            rates={name: hits / among for name, (hits, among) in rates.items()},
            rate_intervals=_find_rate_intervals(rates) if column in sensitive else {},
        )
        for (column, value, mask), (low, high) in zip(masks, intervals, strict=True)
        for rates in (_count_rates(answered, mask),)
    ]
    return tuple(sorted(found, key=lambda each: (-each.low, each.column, each.value)))


def compare_groups(contract: Contract, slices: tuple[Slice, ...]) -> tuple[Fairness, ...]:
    """Compare the groups of each sensitive column; the rates are those of its slices."""
    sensitive = [column.name for column in contract.columns if column.sensitive]
    found = []
    for name in sensitive:
        groups = [each for each in slices if each.column == name and each.value != _MISSING]
        if len(groups) >= 2:
            found.append(
                Fairness(column=name, groups=len(groups), differences=_find_differences(groups))
            )
    return tuple(found)


def _find_slices(contract: Contract, inputs: ModelInputs) -> Iterator[tuple[str, str, _Mask]]:
    for place, column in enumerate(contract.numeric_columns):
        for value, mask in _cut_numbers(column, inputs.numeric[:, place]):
            yield column.name, value, mask
    for place, column in enumerate(contract.string_columns):
        if column.kind != "categorical":
            continue  # hardly two rows have the same text
        texts = inputs.strings[:, place]
        counts = Counter(texts.tolist())
        ranked = sorted(counts, key=lambda level: (-counts[level], level))
        for level in ranked[:MAX_LEVELS]:
            yield column.name, level or _MISSING, texts == level


def _cut_numbers(column: Column, values: NDArray[np.float32]) -> Iterator[tuple[str, _Mask]]:
    missing = np.isnan(values)
    yield _MISSING, missing
    if column.kind == "boolean":
        yield "false", values == 0
        yield "true", values == 1
        return
    known = values[~missing]
    edges = np.unique(np.quantile(known, _QUARTERS, method="lower")) if known.size else known
    places = np.searchsorted(edges, values, side="left")
    for place in range(len(edges) + 1):
        yield _name_range(edges, place), (places == place) & ~missing


def _name_range(edges: NDArray[np.floating], place: int) -> str:
    if not edges.size:
        return "any"
    if place == 0:
        return f"up to {edges[0]:.6g}"
    if place == len(edges):
        return f"above {edges[-1]:.6g}"
    return f"above {edges[place - 1]:.6g}, up to {edges[place]:.6g}"


def _resample(
    answered: Answered, masks: list[_Mask], losses: NDArray[np.float64]
) -> list[tuple[float, float]]:
    """Return the interval of each slice's loss, in one matrix product a chunk of resamples."""
    members = np.column_stack(masks).astype(np.float64)
    weighted = members * losses[:, np.newaxis]
    holdout, means = answered.holdout, []
    width = 1 + members.shape[1] // 20
    for weights in draw_weights(len(losses), seed=holdout.seed, groups=holdout.groups, width=width):
        rows = weights @ members
        sums = weights @ weighted
        means.append(np.divide(sums, rows, out=np.full_like(sums, np.nan), where=rows > 0))
    low, high = np.nanpercentile(np.concatenate(means), [2.5, 97.5], axis=0)
    return list(zip(low.tolist(), high.tolist(), strict=True))


def _find_sure_excess(losses: NDArray[np.float64], excess: NDArray[np.float64]) -> float:
    error = float(excess.std(ddof=1)) / np.sqrt(len(excess))
    baseline = float((losses - excess).mean())
    sure = float(excess.mean()) - _STANDARD_ERRORS * error
    return float(sure / max(baseline, float(np.finfo(np.float32).tiny)))


def _count_rates(answered: Answered, mask: _Mask) -> dict[str, tuple[float, int]]:
    """Return each rate of some rows as what is counted, and among how many rows."""
    holdout = answered.holdout
    answers, target = answered.answers[mask], holdout.target[mask]
    if holdout.task == "regression":
        return {_MEAN_ERROR: (float((answers[:, 0] - target).sum()), len(target))}
    said = choose_classes(answers, holdout.threshold)
    if holdout.task == "multiclass":
        return {"accuracy": (float((said == target).sum()), len(target))}
    yes, positive = said == 1, target == 1
    shares = {
        "selection_rate": (yes, np.ones_like(yes)),
        "true_positive_rate": (yes, positive),
        "false_positive_rate": (yes, ~positive),
        "precision": (positive, yes),
    }
    return {
        name: (float((of & among).sum()), int(among.sum()))
        for name, (of, among) in shares.items()
        if among.any()
    }


def _find_rate_intervals(rates: dict[str, tuple[float, int]]) -> dict[str, tuple[float, float]]:
    return {
        name: find_share_interval(hits, among)
        for name, (hits, among) in rates.items()
        if name != _MEAN_ERROR
    }


def _find_differences(groups: list[Slice]) -> dict[str, float]:
    """Compare each rate between the groups that have it: no positives, no true positive rate."""
    ends = {
        name: (min(rates), max(rates))
        for name in sorted({name for each in groups for name in each.rates})
        if len(rates := [each.rates[name] for each in groups if name in each.rates]) > 1
    }
    found = {name: high - low for name, (low, high) in ends.items()}
    for measure, names in _FAIRNESS.items():
        compared = [ends[name] for name in names if name in ends]
        if len(compared) == len(names):
            found[f"{measure}_difference"] = max(high - low for low, high in compared)
            found[f"{measure}_ratio"] = min(low / high if high else 1.0 for low, high in compared)
    return found

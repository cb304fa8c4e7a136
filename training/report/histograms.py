"""Two reference profiles in the same bins, so that one picture shows what has changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.drift import population_stability_index
from core.profile import CategoryShares, NumericBins, ReferenceProfile
from training.report.blocks import tell_number

BINS: Final = 10
_SMOOTHING: Final = 1e-3


@dataclass(frozen=True, slots=True)
class Histogram:
    """Shares of the training rows of one column, now and before.

    Attributes
    ----------
    labels : tuple of str
        What each bin holds.
    edges : tuple of float
        Between the inner bins of numbers; the first and the last bin are open. Empty for
        categories.
    before : tuple of float or None
        None where the other profile has no such column.
    change : float or None
        Population stability index between the two.
    """

    column: str
    labels: tuple[str, ...]
    edges: tuple[float, ...]
    now: tuple[float, ...]
    before: tuple[float, ...] | None = None
    change: float | None = None


def compare_profiles(
    now: ReferenceProfile, before: ReferenceProfile | None
) -> tuple[Histogram, ...]:
    """Return a histogram of every column of `now`, the most changed first, the score at the end."""
    olds: dict[str, NumericBins | CategoryShares] = {}
    if before is not None:
        olds = {part.column: part for part in _list_parts(before)}
    found = [_compare(part, olds.get(part.column)) for part in _list_parts(now)]
    ranked = sorted(found, key=lambda each: -(each.change or 0.0))
    output = _compare(now.output, before.output if before else None)
    return (*ranked, output)


def _list_parts(profile: ReferenceProfile) -> list[NumericBins | CategoryShares]:
    return [*profile.numeric, *profile.texts, *profile.categorical]


def _compare(
    now: NumericBins | CategoryShares, before: NumericBins | CategoryShares | None
) -> Histogram:
    if isinstance(now, CategoryShares):
        return _compare_levels(now, before if isinstance(before, CategoryShares) else None)
    return _compare_numbers(now, before if isinstance(before, NumericBins) else None)


def _compare_levels(now: CategoryShares, before: CategoryShares | None) -> Histogram:
    levels = now.levels
    old = None
    if before is not None:
        levels += tuple(level for level in before.levels if level not in now.levels)
        old = _spread_levels(before, levels)
    labels = (*levels, "all others", "missing")
    return _conclude(now.column, labels, (), _spread_levels(now, levels), old)


def _spread_levels(part: CategoryShares, levels: tuple[str, ...]) -> NDArray[np.float64]:
    shares = dict(zip(part.levels, part.shares, strict=True))
    known = [shares.get(level, 0.0) for level in levels]
    return np.array([*known, part.other_share, part.missing_share])


def _compare_numbers(now: NumericBins, before: NumericBins | None) -> Histogram:
    if now.edges == (0.5,) and (before is None or before.edges == (0.5,)):
        labels: tuple[str, ...] = ("false", "true", "missing")
        old = None if before is None else before.vector()
        return _conclude(now.column, labels, (), now.vector(), old)
    edges = _choose_edges([now, before] if before else [now])
    texts = [tell_number(edge) for edge in edges]
    labels = (
        *((f"up to {texts[0]}", *(f"to {text}" for text in texts[1:]), f"above {texts[-1]}")
          if texts else ("any",)),
        "missing",
    )  # fmt: skip
    old = None if before is None else _spread_numbers(before, edges)
    return _conclude(now.column, labels, tuple(edges), _spread_numbers(now, edges), old)


def _choose_edges(parts: Sequence[NumericBins]) -> list[float]:
    """Cut the range in which all profiles have edges into equal parts.

    Beyond its outermost edges a profile only knows how many rows there are.
    """
    known = [part.edges for part in parts if part.edges]
    if not known:
        return []
    low, high = max(edges[0] for edges in known), min(edges[-1] for edges in known)
    if low >= high:  # the two share nothing
        return sorted({low, high})
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        return [high]
    if all(float(edge).is_integer() for edges in known for edge in edges):
        step = max(1.0, np.ceil((high - low) / BINS))
        return [*np.arange(low, high, step).tolist(), high]
    return [float(edge) for edge in np.linspace(low, high, BINS + 1)]


def _spread_numbers(part: NumericBins, edges: list[float]) -> NDArray[np.float64]:
    """Return shares in other bins; within one of the profile's bins, rows are spread evenly."""
    total = 1 - part.missing_share
    if not edges or not part.edges:
        return np.array([0.0] * len(edges) + [total, part.missing_share])
    risen = np.cumsum(part.shares)[:-1]
    below = np.interp(edges, part.edges, risen, left=0.0, right=total)
    shares = np.diff(below, prepend=0.0, append=total)
    return np.append(np.maximum(shares, 0.0), part.missing_share)


def _conclude(
    column: str,
    labels: tuple[str, ...],
    edges: tuple[float, ...],
    now: NDArray[np.float64],
    before: NDArray[np.float64] | None,
) -> Histogram:
    return Histogram(
        column=column,
        labels=labels,
        edges=edges,
        now=tuple(now.tolist()),
        before=None if before is None else tuple(before.tolist()),
        change=None
        if before is None
        else population_stability_index(before, now, smoothing=_SMOOTHING),
    )

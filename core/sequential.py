"""Tests that may be looked at after every row, with no price for looking.

A usual interval holds for one look at a size fixed before. Whoever looks every day and stops at
the first success finds one nearly always. A *confidence sequence* holds at all times at once: the
chance that it is ever wrong, however often it is looked at and whenever one stops, is at most
`alpha`.

References
----------
Howard, S. R., Ramdas, A., McAuliffe, J. and Sekhon, J. (2021), "Time-uniform, nonparametric,
nonasymptotic confidence sequences", The Annals of Statistics 49(2): what they are, and why.
"""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

_LARGEST_BET = 0.5
_TUNED_FOR = 1000
MIN_ROWS = 100
"""Rows from which `asymptotic_sequence` may be trusted, as it relies on large samples."""


class Bounds(NamedTuple):
    """A confidence sequence: after each row the lower and the upper bound, of shape (n,) each."""

    lower: Floats
    upper: Floats


def bounded_sequence(values: ArrayLike, *, alpha: float, largest: float = 1.0) -> Bounds:
    """Bound the mean of values between 0 and `largest`, at all times at once.

    The predictable plug-in empirical Bernstein confidence sequence. For x in [0, 1], with the bets
    λ_i chosen before x_i is seen, the interval after t values is::

        Σ λ_i x_i / Σ λ_i  ±  (log(2/alpha) + Σ v_i ψ(λ_i)) / Σ λ_i
        v_i = 4 (x_i - m_{i-1})²,    ψ(λ) = (-log(1 - λ) - λ) / 4
        λ_t = min(1/2, sqrt(2 log(2/alpha) / (s²_{t-1} t log(1 + t))))
        m_t = (1/2 + Σ x_i) / (t + 1),    s²_t = (1/4 + Σ (x_i - m_i)²) / (t + 1)

    It holds for every sample size: nothing is approximated.

    Parameters
    ----------
    values : array-like of shape (n,)
        In the order in which they became known.
    alpha : float
        The chance of ever being wrong.
    largest : float
        What no value can exceed; none is below 0.

    References
    ----------
    Waudby-Smith, I. and Ramdas, A. (2024), "Estimating means of bounded random variables by
    betting", Journal of the Royal Statistical Society, Series B 86(1), theorem 2.

    Examples
    --------
    >>> bounds = bounded_sequence([0.2, 0.4] * 500, alpha=0.05)
    >>> bool(bounds.lower[-1] < 0.3 < bounds.upper[-1])
    True
    """
    x = np.asarray(values, np.float64) / largest
    if x.ndim != 1 or (x.size and not (x.min() >= 0 and x.max() <= 1)):
        raise ValueError(f"The values must have shape (n,) and lie between 0 and {largest:g}.")
    if not x.size:
        return Bounds(x, x)
    count = np.arange(1, x.size + 1)
    means = (0.5 + np.cumsum(x)) / (count + 1)
    spreads = (0.25 + np.cumsum((x - means) ** 2)) / (count + 1)
    mean_before, spread_before = _shift(means, 0.5), _shift(spreads, 0.25)
    doubt = math.log(2 / alpha)
    bets = np.minimum(np.sqrt(2 * doubt / (spread_before * count * np.log1p(count))), _LARGEST_BET)
    costs = (x - mean_before) ** 2 * (-np.log1p(-bets) - bets)  # v ψ: the fours cancel out
    all_bets = np.cumsum(bets)
    middle = np.cumsum(bets * x) / all_bets
    half_width = (doubt + np.cumsum(costs)) / all_bets
    return _narrow(middle - half_width, middle + half_width, scale=largest, floor=0.0, ceiling=1.0)


def asymptotic_sequence(values: ArrayLike, *, alpha: float) -> Bounds:
    """Bound the mean of values that know no limit, at all times at once, for large samples.

    The interval after t values, with their mean m and standard deviation s::

        m ± s sqrt(2 (t ρ² + 1) / (t² ρ²) log(sqrt(t ρ² + 1) / alpha))
        ρ² = (-2 log alpha + log(1 - 2 log alpha)) / t*

    It is tightest at about t* = 1000 values. As the central limit theorem's interval, it is
    right for large samples only; the first `MIN_ROWS` values are left without bounds.

    Parameters
    ----------
    values : array-like of shape (n,)
        In the order in which they became known.
    alpha : float
        The chance of ever being wrong.

    References
    ----------
    Waudby-Smith, I., Arbour, D., Sinha, R., Kennedy, E. H. and Ramdas, A. (2024), "Time-uniform
    central limit theory and asymptotic confidence sequences", The Annals of Statistics 52(6),
    theorem 2.2.
    """
    x = np.asarray(values, np.float64)
    if not x.size:
        return Bounds(x, x)
    count = np.arange(1, x.size + 1)
    centre = float(x[0])  # against cancellation; the variance is the same
    means = np.cumsum(x - centre) / count
    variances = np.maximum(np.cumsum((x - centre) ** 2) / count - means**2, 0.0)
    rho2 = (-2 * math.log(alpha) + math.log(1 - 2 * math.log(alpha))) / _TUNED_FOR
    grown = count * rho2 + 1
    half_width = np.sqrt(variances * 2 * grown / (count**2 * rho2) * np.log(np.sqrt(grown) / alpha))
    half_width[:MIN_ROWS] = np.inf
    return _narrow(means + centre - half_width, means + centre + half_width)


def subtract(one: Bounds, other: Bounds) -> tuple[float, float]:
    """Bound the mean of `one` less the mean of `other`, at any two sizes.

    If each is ever wrong with a chance of at most alpha/2, this is with at most alpha (Bonferroni).
    """
    if not (one.lower.size and other.lower.size):
        return -math.inf, math.inf
    lower, upper = one.lower[-1] - other.upper[-1], one.upper[-1] - other.lower[-1]
    return float(lower), float(upper)


def mismatch_evidence(counts: Iterable[tuple[float, int, int]]) -> float:
    """Weigh the evidence that the shares of two arms are not those that were wanted.

    For each wanted share p, with a units in the arm and b outside of it, the likelihood of the
    counts averaged over all shares, divided by that under p::

        Beta(a + 1, b + 1) / (p^a (1 - p)^b)

    The product over the shares is a martingale while all is well: the chance that it *ever*
    exceeds 1/alpha is at most alpha. So it may be looked at any time.

    Parameters
    ----------
    counts : iterable of (share, inside, outside)

    Returns
    -------
    float
        1 is no evidence; `math.inf` if the counts are impossible.

    References
    ----------
    Lindon, M. and Malek, A. (2022), "Anytime-valid inference for multinomial count data",
    Advances in Neural Information Processing Systems 35.
    """
    log_evidence = 0.0
    for share, inside, outside in counts:
        if (share <= 0 and inside) or (share >= 1 and outside):
            return math.inf
        if 0 < share < 1:
            total = inside + outside
            log_evidence += math.lgamma(inside + 1) + math.lgamma(outside + 1)
            log_evidence -= math.lgamma(total + 2)
            log_evidence -= inside * math.log(share) + outside * math.log1p(-share)
    return math.exp(log_evidence) if log_evidence < 700 else math.inf  # where a float ends


def _shift(values: Floats, first: float) -> Floats:
    return np.concatenate([[first], values[:-1]])


def _narrow(
    lower: Floats,
    upper: Floats,
    *,
    scale: float = 1.0,
    floor: float = -math.inf,
    ceiling: float = math.inf,
) -> Bounds:
    """Keep the best bounds so far: all hold at once, so their intersection does."""
    best_lower = np.maximum.accumulate(np.maximum(lower, floor)) * scale
    best_upper = np.minimum.accumulate(np.minimum(upper, ceiling)) * scale
    return Bounds(best_lower, best_upper)


def sequence(values: Sequence[float], *, alpha: float, largest: float | None) -> Bounds:
    """Bound a mean at all times; by `bounded_sequence` where a largest value is known."""
    if largest is None:
        return asymptotic_sequence(values, alpha=alpha)
    return bounded_sequence(values, alpha=alpha, largest=largest)

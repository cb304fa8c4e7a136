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

# A bet is best at about 2 log(12 / alpha) / (variance * bet²) values. For losses with a variance of
# 0.05, that is from 400 values for the first of these to 400,000 for the last.
_BETS = 0.8 * 0.5 ** np.arange(6)
_TUNED_FOR = 1000
MIN_ROWS = 100
"""Rows from which `asymptotic_sequence` may be trusted, as it relies on large samples."""

_ROWS_PER_SKEW = 25
"""Cochran's rule: so many times the square of the skewness make a large sample."""


class Bounds(NamedTuple):
    """A confidence sequence: after each row the lower and the upper bound, of shape (n,) each."""

    lower: Floats
    upper: Floats


class Interval(NamedTuple):
    """The bounds after the last row; infinite where nothing can be said."""

    lower: float
    upper: float


def bounded_sequence(values: ArrayLike, *, alpha: float, largest: float = 1.0) -> Bounds:
    """Bound the mean of values between 0 and `largest`, at all times at once.

    An empirical Bernstein confidence sequence. For x in [0, 1], the interval after t values is, for
    that one of six bets λ which makes it narrowest::

        Σ x_i / t  ±  (log(2 * 6 / alpha) + ψ(λ) Σ (x_i - m_{i-1})²) / (λ t)
        ψ(λ) = -log(1 - λ) - λ,    m_t = (1/2 + Σ x_i) / (t + 1)

    It holds for every sample size: nothing is approximated. It holds while the mean drifts, too,
    and then bounds the mean over the t values. That is why all values weigh the same, and why an
    earlier bound does not narrow a later one: two arms that see the same world would otherwise be
    told apart because one has come further in it.

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
    Howard, Ramdas, McAuliffe and Sekhon (2021), theorem 4, where the bound is a line for each λ;
    each of the six has a sixth of `alpha`.

    Examples
    --------
    >>> bounds = bounded_sequence([0.2, 0.4] * 500, alpha=0.05)
    >>> bool(bounds.lower[-1] < 0.3 < bounds.upper[-1])
    True
    """
    x = np.asarray(values, np.float64) / largest
    if x.ndim != 1 or (x.size and not (x.min() >= 0 and x.max() <= 1)):
        raise ValueError(f"The values must have shape (n,) and lie between 0 and {largest:g}.")
    count = np.arange(1, x.size + 1)
    sums = np.cumsum(x)
    guesses = np.concatenate([[0.5], (0.5 + sums[:-1]) / (count[:-1] + 1)])[: x.size]
    spread = np.cumsum((x - guesses) ** 2)
    doubt = math.log(2 * _BETS.size / alpha)
    half_width = np.full(x.size, np.inf)
    for bet in _BETS:
        cost = -math.log1p(-bet) - bet
        half_width = np.minimum(half_width, (doubt + cost * spread) / (bet * count))
    means = sums / count
    return Bounds(
        np.maximum(means - half_width, 0.0) * largest, np.minimum(means + half_width, 1.0) * largest
    )


def asymptotic_sequence(values: ArrayLike, *, alpha: float) -> Bounds:
    """Bound the mean of values that know no limit, at all times at once, for large samples.

    The interval after t values, with their mean m and standard deviation s::

        m ± s sqrt(2 (t ρ² + 1) / (t² ρ²) log(sqrt(t ρ² + 1) / alpha))
        ρ² = (-2 log alpha + log(1 - 2 log alpha)) / t*

    It is tightest at about t* = 1000 values. As the central limit theorem's interval, it is
    right for large samples only; see `find_large` for what is one.

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
    return Bounds(means + centre - half_width, means + centre + half_width)


def find_large(values: ArrayLike) -> float:
    """Return how many values make a large sample of a mean such as theirs.

    A few huge values among many small ones decide a mean, and a sample may have none of them yet.
    `MIN_ROWS` are always needed; more than 25 times the squared skewness, where that is more.

    Parameters
    ----------
    values : array-like of shape (n,)
        Of all arms together, so that one learns from the others what it may still have to expect.

    References
    ----------
    Cochran, W. G. (1977), "Sampling Techniques", 3rd edition, section 2.15.
    """
    x = np.asarray(values, np.float64)
    moved = x - x.mean() if x.size else x
    variance = float(np.mean(moved**2)) if x.size else 0.0
    if not variance:
        return float(MIN_ROWS)
    skewness = float(np.mean((moved / math.sqrt(variance)) ** 3))
    return max(float(MIN_ROWS), _ROWS_PER_SKEW * skewness**2)


def bound_now(
    values: Sequence[float],
    *,
    alpha: float,
    largest: float | None,
    beside: Sequence[float] = (),
) -> Interval:
    """Bound a mean by all values that there are; by nothing where nothing can be said yet.

    Parameters
    ----------
    values : sequence of float
        In the order in which they became known.
    alpha : float
        The chance of ever being wrong, however often this is asked with ever more values.
    largest : float or None
        What no value can exceed; None where there is no such limit.
    beside : sequence of float
        What this mean will be compared with; see `find_large`.
    """
    if not values or (largest is None and len(values) <= find_large([*values, *beside])):
        return Interval(-math.inf, math.inf)
    bounds = (
        asymptotic_sequence(values, alpha=alpha)
        if largest is None
        else bounded_sequence(values, alpha=alpha, largest=largest)
    )
    return Interval(float(bounds.lower[-1]), float(bounds.upper[-1]))


def subtract(one: Interval, other: Interval) -> Interval:
    """Bound the mean of `one` less the mean of `other`, at any two sizes.

    If each is ever wrong with a chance of at most alpha/2, this is with at most alpha (Bonferroni).
    """
    return Interval(one.lower - other.upper, one.upper - other.lower)


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

"""The interval of a share, which is not symmetric and never leaves 0 to 1."""

import numpy as np

_NORMAL = 1.959963984540054  # 97.5% of a normal distribution are below


def find_share_interval(hits: float, rows: float) -> tuple[float, float]:
    """Return the 95% interval of ``hits / rows``, rows at least 1.

    Wilson, E. (1927), "Probable inference, the law of succession, and statistical inference",
    JASA 22. Unlike the interval of a normal distribution it is right near 0 and 1, too.
    """
    share, square = hits / rows, _NORMAL**2
    middle = share + square / (2 * rows)
    half = _NORMAL * np.sqrt(share * (1 - share) / rows + square / (4 * rows**2))
    scale = 1 + square / rows
    # At 0 and 1 the ends are the share itself, but for rounding.
    low, high = float((middle - half) / scale), float((middle + half) / scale)
    return (min(low, share) if hits else 0.0), (max(high, share) if hits < rows else 1.0)

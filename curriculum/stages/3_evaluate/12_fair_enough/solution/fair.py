"""Ask whether a model treats groups of people alike, and what it would cost."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Flags = NDArray[np.bool_]
ERRORS = 3.5


def audit(
    groups: Sequence[str], left: NDArray[np.int64], scores: NDArray[np.float64], threshold: float
) -> dict[str, Any]:
    """Measure a rule's rates for each group, and what equal recall would cost; see the starter."""
    people, leaves = np.array(groups), left == 1
    flagged = scores >= threshold
    # Whom each rate is a share of.
    bases = {"flagged": np.ones(len(left), bool), "recall": leaves, "false_alarms": ~leaves}
    wanted = float(flagged[leaves].mean())
    rates: dict[str, dict[str, float | None]] = {}
    thresholds: dict[str, float | None] = {}
    unequal = []
    after = np.zeros(len(left), bool)
    for name in sorted(set(groups)):
        member = people == name
        rates[name] = {rate: measure(flagged[member & base]) for rate, base in bases.items()}
        unequal += [
            [name, rate]
            for rate, base in bases.items()
            if count_errors(flagged[member & base], flagged[~member & base]) >= ERRORS
        ]
        thresholds[name] = line = place_line(scores[member & leaves], wanted)
        if line is not None:
            after |= member & (scores >= line)
    price = int((after & ~leaves).sum()) - int((flagged & ~leaves).sum())
    return {"rates": rates, "unequal": unequal, "thresholds": thresholds, "price": price}


def measure(flagged: Flags) -> float | None:
    """Return the share that is flagged."""
    return float(flagged.mean()) if len(flagged) else None


def count_errors(inside: Flags, outside: Flags) -> float:
    """Return by how many standard errors two shares differ."""
    n, m = len(inside), len(outside)
    if not n or not m:
        return 0.0
    share = (inside.sum() + outside.sum()) / (n + m)
    error = (share * (1 - share) * (1 / n + 1 / m)) ** 0.5
    return float(abs(inside.mean() - outside.mean()) / error) if error else 0.0


def place_line(scores: NDArray[np.float64], wanted: float) -> float | None:
    """Return the score that flags the wanted share of a group's leavers."""
    if not len(scores):
        return None
    # Rounding must not ask for one leaver more.
    needed = max(1, int(np.ceil(wanted * len(scores) - 1e-9)))
    return float(np.sort(scores)[::-1][needed - 1])

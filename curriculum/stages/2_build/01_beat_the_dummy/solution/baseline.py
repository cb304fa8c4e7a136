"""Put the right number beside a model's loss."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np


def compare(
    known: Sequence[Any],
    outcomes: Sequence[Any],
    answers: Any,  # noqa: ANN401 - classes, numbers or an array
    measure: str,
) -> dict[str, Any]:
    """Compare a model with the best constant; see the starter."""
    classes = sorted(set(known))
    constant = choose_constant(known, classes, measure)
    baseline = score(outcomes, [constant] * len(outcomes), classes, measure)
    model = score(outcomes, answers, classes, measure)
    return {
        "constant": constant,
        "baseline": baseline,
        "model": model,
        "skill": 1 - model / baseline if baseline else None,
    }


def choose_constant(known: Sequence[Any], classes: Sequence[Any], measure: str) -> Any:  # noqa: ANN401
    """Return the answer for somebody of whom nothing is known."""
    if measure == "absolute":
        return float(np.median(known))
    if measure == "squared":
        return float(np.mean(known))
    counts = Counter(known)
    if measure == "errors":
        return counts.most_common(1)[0][0]
    return [counts[name] / len(known) for name in classes]


def score(
    outcomes: Sequence[Any],
    answers: Any,  # noqa: ANN401
    classes: Sequence[Any],
    measure: str,
) -> float:
    """Return the mean loss of any answers."""
    if measure == "errors":
        return float(np.mean([a != b for a, b in zip(answers, outcomes, strict=True)]))
    if measure == "brier":
        truth = np.array([[name == outcome for name in classes] for outcome in outcomes], float)
        return float(((np.asarray(answers, float) - truth) ** 2).sum(axis=1).mean())
    distance = np.abs(np.asarray(answers, float) - np.asarray(outcomes, float))
    return float(np.mean(distance if measure == "absolute" else distance**2))

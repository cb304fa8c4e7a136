"""The losses of captured answers whose outcomes are known."""

from collections.abc import Mapping, Sequence

import numpy as np

from core.contract import Contract
from core.events import Capture, Feedback
from core.metrics import row_losses


def measure_losses(
    contract: Contract, answered: Mapping[str, Capture], outcomes: Sequence[Feedback]
) -> list[tuple[str, float]]:
    """Return prediction id and loss of each unit's first outcome.

    Parameters
    ----------
    contract : Contract
    answered : mapping of str to Capture
        By prediction id. What they were assigned to arms by is their unit.
    outcomes : sequence of Feedback
        In the order in which they became known, which is the order of what is returned.
    """
    rows: list[tuple[str, list[float], float]] = []
    seen = set()
    for outcome in outcomes:
        capture = answered.get(outcome.prediction_id)
        if capture is None:
            continue
        unit = capture.unit or capture.prediction_id
        answer, truth = read_answer(contract, capture), _read_truth(contract, outcome)
        if unit not in seen and answer is not None and truth is not None:
            seen.add(unit)
            rows.append((capture.prediction_id, answer, truth))
    if not rows:
        return []
    losses = row_losses(contract.task, [row[1] for row in rows], [row[2] for row in rows])
    # A probability's last digit may carry a loss beyond what is possible.
    largest = find_largest(contract)
    within = losses if largest is None else np.clip(losses, 0.0, largest)
    return [(row[0], float(loss)) for row, loss in zip(rows, within, strict=True)]


def read_answer(contract: Contract, capture: Capture) -> list[float] | None:
    """Return probabilities in the order of the contract's classes, or the one number; or None."""
    if not contract.classes:
        return None if isinstance(capture.prediction, str) else [float(capture.prediction)]
    chances = capture.probabilities or {}
    if set(chances) != set(contract.classes):
        return None
    return [chances[name] for name in contract.classes]


def _read_truth(contract: Contract, outcome: Feedback) -> float | None:
    if not contract.classes:
        return None if isinstance(outcome.outcome, str) else float(outcome.outcome)
    if outcome.outcome not in contract.classes:
        return None
    return float(contract.classes.index(str(outcome.outcome)))


def find_largest(contract: Contract) -> float | None:
    """Return the largest loss of a row, None where there is none; see `core.metrics`."""
    if not contract.classes:
        return None
    return 1.0 if len(contract.classes) == 2 else 2.0

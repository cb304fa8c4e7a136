"""Wrong: draws straight lines in the precision-recall curve."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def rank(truth: NDArray[np.int64], scores: NDArray[np.float64], wanted: float) -> dict[str, Any]:
    """Judge how well scores put those who left before those who stayed; see the starter."""
    order = np.argsort(-scores, kind="stable")
    ranked, gone = scores[order], truth[order]
    # Who has the same score is added together: a step ends where the next score is another.
    ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
    hits, called = np.cumsum(gone)[ends], ends + 1
    recall, precision = hits / gone.sum(), hits / called
    false_alarms = (called - hits) / (len(gone) - gone.sum())
    steps = np.diff(recall, prepend=0.0)
    # Each step climbs in a straight line, which is what makes a tie worth a half.
    area = np.sum(np.diff(false_alarms, prepend=0.0) * (recall - steps / 2))
    allowed = np.flatnonzero(precision >= wanted)
    best = allowed[np.argmax(recall[allowed])] if len(allowed) else None
    return {
        "roc_auc": float(area),
        "average_precision": float(np.sum(steps * (precision + np.append(1.0, precision[:-1])) / 2)),
        "threshold": None if best is None else float(ranked[ends[best]]),
        "recall": 0.0 if best is None else float(recall[best]),
    }

"""The same scores: a ROC curve that impresses, and a precision-recall curve that sobers."""

import numpy as np

from curriculum.author.sheet import INK, MUTED, ONE, TWO, sheet, standalone
from curriculum.material.fraud import fraud

ROWS, POINTS, STEPS = 60_000, 150, 100


def draw() -> str:
    """Draw both curves for fraud, 1 in 500, with the same three thresholds on them."""
    made = fraud(ROWS, seed=4)
    noise = np.random.default_rng(4).normal(0, 0.9, ROWS)
    scores = np.log(made.probability) + noise
    order = np.argsort(-scores)
    hits = np.cumsum(made.y[order])
    called = np.arange(1, ROWS + 1)
    recall, precision = hits / hits[-1], hits / called
    alarms = (called - hits) / (ROWS - hits[-1])
    shown = np.unique(np.geomspace(8, ROWS, POINTS).astype(int)) - 1
    marks = [ROWS // 1000 - 1, ROWS // STEPS - 1, ROWS // 10 - 1]
    with sheet(
        "Left: a ROC curve that rises steeply and runs near the upper left corner. Right: the "
        "precision-recall curve of the same scores, which falls from high precision to nearly "
        "none. Three thresholds are marked on both: 1, 10 and 100 alarms in 1,000 payments"
    ) as page:
        left, right = page.figure.subplots(1, 2)
        left.plot(np.append(0.0, alarms[shown]), np.append(0.0, recall[shown]), color=ONE)
        left.plot([0, 1], [0, 1], color=MUTED, linewidth=1.0)
        right.plot(recall[shown], precision[shown], color=ONE)
        share = float(made.y.mean())
        right.plot([0, 1], [share, share], color=MUTED, linewidth=1.0)
        for mark, words in zip(marks, ("1 in 1,000", "1 in 100", "1 in 10"), strict=True):
            left.plot([alarms[mark]], [recall[mark]], "o", color=TWO, markersize=6)
            right.plot([recall[mark]], [precision[mark]], "o", color=TWO, markersize=6)
            aside = 0.17 if recall[mark] < 0.3 else 0.04  # right of the diagonal
            left.text(alarms[mark] + aside, recall[mark] - 0.05, words, color=INK, fontsize=9)
            right.text(recall[mark] + 0.03, precision[mark] + 0.03, words, color=INK, fontsize=9)
        area = float(np.trapezoid(recall, alarms))
        left.set_title(f"area {area:.2f}", fontsize=10, color=MUTED)
        average = float(np.sum(np.diff(recall, prepend=0.0) * precision))
        right.set_title(f"average precision {average:.2f}", fontsize=10, color=MUTED)
        left.set_xlabel("share of honest payments stopped")
        left.set_ylabel("share of frauds found")
        right.set_xlabel("share of frauds found")
        right.set_ylabel("share of alarms that are fraud")
        for axes in (left, right):
            axes.set_xlim(-0.03, 1.12)
            axes.set_ylim(-0.03, 1.05)
    return standalone(page)

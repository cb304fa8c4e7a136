"""What a twin hides, and a walk from the reference to the record."""

import numpy as np

from curriculum.author.sheet import INK, MUTED, ONE, TWO, sheet, standalone


def draw() -> str:
    """Draw importances of twins apart and together, and contributions as steps."""
    with sheet(
        "Left: importances. Fee and fee with tax have a small bar each, both together one three "
        "to four times as long. Right: steps from the reference, 0.20, to the answer, 0.71: calls "
        "push up most, tenure pulls down"
    ) as page:
        left, right = page.figure.subplots(1, 2)
        names = ["calls", "fee", "fee with tax", "both fees"]
        left.barh(names[::-1], [1.0, 0.27, 0.25, 0.4], color=[TWO, ONE, ONE, ONE])
        left.set_title("importance", color=INK)
        fields = ["reference", "calls", "fee", "plan", "tenure", "answer"]
        steps = np.array([0.20, 0.38, 0.16, 0.06, -0.09])
        ends = np.cumsum(steps)
        starts = np.append(0, ends[:-1])
        right.bar(fields[:5], steps, bottom=starts, color=[MUTED, ONE, ONE, ONE, TWO])
        right.bar(fields[5:], ends[-1:], color=MUTED)
        right.tick_params(axis="x", rotation=40)
        right.set_title("one answer", color=INK)
    return standalone(page)

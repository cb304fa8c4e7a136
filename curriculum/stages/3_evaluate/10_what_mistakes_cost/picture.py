"""What a threshold earns: one half is nowhere near the top."""

import numpy as np

from curriculum.author.sheet import INK, MUTED, ONE, TWO, sheet, standalone
from curriculum.material.churn import churn

CALL, KEPT, VALUE = 12.0, 1 / 3, 150.0


def draw() -> str:
    """Draw the gain for 1,000 customers by threshold, for two prices of a call."""
    p = churn(1000, seed=5).probability
    thresholds = np.linspace(0, 1, 101)
    with sheet(
        "Expected gain of calling 1,000 customers, by threshold, for calls of 12 and of 30 euros. "
        "The top of each curve is at a threshold of 0.24 and of 0.60; at one half the one earns "
        "less than it could, the other less still"
    ) as page:
        axes = page.axes
        for call, colour in ((CALL, ONE), (30.0, TWO)):
            gain = p * KEPT * VALUE - call
            total = np.array([gain[p >= each].sum() for each in thresholds]) / 1000
            best = call / (KEPT * VALUE)
            axes.plot(thresholds, total, color=colour)
            top = gain[p >= best].sum() / 1000
            axes.plot([best], [top], "o", color=colour, markersize=7)
            axes.text(best, top + 0.8, f"{best:.2f}", color=colour, ha="center", fontsize=10)
        axes.text(0.6, 9.0, "a call costs 12 euros", color=ONE)
        axes.text(0.13, -9.0, "a call costs 30 euros", color=TWO)
        axes.axvline(0.5, color=MUTED, linewidth=1.0)
        axes.text(0.51, -10.6, "one half", color=INK, fontsize=9)
        axes.axhline(0, color=MUTED, linewidth=0.8)
        axes.set_xlabel("call from this probability on")
        axes.set_ylabel("thousand euros")
    return standalone(page)

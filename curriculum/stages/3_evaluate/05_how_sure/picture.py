"""One holdout, a thousand that it could have been, and the interval between them."""

import numpy as np

from curriculum.author.sheet import INK, MUTED, ONE, TWO, sheet, standalone
from curriculum.material.churn import churn

SIZES, RESAMPLES = (100, 400, 1600), 1000


def draw() -> str:
    """Draw the resampled Brier scores of three holdouts of different size."""
    made = churn(SIZES[-1], seed=9)
    losses = (made.probability - made.y) ** 2
    truth = float((made.probability * (1 - made.probability)).mean())
    with sheet(
        "Three heaps of resampled Brier scores, of holdouts with 100, 400 and 1,600 rows. Each is "
        "half as wide as the one before; the 95% interval is marked below each, and a line at the "
        "value that endless rows would give",
        height=3.8,
    ) as page:
        heaps = page.figure.subplots(3, 1, sharex=True)
        for axes, size in zip(heaps, SIZES, strict=True):
            chance = np.random.default_rng(size)
            drawn = losses[:size][chance.integers(0, size, (RESAMPLES, size))].mean(axis=1)
            low, high = np.percentile(drawn, [2.5, 97.5])
            counts, edges = np.histogram(drawn, 24)
            axes.bar(
                edges[:-1],
                counts / counts.max(),
                np.diff(edges),
                align="edge",
                color=ONE,
                alpha=0.55,
            )
            axes.plot([low, high], [-0.12, -0.12], color=TWO, linewidth=3)
            axes.axvline(truth, color=MUTED, linewidth=1.2)
            axes.set_yticks([])
            axes.set_ylim(-0.25, 1.1)
            axes.grid(visible=False)
            axes.text(0.245, 0.55, f"{size:,} rows", color=INK, ha="right")
            axes.text(0.245, 0.2, f"{low:.3f} to {high:.3f}", color=TWO, ha="right")
        heaps[-1].set_xlim(0.08, 0.25)
        heaps[-1].set_xlabel("Brier score of a resample; grey: of endless rows")
    return standalone(page)

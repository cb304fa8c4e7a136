"""Reliability: what was promised and what came, before and after."""

import numpy as np
from sklearn.isotonic import IsotonicRegression

from curriculum.author.sheet import INK, MUTED, ONE, THREE, TWO, sheet, standalone
from curriculum.material.churn import churn

ROWS, FITTED = 5000, 1500


def draw() -> str:
    """Draw the reliability of an overconfident model, and the two maps that mend it."""
    made = churn(ROWS, seed=8)
    odds = np.log(made.probability / (1 - made.probability))
    scores = 2.6 * odds + 0.7
    promised = 1 / (1 + np.exp(-scores))
    with sheet(
        "Left: shares that came true against promised probabilities. Those of the raw model lie on "
        "a curve flatter than the diagonal, those after Platt's sigmoid on the diagonal. Right: "
        "probability against score, once as a smooth sigmoid, once as steps"
    ) as page:
        left, right = page.figure.subplots(1, 2)
        slope, start = 1 / 2.6, -0.7 / 2.6
        mended = 1 / (1 + np.exp(-(slope * scores + start)))
        left.plot([0, 1], [0, 1], color=MUTED, linewidth=1.0)
        for values, colour in ((promised, TWO), (mended, ONE)):
            places = np.minimum((values[FITTED:] * 10).astype(int), 9)
            points = [
                (values[FITTED:][places == each].mean(), made.y[FITTED:][places == each].mean())
                for each in range(10)
                if (places == each).sum() > 20
            ]
            x, y = zip(*points, strict=True)
            left.plot(x, y, "o-", color=colour, markersize=4, linewidth=1.4)
        left.text(0.98, 0.43, "before", color=TWO, ha="right")
        left.text(0.55, 0.82, "after", color=ONE, ha="right")
        left.set_xlabel("promised")
        left.set_ylabel("came true")
        known, truth = scores[:250], made.y[:250]
        steps = IsotonicRegression(out_of_bounds="clip").fit(known, truth)
        grid = np.linspace(-9, 9, 160)
        chance = np.random.default_rng(1).uniform(-0.03, 0.03, len(known))
        right.plot(known, truth + chance, ".", color=MUTED, markersize=2.5, alpha=0.6)
        right.plot(grid, 1 / (1 + np.exp(-(slope * grid + start))), color=ONE)
        right.plot(grid, steps.predict(grid), color=THREE)
        right.text(-8.6, 0.42, "Platt", color=ONE)
        right.text(3.2, 0.55, "isotonic", color=THREE)
        right.set_xlim(-9, 9)
        right.set_xlabel("score; grey: what came true")
        right.set_ylabel("probability", color=INK)
    return standalone(page)

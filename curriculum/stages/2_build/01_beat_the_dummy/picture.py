"""What one answer for everybody costs, by the answer and by how errors are counted."""

import numpy as np

from curriculum.author.sheet import INK, MUTED, ONE, TWO, sheet, standalone
from curriculum.material.fraud import fraud


def draw() -> str:
    """Draw payments, and above them two curves with their lowest points."""
    y = fraud(3000, seed=2).X["amount_eur"].to_numpy(float)
    answers = np.linspace(1, 119, 119)
    costs = {
        "absolute": np.array([np.abs(y - each).mean() for each in answers]),
        "squared": np.array([((y - each) ** 2).mean() for each in answers]),
    }
    best = {"absolute": float(np.median(y)), "squared": float(np.mean(y))}
    names = {"absolute": "median", "squared": "mean"}
    with sheet(
        "A histogram of payments with a long tail to the right. Above it the mean cost of one "
        "answer for everybody: with absolute distance it is lowest at the median, with squared "
        "distance at the mean, which lies further to the right",
        height=3.8,
    ) as page:
        upper, lower = page.figure.subplots(
            2, 1, sharex=True, gridspec_kw={"height_ratios": [3, 2]}
        )
        for name, colour in (("absolute", ONE), ("squared", TWO)):
            cost = costs[name] / costs[name].min()
            upper.plot(answers, cost, color=colour)
            upper.plot([best[name]], [1.0], "o", color=colour, markersize=6)
            lower.axvline(best[name], color=colour, linewidth=1.6)
        upper.text(62, 1.45, "absolute", color=ONE, ha="right")
        upper.text(88, 1.22, "squared", color=TWO)
        lower.text(best["absolute"] - 1.5, 330, names["absolute"], color=ONE, ha="right")
        lower.text(best["squared"] + 1.5, 330, names["squared"], color=TWO)
        upper.set_ylim(0.95, 2.1)
        upper.set_ylabel("loss, 1 = the best")
        lower.hist(y, np.linspace(0, 120, 49).tolist(), color=MUTED, alpha=0.6)
        lower.set_ylim(0, 400)
        lower.set_xlim(0, 120)
        lower.set_yticks([])
        lower.set_xlabel("the one answer for everybody, in euros; below: the payments", color=INK)
        lower.grid(visible=False)
    return standalone(page)

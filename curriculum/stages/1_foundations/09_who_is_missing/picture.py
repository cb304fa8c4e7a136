"""Satisfaction of all customers, of those who answered, after weighting, and what is possible."""

import numpy as np

from curriculum.author.sheet import INK, MUTED, ONE, THREE, TWO, sheet, standalone
from curriculum.material.churn import churn
from training.data.simulator import NORMAL
from training.data.simulator.draws import TRAINING_STREAM
from training.data.simulator.draws import draw as draw_customers
from training.data.simulator.population import populate

ROWS, SEED = 4000, 0
SCORES = np.arange(1, 6)


def draw() -> str:
    """Draw the shares of the scores, and four ways to tell the mean."""
    customers = churn(ROWS, seed=SEED)
    # What nobody has in real life: the score of those who did not answer.
    all_scores = populate(
        draw_customers(ROWS, seed=SEED, stream=TRAINING_STREAM), NORMAL
    ).satisfaction
    told = customers.X["satisfaction"].to_numpy(float)
    known = ~np.isnan(told)
    by_plan = customers.X.assign(score=told).groupby("plan")["score"].mean()
    weighted = float(by_plan[customers.X["plan"]].mean())
    silent = float((~known).sum())
    low, high = (told[known].sum() + silent) / ROWS, (told[known].sum() + 5 * silent) / ROWS
    with sheet(
        "Left: unhappy customers are rarer among those who answered than among all. Right: the "
        "mean of those who answered and the weighted mean are both above the truth; the range "
        "that is possible is wide",
        height=3.2,
    ) as page:
        left, right = page.figure.subplots(1, 2, gridspec_kw={"width_ratios": [1, 1.25]})
        for scores, offset, colour in ((all_scores, -0.2, MUTED), (told[known], 0.2, ONE)):
            shares = [float((scores == score).mean()) for score in SCORES]
            left.bar(SCORES + offset, shares, 0.38, color=colour)
        left.set_xticks(SCORES)
        left.set_xlabel("satisfaction")
        left.set_ylabel("share")
        left.text(0.6, 0.485, "all customers", color=MUTED)
        left.text(0.6, 0.445, "those who answered", color=ONE)
        left.set_ylim(0, 0.52)
        right.plot([low, high], [0, 0], color=THREE, linewidth=5, solid_capstyle="butt")
        truth = float(all_scores.mean())
        right.axvline(truth, color=MUTED, linewidth=1, linestyle=(0, (2, 3)))
        points = (
            (3, truth, "all (nobody knows this)", INK),
            (2, float(told[known].mean()), "those who answered", ONE),
            (1, weighted, "weighted by plan", TWO),
        )
        for height, value, label, colour in points:
            right.plot([value], [height], "o", color=colour, markersize=7)
            right.text(
                value + 0.09, height - 0.08, f"{label}: {value:.2f}", color=colour, fontsize=9
            )
        right.text(
            high + 0.06, -0.13, f"possible: {low:.1f} to {high:.1f}", color=THREE, fontsize=9
        )
        right.set_yticks([])
        right.set_xlim(2.6, 5.4)
        right.set_xticks([3, 4, 5])
        right.set_ylim(-0.5, 3.6)
        right.set_xlabel("mean satisfaction")
    return standalone(page)

"""What luck can do: one column of noise, the best of forty, and real columns beside them."""

import numpy as np

from curriculum.author.sheet import INK, MUTED, ONE, TWO, sheet, standalone
from curriculum.material.churn import churn

ROWS, COLUMNS, TABLES = 300, 40, 600
SHOWN = {
    "support_contacts": "support contacts:\nreal, and no stronger than luck",
    "monthly_bill": "monthly bill",
}


def draw() -> str:
    """Draw two distributions of luck, and where two real columns stand."""
    customers = churn(ROWS, seed=1)
    noise = np.random.default_rng(1).standard_normal((TABLES, COLUMNS, ROWS))
    noise -= noise.mean(axis=2, keepdims=True)
    y = customers.y - customers.y.mean()
    found = np.abs(noise @ y) / (np.linalg.norm(noise, axis=2) * np.linalg.norm(y))
    with sheet(
        "Histograms of the correlation of one column of noise, mostly below 0.1, and of the best "
        "of forty, around 0.14. A real column may stand among them; the monthly bill is far beyond"
    ) as page:
        axes = page.axes
        bins = np.linspace(0, 0.24, 33).tolist()
        axes.hist(found[:, 0], bins, density=True, color=MUTED, alpha=0.5)
        axes.hist(found.max(axis=1), bins, density=True, color=ONE, alpha=0.7)
        axes.text(0.012, 17.6, "one column\nof noise", color=MUTED)
        axes.text(0.165, 17.6, "the best of forty\ncolumns of noise", color=ONE)
        for place, (name, label) in enumerate(SHOWN.items()):
            values = customers.X[name].to_numpy(float)
            known = ~np.isnan(values)
            real = abs(np.corrcoef(values[known], customers.y[known])[0, 1])
            height = 8.0 - 2.5 * place
            axes.plot([real, real], [0, height], color=TWO, linewidth=1.6)
            # Beside the histograms, with a line to where it belongs.
            beside = max(real, 0.225)
            axes.plot([real, beside], [height, height], color=TWO, linewidth=1)
            axes.text(beside + 0.005, height - 1.0, label, color=TWO)
        axes.set_xlabel("correlation with leaving, without its sign, in 300 rows", color=INK)
        axes.set_yticks([])
        axes.grid(visible=False)
        axes.set_ylim(0, 23)
        axes.set_xlim(0, 0.6)
    return standalone(page)

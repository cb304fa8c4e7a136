"""One detector, and what an alarm of it is worth where fraud is rarer and rarer."""

import numpy as np

from curriculum.author.sheet import INK, MUTED, ONE, TWO, sheet, standalone

RECALL, FALSE_ALARMS = 0.75, 0.03


def draw() -> str:
    """Draw precision and accuracy against the share of fraud."""
    shares = np.logspace(-4, np.log10(0.5), 80)
    found, honest = shares * RECALL, (1 - shares) * FALSE_ALARMS
    precision = found / (found + honest)
    with sheet(
        "A line of precision against the share of fraud, from one in ten thousand to one in two. "
        "It falls from nearly 1 at one in two to 0.05 at one in 500, while recall and false alarm "
        "rate of the detector stay as they are"
    ) as page:
        axes = page.axes
        axes.plot(shares, precision, color=ONE)
        axes.plot(shares, np.full_like(shares, RECALL), color=MUTED, linewidth=1.3)
        axes.plot(shares, np.full_like(shares, FALSE_ALARMS), color=MUTED, linewidth=1.3)
        for share, words, side in (
            (0.5, "the sample", "right"),
            (0.002, "the bank", "left"),
        ):
            value = share * RECALL / (share * RECALL + (1 - share) * FALSE_ALARMS)
            axes.plot([share], [value], "o", color=TWO, markersize=7)
            axes.text(
                share * (0.82 if side == "right" else 1.0),
                value + (0.055 if side == "left" else 0.02),
                f"{words}: {value:.2f}",
                ha="right",
                color=TWO,
            )
        axes.text(0.021, 0.42, "precision", color=ONE, ha="right")
        axes.text(0.00011, RECALL + 0.025, "recall", color=INK, fontsize=9)
        axes.text(0.5, FALSE_ALARMS + 0.025, "false alarm rate", color=INK, fontsize=9, ha="right")
        axes.set_xscale("log")
        axes.set_xticks([0.0001, 0.001, 0.01, 0.1, 0.5])
        axes.set_xticklabels(["1 in 10,000", "1 in 1,000", "1 in 100", "1 in 10", "1 in 2"])
        axes.minorticks_off()
        axes.set_ylim(0, 1.08)
        axes.set_xlabel("how much of what comes is fraud")
    return standalone(page)

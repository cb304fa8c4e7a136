"""Four losses, and the answers for everybody that they prefer."""

import numpy as np

from curriculum.author.sheet import FOUR, INK, MUTED, ONE, THREE, TWO, sheet, standalone

KNOB, HIGH = 1.0, 0.9


def draw() -> str:
    """Draw losses by the error, and delivery times with the constants."""
    days = np.random.default_rng(9).gamma(2.0, 1.5, 4000)
    x = np.linspace(-4, 4, 161)
    far = np.abs(x)
    near = np.minimum(far, KNOB)
    shapes = {
        "squared": (x**2, TWO),
        "absolute": (far, ONE),
        "Huber": (near**2 / 2 + KNOB * (far - near), THREE),
        "quantile 0.9": (np.maximum(-HIGH * x, (1 - HIGH) * x), FOUR),
    }
    with sheet(
        "Left: losses by how much the answer is too large. The square grows fastest, Huber's is "
        "round near zero and straight further out, the quantile loss is steep for too little and "
        "flat for too much. Right: days until a delivery with a long tail, and the constants: "
        "median, mean, and far to the right the 0.9 quantile"
    ) as page:
        left, right = page.figure.subplots(1, 2)
        for values, colour in shapes.values():
            left.plot(x, values, color=colour)
        left.set_ylim(0, 5.6)
        left.set_xlim(-4, 4)
        left.text(0, 5.2, "squared", color=TWO, fontsize=9, ha="center")
        left.text(-3.9, 4.25, "absolute", color=ONE, fontsize=9)
        left.set_xticks([-4, -2, 0, 2])
        left.text(3.95, 2.1, "Huber", color=THREE, fontsize=9, ha="right")
        left.text(3.95, 0.62, "quantile 0.9", color=FOUR, fontsize=9, ha="right")
        left.set_xlabel("answer less truth", color=INK)
        left.set_ylabel("loss", color=INK)
        right.hist(days, np.linspace(0, 12, 49).tolist(), color=MUTED, alpha=0.5)
        top = right.get_ylim()[1]
        for value, colour, height, words, side in (
            (float(np.median(days)), ONE, 1.36, "absolute: median", "left"),
            (float(days.mean()), TWO, 1.16, "squared: mean", "left"),
            (
                float(np.quantile(days, HIGH)),
                FOUR,
                0.7,
                "quantile 0.9:\na promise that\nis kept",
                "left",
            ),
        ):
            right.plot([value, value], [0, height * top], color=colour, linewidth=1.6)
            right.text(
                value + 0.2,
                (height - 0.04) * top,
                words,
                color=colour,
                fontsize=9,
                ha=side,
                va="top",
            )
        right.set_ylim(0, 1.45 * top)
        right.set_xlim(0, 12)
        right.set_yticks([])
        right.grid(visible=False)
        right.set_xlabel("days until the delivery", color=INK)
    return standalone(page)

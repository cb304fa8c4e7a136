"""Judges a reader of digits on images that it has not seen: as they are, moved, darker, alone."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curriculum.checker.bench import Bench, Case
from curriculum.checker.results import Failure
from curriculum.material.answers import read_numbers
from curriculum.material.digits import digits

Images = NDArray[np.float64]
TRAIN, HIDDEN, ALONE = 450, 300, 12
LEAST = 0.88
MAY_LOSE = 0.06
DARK = 0.2
KINDS = {
    "right": "the same images, moved by one pixel to the right",
    "left": "the same images, moved by one pixel to the left",
    "dark": "the same images, darker: a fifth of the ink",
    "mixed": "the same images, every other one with a tenth of the ink",
}
WHERE = {
    "right": "What does a model of single pixels see, when a digit moves? Bring every image into "
    "the same place, or show the model all the places.",
    "left": "To the right it works. Is there one side only that you thought of?",
    "dark": "A pencil instead of a pen. What about an image stays the same, however dark it is?",
    "mixed": "Pencil and pen together: light comes from the image itself, not from its company.",
}


def prepare(bench: Bench) -> list[Case]:
    """Choose images to learn from, and others to read."""
    made = digits(TRAIN + HIDDEN, seed=bench.seed)
    hidden, y = made.X[TRAIN:], made.y[TRAIN:]
    asked = {
        "plain": hidden,
        "right": move(hidden, 1),
        "left": move(hidden, -1),
        "dark": DARK * hidden,
        "mixed": hidden * np.where(np.arange(HIDDEN) % 2, 1.0, 0.1)[:, None],
        # Alone, each with another amount of ink.
        "alone": hidden[:ALONE] * np.linspace(0.15, 1, ALONE)[:, None],
        "blank": np.zeros((2, 64)),
    }
    return [
        Case(
            name="300 images that have not been seen",
            arguments=(made.X[:TRAIN], made.y[:TRAIN], bench.seed % 1000, asked),
            expected=y,
        )
    ]


def move(images: Images, by: int) -> Images:
    """Move images by one column; what comes in is paper."""
    squares = np.zeros((len(images), 8, 10))
    squares[:, :, 1:9] = images.reshape(-1, 8, 8)
    return squares[:, :, 1 - by : 9 - by].reshape(len(images), 64)


def judge(case: Case, answer: object) -> Failure | None:
    """Compare with the digits, kind by kind; then alone; then without ink."""
    told: dict[str, Any] = answer if isinstance(answer, dict) else {}
    y = case.expected
    plain = read_answers(told.get("plain"), len(y))
    if isinstance(plain, Failure):
        return plain
    share = float((plain == y).mean())
    if share < LEAST:
        return Failure(
            expected=f"at least {LEAST:.0%} of the images read",
            observed=f"{share:.0%}",
            where="Images as they are. Is what is done in `fit` done in `read`, too?",
        )
    for kind, words in KINDS.items():
        found = read_answers(told.get(kind), len(y))
        if isinstance(found, Failure):
            return found
        now = float((found == y).mean())
        if now < share - MAY_LOSE:
            return Failure(
                expected=f"{words}: about the {share:.0%} of before",
                observed=f"{now:.0%} of them read",
                where=WHERE[kind],
            )
    return judge_alone(told.get("alone"), plain) or judge_blank(told.get("blank"))


def judge_alone(told: object, plain: NDArray[np.float64]) -> Failure | None:
    """Ask whether an image alone is read as it was among others."""
    each = [read_answers(one, 1) for one in (told if isinstance(told, list) else [])]
    other = sum(isinstance(one, Failure) or one[0] != plain[at] for at, one in enumerate(each))
    # A digit that is hard to read may tip over; most may not.
    if len(each) == ALONE and other <= 2:
        return None
    return Failure(
        expected="an image read alone to be what it is among others",
        observed=f"{other} of {ALONE} become other digits when read alone",
        where="`read`: light and place come from the image itself, not from its company.",
    )


def judge_blank(told: object) -> Failure | None:
    """Ask whether an empty sheet of paper breaks it."""
    if not isinstance(told, str) and not isinstance(read_answers(told, 2), Failure):
        return None
    return Failure(
        expected="a digit, any digit, for an image with no ink at all",
        observed=told if isinstance(told, str) else "no digits",
        where="`read`: no brightest pixel and no middle to divide by. Such sheets come, too.",
    )


def read_answers(told: object, rows: int) -> NDArray[np.float64] | Failure:
    """Return one digit for each image, or what is wrong."""
    if isinstance(told, str):
        return Failure(
            expected="one digit for each image",
            observed=told,
            where="`read` broke. With company or alone, it gets an array of shape (n, 64).",
        )
    return read_numbers(told, (rows,), what="one digit for each image", where="`read`.")


def measure(cases: Sequence[Case], answers: Sequence[object]) -> Mapping[str, float]:
    """Keep the shares that it read."""
    told: Any = answers[0]
    return {
        f"read_{kind}": round(float((np.asarray(told[kind]) == cases[0].expected).mean()), 4)
        for kind in ("plain", *KINDS)
    }

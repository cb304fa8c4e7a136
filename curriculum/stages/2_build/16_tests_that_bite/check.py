"""Judges tests: right versions must pass all of them, and each wrong version must fail one."""

import random
from collections.abc import Mapping, Sequence
from typing import Any

from curriculum.checker.bench import Bench, Case
from curriculum.checker.results import Failure
from curriculum.material.answers import name_type

RIGHT = """
def _known(value):
    return value is not None and value == value

def learn(values):
    known = sorted(value for value in values if _known(value))
    half = len(known) // 2
    if not known:
        return 0
    return known[half] if len(known) % 2 else (known[half - 1] + known[half]) / 2

def apply(values, learned):
    filled = [value if _known(value) else learned for value in values]
    return filled, [not _known(value) for value in values]
"""
OTHER = """
import math
import statistics

def learn(values):
    known = [float(value) for value in values if not _is_gap(value)]
    return statistics.median(known) if known else 0.0

def _is_gap(value):
    return value is None or (isinstance(value, float) and math.isnan(value))

def apply(values, learned):
    gaps = list(map(_is_gap, values))
    return [learned if gap else value for gap, value in zip(gaps, values)], gaps
"""
NOTHING = "def learn(values): pass\ndef apply(values, learned): pass\n"
MIDDLE = "    return known[half] if len(known) % 2 else (known[half - 1] + known[half]) / 2"
FILLED = "    filled = [value if _known(value) else learned for value in values]"
FLAGS = "[not _known(value) for value in values]"
# What somebody may get wrong: the words, the text that they replace, and what they write there.
MUTANTS = (
    ("takes the mean instead of the middle", MIDDLE, "    return sum(known) / len(known)"),
    ("takes the lower of the two in the middle", MIDDLE, "    return known[(len(known) - 1) // 2]"),
    ("takes the upper of the two in the middle", MIDDLE, "    return known[half]"),
    (
        "takes a zero for a gap",
        "value is not None and value == value",
        "bool(value) and value == value",
    ),
    ("takes NaN for a number", "value is not None and value == value", "value is not None"),
    ("learns None from nothing known", "        return 0\n", "        return None\n"),
    (
        "learns its number again from the values that it fills",
        FILLED,
        "    learned = learn(values) or learned\n" + FILLED,
    ),
    (
        "fills the list that it was given",
        FILLED,
        (
            "    was = list(values)\n"
            "    values[:] = [v if _known(v) else learned for v in values]\n"
            "    filled, values = values, was"
        ),
    ),
    (
        "sorts the list that it was given",
        "    half =",
        "    values.sort(key=lambda v: (not _known(v), v if _known(v) else 0))\n    half =",
    ),
    ("says of nothing that it was missing", FLAGS, "[False for value in values]"),
    ("says the opposite of what was missing", FLAGS, "[_known(value) for value in values]"),
    (
        "leaves gaps out",
        FILLED,
        "    filled = [value for value in values if _known(value)]",
    ),
    (
        "fills the first gap only",
        FILLED,
        (
            "    filled, open_ = [], True\n    for value in values:\n"
            "        gap = not _known(value)\n"
            "        filled.append(learned if gap and open_ else value)\n"
            "        open_ = open_ and not gap"
        ),
    ),
)


def prepare(bench: Bench) -> list[Case]:
    """Take right versions, and wrong ones in an order of the seed."""
    chance = random.Random(bench.seed)  # noqa: S311 - a reproducible exercise, not a secret
    right = [("a right version", RIGHT), ("another right version", OTHER)]
    wrong = [(words, mutate(old, new)) for words, old, new in MUTANTS]
    return [
        *(Case(name, (source,), {"right": True}) for name, source in right),
        Case("a version that returns nothing at all", (NOTHING,), {"right": False}),
        *(
            Case(f"a version that {words}", (source,), {"right": False})
            for words, source in chance.sample(wrong, len(wrong))
        ),
    ]


def mutate(old: str, new: str) -> str:
    """Return the right version with one mistake."""
    if RIGHT.count(old) != 1:
        raise ValueError("a mistake must have one place")
    return RIGHT.replace(old, new)


def judge(case: Case, answer: object) -> Failure | None:
    """See which tests are red."""
    told: list[Mapping[str, Any]] = answer if isinstance(answer, list) else []
    if not told:
        return Failure(
            expected="functions whose names begin with test_",
            observed=name_type(answer),
            where="test_filling.py; each of them takes `filling`.",
        )
    red = [each for each in told if each["red"]]
    if case.expected["right"] and red:
        return Failure(
            expected=f"all {len(told)} tests green: it does what the description says",
            observed=f"{red[0]['test']} is red ({red[0]['why']})",
            where="A right version failed. Does the test ask for more than the description "
            "promises, or for something else?",
        )
    if not case.expected["right"] and not red:
        return Failure(
            expected="at least one red test",
            observed=f"{case.name} passed all your tests",
            where="Which input makes this version answer differently from a right one? "
            "Write it down, with the right answer.",
        )
    return None


def measure(cases: Sequence[Case], answers: Sequence[object]) -> Mapping[str, float]:
    """Keep how many mistakes were caught, and by how many tests."""
    first: Any = answers[0]
    caught = sum(not case.expected["right"] for case in cases)
    return {"mistakes_caught": float(caught), "tests": float(len(first))}

"""Judges `decide`: one customer at a time, and the best list that there is."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curriculum.checker.bench import Bench, Case, plain
from curriculum.checker.results import Failure
from curriculum.material.agreement import Mistake, compare_fields
from curriculum.material.churn import churn

ROWS = 150
Array = NDArray[np.float64]
WHERE = {
    "threshold": "Where a call earns what it costs: probability times kept times value = call.",
    "gain": "What a call earns on average less what it costs, for each customer.",
    "called": "The largest gain first, only gains above 0, at most `capacity` of them.",
    "total": "The sum of the gains of those who are called.",
}


def prepare(bench: Bench) -> list[Case]:
    """Make customers alike and unlike, dear calls, long lists and short ones."""
    chance = np.random.default_rng([bench.seed, 310])
    p = churn(ROWS, seed=bench.seed).probability.round(3)
    alike = np.full(ROWS, 150.0)
    value = np.exp(chance.normal(4.6, 0.9, ROWS)).round(2)
    # Two who are equal in all things, so that there is a tie at the front.
    twins, worth = np.append(p, [0.95, 0.95]), np.append(value, [4000.0, 4000.0])
    return [
        Case("customers who are worth the same", (p, alike, 12.0, 1 / 3, 60)),
        Case("customers of different worth", (p, value, 12.0, 0.4, 30)),
        Case("more places on the list than customers who are worth it", (p, value, 30.0, 0.3, 140)),
        Case("two twins", (twins, worth, 10.0, 0.5, 5)),
        Case("a call that is dearer than anybody is worth", (p, alike, 90.0, 0.5, 20)),
    ]


def work_out(probability: Array, value: Array, call: float, kept: float, capacity: int) -> Any:  # noqa: ANN401
    """Return the right answer, customer by customer."""
    rows = list(zip(probability.tolist(), value.tolist(), strict=True))
    gain = [p * (kept * v - call) - (1 - p) * call for p, v in rows]
    best = sorted(range(len(rows)), key=lambda place: (-round(gain[place], 9), place))
    called = [place for place in best if gain[place] > 1e-12][:capacity]
    return {
        "threshold": [call / (kept * v) for _, v in rows],
        "gain": gain,
        "called": called,
        "total": sum(gain[place] for place in called),
    }


def judge(case: Case, answer: object) -> Failure | None:
    """Compare field by field; well-known mistakes get their own words."""
    probability, value, call, kept, capacity = case.arguments
    right = work_out(*case.arguments)
    likely = sorted(range(len(value)), key=lambda place: (-probability[place], place))
    worth_it = set(work_out(probability, value, call, kept, len(value))["called"])
    full = sorted(range(len(value)), key=lambda place: (-right["gain"][place], place))[:capacity]
    trusting = work_out(probability, value, call, 1.0, capacity)
    saved = "Not everybody who is called stays: of those who would leave, a call keeps `kept`."
    mistakes = [
        Mistake(
            "threshold",
            [0.5] * len(value),
            "Half is a number like any other. From which probability on does a call earn more than "
            "it costs?",
        ),
        Mistake(
            "threshold",
            [min(each, 1.0) for each in right["threshold"]],
            "A threshold above 1 says something: this customer is never worth a call, however sure "
            "you are. At 1 she would be called.",
        ),
        Mistake("threshold", trusting["threshold"], saved),
        Mistake("gain", trusting["gain"], saved),
        Mistake(
            "gain",
            [each + call for each in right["gain"]],
            "This is what a call earns. It costs something, too, whoever is called.",
        ),
        Mistake(
            "called",
            [place for place in likely if place in worth_it][:capacity],
            "These are the likeliest, not those with the largest gain: who is worth ten times as "
            "much may be a third as likely.",
        ),
        Mistake(
            "called",
            full,
            "There is a free place on the list, and that is no reason to lose money: only gains "
            "above 0.",
        ),
        Mistake("called", sorted(right["called"]), "The right ones; the largest gain first."),
    ]
    return compare_fields(answer, right, where=WHERE, of="decide", mistakes=mistakes)


def measure(cases: Sequence[Case], answers: Sequence[object]) -> Mapping[str, float]:
    """Keep what is gained, and what calling by one half would have gained."""
    probability, value, call, kept, capacity = cases[1].arguments
    gain = probability * kept * value - call
    half = np.argsort(-probability)[: int(min(capacity, (probability >= 0.5).sum()))]
    told = plain(answers[1])["total"]
    return {
        "gain_eur": round(float(told), 2),
        "gain_by_one_half": round(float(gain[half].sum()), 2),
    }

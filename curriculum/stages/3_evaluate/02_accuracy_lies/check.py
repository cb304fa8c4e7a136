"""Judges `judge_detector`: by the same rates, put together for the bank's share of fraud."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curriculum.checker.bench import Bench, Case, plain
from curriculum.checker.results import Failure
from curriculum.material.agreement import Mistake, compare_fields
from curriculum.material.fraud import SHARE, fraud

ROWS, PICKED, POOL = 10_000, 400, 1 / 20
WHERE = {
    "idle_accuracy": "Who suspects nobody is right about all honest payments: how many are these?",
    "recall": "Look at the frauds of the sample only: which share of them is suspected?",
    "false_alarm_rate": "Look at the honest payments only: which share of them is suspected?",
    "accuracy": "At the bank: frauds that are found and honest payments that are let through.",
    "precision": "At the bank: frauds that are found, by all alarms.",
    "alarms_per_fraud": "All alarms at the bank, by the frauds among them.",
}


def prepare(bench: Bench) -> list[Case]:
    """Make detectors on samples with as many frauds as honest payments, and on the real mix."""
    made, bank = (fraud(ROWS, seed=bench.seed, share=each) for each in (POOL, SHARE))
    chance = np.random.default_rng([bench.seed, 302])
    draws, good = made.y == 1, made.probability > np.quantile(made.probability, 0.9)
    picked = pick(draws, chance)
    share, come = SHARE, bank.y == 1
    stopped = bank.probability > np.quantile(bank.probability, 0.97)
    return [
        make_case("a sample of which half is fraud", draws[picked], good[picked], share),
        make_case("the payments as they come", come, stopped, float(come.mean())),
        make_case(
            "the same sample, for a bank where fraud is a hundred times rarer still",
            draws[picked],
            good[picked],
            share / 100,
        ),
        make_case("a detector that suspects nobody", draws[picked], good[picked] & False, share),
        make_case("a detector that stops only honest payments", come, ~come & stopped, share),
        make_case("a detector without a false alarm", draws[picked], (draws & good)[picked], share),
    ]


def pick(draws: NDArray[np.bool_], chance: np.random.Generator) -> NDArray[np.int64]:
    """Return rows of which about half are frauds, in a random order."""
    frauds = np.flatnonzero(draws)
    count = min(PICKED, len(frauds))
    honest = chance.choice(np.flatnonzero(~draws), count, replace=False)
    return chance.permutation(np.concatenate([frauds[:count], honest]))


def make_case(name: str, truth: Any, suspected: Any, share: float) -> Case:  # noqa: ANN401 - masks
    """Make a case; what is right is worked out when it is judged."""
    return Case(name, (truth.astype(int).tolist(), suspected.astype(int).tolist(), share))


def weigh(truth: Sequence[int], suspected: Sequence[int], share: float) -> dict[str, float | None]:
    """Work the right answer out: each row of the sample weighs as much as it stands for."""
    frauds = sum(truth)
    of_fraud, of_honest = share / frauds, (1 - share) / (len(truth) - frauds)
    weights = [of_fraud if each else of_honest for each in truth]
    rows = list(zip(truth, suspected, weights, strict=True))
    found = sum(w for t, s, w in rows if t and s)
    alarms = sum(w for _, s, w in rows if s)
    return {
        "idle_accuracy": 1 - share,
        "recall": found / share,
        "false_alarm_rate": (alarms - found) / (1 - share),
        "accuracy": sum(w for t, s, w in rows if t == s),
        "precision": found / alarms if alarms else None,
        "alarms_per_fraud": alarms / found if found else None,
    }


def judge(case: Case, answer: object) -> Failure | None:
    """Compare field by field; well-known mistakes get their own words."""
    truth, suspected, share = case.arguments
    right = weigh(truth, suspected, share)
    return compare_fields(
        answer,
        right,
        where=WHERE,
        of="judge_detector",
        mistakes=find_mistakes(right, truth, suspected),
    )


def find_mistakes(
    right: Mapping[str, float | None], truth: Sequence[int], suspected: Sequence[int]
) -> list[Mistake]:
    """Return what many get instead."""
    hits = sum(t and s for t, s in zip(truth, suspected, strict=True))
    alarms = sum(suspected)
    accuracy = sum(t == s for t, s in zip(truth, suspected, strict=True)) / len(truth)
    per_fraud = right["alarms_per_fraud"]
    return [
        Mistake(
            "accuracy",
            accuracy,
            "In the sample fraud has another share than at the bank. Put the accuracy together "
            "from what is found and what is let through, each with the bank's share.",
        ),
        Mistake(
            "precision",
            hits / alarms if alarms else 0.0,
            "This is the precision of the sample, in which somebody put far more frauds. At the "
            "bank the same detector meets more honest payments, and has more to be wrong about."
            if alarms
            else "There was no alarm that could have been wrong. 0 would say that all were.",
        ),
        Mistake(
            "alarms_per_fraud",
            per_fraud - 1 if per_fraud else 0.0,
            "Each fraud that is found is an alarm, too: somebody looks at it.",
        ),
    ]


def measure(cases: Sequence[Case], answers: Sequence[object]) -> Mapping[str, float]:
    """Keep the precision that the sample promised, and the one at the bank."""
    truth, suspected, _share = cases[0].arguments
    first: Any = plain(answers[0])
    promised = sum(t and s for t, s in zip(truth, suspected, strict=True)) / sum(suspected)
    return {
        "precision_of_the_sample": round(promised, 3),
        "precision_at_the_bank": round(float(first["precision"]), 3),
    }

"""Judges `compare`: the constant that a measure asks for, both losses, and what is between them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from curriculum.checker.bench import Bench, Case, plain
from curriculum.checker.results import Failure
from curriculum.material.answers import name_type, read_fields
from curriculum.material.bills import bills
from curriculum.material.churn import churn
from curriculum.material.fraud import fraud
from curriculum.material.tickets import TEAMS, tickets

# An odd number, so that there is one middle.
ROWS, HIDDEN = 401, 300


def prepare(bench: Bench) -> list[Case]:
    """Make models that are good, useless, and worse than a constant."""
    chance = np.random.default_rng([bench.seed, 201])
    return [
        make_churn(bench.seed),
        make_fraud(bench.seed),
        make_teams(bench.seed, chance),
        make_bills(bench.seed, "absolute"),
        make_bills(bench.seed, "squared"),
        Case(
            "a month in which everybody stayed",
            (["left", "stayed", "stayed"] * 9, ["stayed"] * 20, ["stayed"] * 20, "errors"),
        ),
    ]


def make_churn(seed: int) -> Case:
    """Make a model that knows the truth about who will leave, and must still guess."""
    made = churn(ROWS + HIDDEN, seed=seed)
    names = np.where(made.y == 1, "left", "stayed").tolist()
    answers = np.where(made.probability[ROWS:] > 0.5, "left", "stayed").tolist()
    return Case(
        "churn: a model that names who will leave",
        (names[:ROWS], names[ROWS:], answers, "errors"),
    )


def make_fraud(seed: int) -> Case:
    """Make a model that is right in 99 of 100 payments, and worse than to suspect nobody."""
    made = fraud(3000, seed=seed, share=1 / 250)
    names = np.where(made.y == 1, "fraud", "fine").tolist()
    suspected = made.probability[1000:] > np.quantile(made.probability[1000:], 0.985)
    return Case(
        "fraud: a model that is right in nearly all payments",
        (names[:1000], names[1000:], np.where(suspected, "fraud", "fine").tolist(), "errors"),
    )


def make_teams(seed: int, chance: np.random.Generator) -> Case:
    """Make probabilities for three teams; later there are more questions about the network."""
    made = tickets(ROWS + 2 * HIDDEN, seed=seed)
    later = np.arange(ROWS, ROWS + 2 * HIDDEN)
    more = later[(made.y[later] == 1) | (chance.random(len(later)) < 0.4)]
    names = [TEAMS[team] for team in made.y]
    order = [TEAMS.index(name) for name in sorted(TEAMS)]
    sure = np.eye(len(TEAMS))[made.y[more]][:, order]
    answers = 0.5 * sure + 0.5 * chance.dirichlet(np.ones(len(TEAMS)), len(more))
    return Case(
        "the support desk: probabilities of three teams",
        (names[:ROWS], [names[row] for row in more], answers, "brier"),
    )


def make_bills(seed: int, measure: str) -> Case:
    """Make a model that knows each customer's mean bill; prices went up since."""
    made = bills(ROWS + HIDDEN, seed=seed)
    later = (1.2 * made.y[ROWS:]).round(2)
    return Case(
        f"bills: {measure} distance",
        (made.y[:ROWS].tolist(), later.tolist(), made.mean[ROWS:], measure),
    )


def judge(case: Case, answer: object) -> Failure | None:
    """Compare the constant, the two losses, the skill."""
    known, outcomes, answers, measure = case.arguments
    answer = plain(answer)
    names = ("constant", "baseline", "model", "skill")
    failure = read_fields(answer, names, where="What `compare` returns.")
    if failure or not isinstance(answer, dict):
        return failure
    constant = choose_constant(known, measure)
    failure = judge_constant(case, answer["constant"], constant)
    if failure:
        return failure
    baseline = score(outcomes, [constant] * len(outcomes), known, measure)
    model = score(outcomes, answers, known, measure)
    return (
        judge_number("baseline", answer["baseline"], baseline)
        or judge_number("model", answer["model"], model)
        or judge_skill(answer["skill"], model, baseline)
    )


def judge_constant(case: Case, told: object, right: Any) -> Failure | None:  # noqa: ANN401
    """Tell the usual constants apart from the one that is asked for."""
    known, outcomes, _answers, measure = case.arguments
    if is_close(told, right):
        return None
    if is_close(told, choose_constant(outcomes, measure)):
        where = "It must be known before the outcomes were: it is learned from `known` alone."
    elif measure == "absolute" and is_close(told, np.mean(known)):
        where = (
            "The mean is not what costs least in distance: move it one step towards the side with "
            "more customers, and more of them come nearer than go farther."
        )
    elif measure == "squared" and is_close(told, np.median(known)):
        where = "Squared, the far ones count more than the many: which number is their balance?"
    elif measure == "brier" and isinstance(told, list) and 1 in told:
        where = (
            "Sure of the largest class, you pay the full price for each of the others. Which "
            "probabilities would you give for somebody of whom you know nothing?"
        )
    elif measure == "brier":
        where = "Each class, in sorted order, with the share that it has in `known`."
    elif measure == "errors":
        where = "Who must name one class for everybody names the class that is said most often."
    else:
        where = "The number that loses least on the rows of `known`, and it is one for all rows."
    return Failure(expected=f"constant = {show(right)}", observed=show(told), where=where)


def judge_number(name: str, told: object, right: float) -> Failure | None:
    """Compare a loss."""
    if is_close(told, right):
        return None
    return Failure(
        expected=f"{name} = {right:.6g}",
        observed=show(told),
        where="The mean over the n rows of `outcomes`; the docstring says what each row costs.",
    )


def judge_skill(told: object, model: float, baseline: float) -> Failure | None:
    """Compare the skill; None where the constant loses nothing."""
    right = 1 - model / baseline if baseline else None
    if told is None and right is None:
        return None
    if told is not None and right is not None and is_close(told, right):
        return None
    if right is None:
        where = "One answer for everybody was right each time: nothing is left to take away."
    elif right < 0:
        where = (
            "Worse than one answer for everybody is below zero. It is the one thing that the "
            "reader of this number needs to be told."
        )
    else:
        where = "The part of the baseline's loss that is gone: 1 when all of it is, 0 when none is."
    shown = "None" if right is None else f"{right:.4f}"
    return Failure(expected=f"skill = {shown}", observed=show(told), where=where)


def choose_constant(known: Sequence[Any], measure: str) -> Any:  # noqa: ANN401
    """Return the constant that loses least on known rows."""
    if measure in {"absolute", "squared"}:
        return float(np.median(known) if measure == "absolute" else np.mean(known))
    counts = Counter(known)
    if measure == "errors":
        return counts.most_common(1)[0][0]
    return [counts[name] / len(known) for name in sorted(set(known))]


def score(outcomes: Sequence[Any], answers: Any, known: Sequence[Any], measure: str) -> float:  # noqa: ANN401
    """Return the mean loss of answers."""
    if measure == "errors":
        return float(np.mean([a != b for a, b in zip(answers, outcomes, strict=True)]))
    if measure == "brier":
        names = sorted(set(known))
        truth = np.array([[name == outcome for name in names] for outcome in outcomes], float)
        return float(((np.asarray(answers, float) - truth) ** 2).sum(axis=1).mean())
    distance = np.abs(np.asarray(answers, float) - np.asarray(outcomes, float))
    return float(np.mean(distance if measure == "absolute" else distance**2))


def is_close(told: object, right: Any) -> bool:  # noqa: ANN401
    """Say whether two texts, numbers or lists of numbers are the same."""
    if isinstance(right, str) or isinstance(told, str):
        return bool(told == right)
    try:
        found, wanted = np.asarray(told, float), np.asarray(right, float)
    except (TypeError, ValueError):
        return False
    return found.shape == wanted.shape and bool(np.allclose(found, wanted, rtol=1e-6, atol=1e-9))


def show(value: object) -> str:
    """Write a constant down for a message."""
    if isinstance(value, bool | str):
        return repr(value)
    if isinstance(value, int | float):
        return f"{value:.6g}"
    if isinstance(value, list) and all(isinstance(each, int | float) for each in value):
        return "[" + ", ".join(f"{each:.3f}" for each in value[:6]) + "]"
    return name_type(value)


def measure(cases: Sequence[Case], answers: Sequence[object]) -> Mapping[str, float]:
    """Keep the skill of the first two models."""
    first, second = (plain(answer)["skill"] for answer in answers[:2])
    return {"churn_skill": round(first, 3), "fraud_skill": round(second, 3)} if cases else {}

"""Judges the learner's route: by what it answers and refuses, then over HTTP."""

import math
import random
from itertools import islice
from typing import Any

from curriculum.checker.bench import Bench, Case, Failure, NotReadyError
from curriculum.material.deployed import require_part
from training.data.simulator import DATASET, live_traffic

PATH = "/v1/own/calls"
CUSTOMERS = 12
Json = dict[str, Any]


def prepare(bench: Bench) -> list[Case]:
    """Make questions that are to be answered, and questions that are to be refused."""
    chance = random.Random(bench.seed)  # noqa: S311 - a reproducible exercise, not a secret
    some = [round(chance.random(), 4) for _ in range(CUSTOMERS)]
    # Neither the first ones nor the last ones, whichever way somebody counts.
    some[0], some[-1] = 0.5001, 0.4999
    ties = [round(0.1 * chance.randint(2, 4), 1) for _ in range(CUSTOMERS)]
    few = some[:3]
    ask = [
        make_case("a dozen customers and time for four calls", some, 4),
        make_case("customers with equal chances", ties, 6),
        make_case("fewer customers than calls", few, 20),
    ]
    refuse = [
        refuse_case("no customers", {"customers": [], "calls": 3}),
        refuse_case("no calls", {"customers": [{"place": 0}], "calls": 0}),
        refuse_case("51 calls", {"customers": [{"place": 0}] * 60, "calls": 51}),
        refuse_case("201 customers", {"customers": [{"place": 0}] * 201, "calls": 3}),
        refuse_case("no number of calls", {"customers": [{"place": 0}]}),
        refuse_case("a name in place of a record", {"customers": ["T0-000001"], "calls": 3}),
        refuse_case(
            "a field that nobody declared",
            {"customers": [{"place": 0}], "calls": 3, "limit": 0.5},
        ),
    ]
    return [*ask, *refuse]


def judge(case: Case, answer: object) -> Failure | None:
    """Judge one answer, or one refusal."""
    if not isinstance(answer, dict):  # the driver always answers with a dict
        return Failure(expected="an answer", observed="none", where="`respond`")
    if answer["path"] != PATH:
        return Failure(
            expected=f"PATH = {PATH!r}",
            observed=f"{answer['path']!r}",
            where="Callers know this address; it must not change.",
        )
    if answer.get("untyped"):
        return Failure(
            expected="a Question that comes in and an Answer that goes out, both pydantic models",
            observed="another type, or none",
            where="The annotations of `respond`: the endpoint and its page read the types there.",
        )
    if case.expected is None:
        return judge_refusal(case, answer)
    if "refused" in answer:
        return Failure(
            expected="an answer",
            observed=f"the question was refused, at {'.'.join(answer['refused'][0])}",
            where="`Question` is stricter than the promise.",
        )
    return judge_calls(answer["answer"], case.expected) or judge_effort(answer["asked"])


def judge_refusal(case: Case, answer: Json) -> Failure | None:
    """See that the type itself says no."""
    if "refused" in answer:
        return None
    odd = "limit" in case.arguments[0]
    return Failure(
        expected=f"{case.name}: is refused before the model is asked",
        observed="it was answered",
        where="`Question`: a field that nobody declared is a misspelt one, and its sender believes "
        "that it counts."
        if odd
        else "`Question`: the type can hold the promise, so that `respond` need not ask.",
    )


def judge_calls(answer: Json, expected: list[tuple[int, float]]) -> Failure | None:
    """Compare the calls, in their order."""
    calls = answer.get("calls")
    if not isinstance(calls, list) or not all({"place", "chance"} <= set(each) for each in calls):
        return Failure(
            expected='{"calls": [{"place": …, "chance": …}, …]}',
            observed=str(answer)[:120],
            where="`Answer`; the top of the starter shows what the call centre reads.",
        )
    places = [each["place"] for each in calls]
    wanted = [place for place, _ in expected]
    if places != wanted:
        return Failure(
            expected=f"the places {wanted}: the likeliest first, of equal ones the earlier",
            observed=f"{places}",
            where="How `respond` chooses and orders, and by what: the chance that they leave, not "
            "that they stay.",
        )
    for each, (place, chance) in zip(calls, expected, strict=True):
        if not math.isclose(each["chance"], chance, abs_tol=1e-9):
            return Failure(
                expected=f"chance = {chance} for place {place}",
                observed=f"chance = {each['chance']}",
                where="The chance that they leave, not that they stay: the class is `yes`.",
            )
    return None


def judge_effort(asked: list[int]) -> Failure | None:
    """See that the model was asked once, for all."""
    if len(asked) == 1:
        return None
    return Failure(
        expected="one question to the model, with all customers in it",
        observed=f"`respond` asked the model {len(asked)} times",
        where="`predict` takes a list: a hundred rows take little longer than one.",
    )


def probe(bench: Bench) -> Failure | None:
    """Ask the deployed route over HTTP."""
    require_part(bench, "route")
    rows = [dict(row.record) for row in islice(live_traffic(seed=bench.seed), CUSTOMERS)]
    if bench.live.default_model != DATASET:
        raise NotReadyError(
            "The default model does not speak of customers who leave.",
            next_step="loop data use subscriptions",
        )
    answer = bench.live.api.post(PATH, {"customers": rows, "calls": 4})
    if answer.status_code != 200:
        return Failure(
            expected=f"POST {PATH} answers 200",
            observed=f"{answer.status_code}: {answer.text[:200]}",
            where="loop logs inference",
        )
    found = bench.live.predict(rows)["predictions"]
    chances = [each["probability"]["yes"] for each in found]
    failure = judge_calls(answer.json(), rank(chances, 4))
    if failure:
        return failure
    refused = bench.live.api.post(PATH, {"customers": rows, "calls": 0})
    if refused.status_code != 422:
        return Failure(
            expected="422 for a question without calls",
            observed=str(refused.status_code),
            where="`Question`",
        )
    return None


def rank(chances: list[float], calls: int) -> list[tuple[int, float]]:
    """Return whom to call: place and chance."""
    order = sorted(range(len(chances)), key=lambda place: (-chances[place], place))
    return [(place, chances[place]) for place in order[:calls]]


def make_case(name: str, chances: list[float], calls: int) -> Case:
    """Make a question to answer."""
    body = {"customers": [{"place": place} for place in range(len(chances))], "calls": calls}
    return Case(name, (body, chances), rank(chances, calls))


def refuse_case(name: str, body: Json) -> Case:
    """Make a question to refuse."""
    return Case(name, (body, [0.5]), None)

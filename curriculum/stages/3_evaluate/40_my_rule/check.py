"""Judges `judge`: on evaluations that differ in what matters, then by a run of the system."""

import math
import random
from dataclasses import dataclass
from typing import Any

from curriculum.checker.bench import Bench, Case, Failure
from curriculum.material.deployed import follow_run, read_run, require_part

LIMIT = 0.4
SETTING = "learner/rule.py"
Json = dict[str, Any]


@dataclass(frozen=True)
class Verdict:
    """What a rule is to say, and where to look when it says something else."""

    value: float
    limit: float
    passed: bool
    where: str


def prepare(bench: Bench) -> list[Case]:
    """Make evaluations: clear ones, lucky ones, and some that the promise is not about."""
    chance = random.Random(bench.seed)  # noqa: S311 - a reproducible exercise, not a secret
    good, poor = chance.uniform(0.55, 0.7), chance.uniform(0.1, 0.2)
    lucky = chance.uniform(0.42, 0.5)
    low = chance.uniform(0.25, 0.39)
    return [
        make_case(
            "a candidate with a good number from few customers",
            lucky,
            (low, lucky + 0.2),
            "The number is above the limit, and luck is not counted: with other customers it may "
            "be the lower end of its interval.",
        ),
        make_case("a good candidate", good, (good - 0.08, good + 0.08)),
        make_case("a poor candidate", poor, (poor - 0.05, poor + 0.05)),
        make_case(
            "a candidate whose interval begins at the limit",
            lucky,
            (LIMIT, 0.6),
            "The lower end is exactly the limit: the promise says at least.",
        ),
        about_no_class("regression", {"mean_absolute_error": chance.uniform(1, 9)}),
        about_no_class("multiclass", {"accuracy": chance.uniform(0.3, 0.9)}),
        Case(
            "a candidate whose recall was not measured",
            (make_evaluation("binary", {"accuracy": 0.9}, {"accuracy": (0.8, 0.95)}),),
            Verdict(
                0.0,
                LIMIT,
                passed=False,
                where="Nobody measured it: then it has not passed, either.",
            ),
        ),
    ]


def judge(case: Case, answer: object) -> Failure | None:
    """Compare the verdict, the decision first."""
    right = case.expected
    if not isinstance(answer, dict) or "unreadable" in answer:
        told = answer["unreadable"] if isinstance(answer, dict) else "no verdict"
        return Failure(
            expected="a dict of rule, value, limit, passed and advice",
            observed=str(told),
            where="What `judge` returns; its docstring names the fields.",
        )
    if answer["passed"] != right.passed:
        return Failure(
            expected=f"passed = {right.passed}, by the value {right.value:.3f}",
            observed=f"passed = {answer['passed']}, by the value {answer['value']:.3f}",
            where=right.where,
        )
    for name, number in (("value", right.value), ("limit", right.limit)):
        if not math.isclose(answer[name], number, rel_tol=1e-9, abs_tol=1e-12):
            return Failure(
                expected=f"{name} = {number:.4g}",
                observed=f"{name} = {answer[name]:.4g}",
                where=right.where,
            )
    if not right.passed and not str(answer["advice"]).strip():
        return Failure(
            expected="advice for those whose candidate was refused",
            observed="none",
            where="`advice`: what would you try next?",
        )
    return None


def probe(bench: Bench) -> Failure | None:
    """Train in the deployed system, and read what the gate says of the rule."""
    require_part(bench, "rule")
    model = bench.live.default_model
    run_id = str(follow_run(bench, model, "train", "--data", model)["run_id"])
    rules = read_run(bench, run_id, "gate.json")["rules"]
    own = next((rule for rule in rules if rule["setting"] == SETTING), None)
    if own is None:
        broken = next((rule for rule in rules if "your own rule" in rule["rule"]), None)
        return Failure(
            expected="a verdict of your own rule in the run's gate.json",
            observed=broken["advice"] if broken else "the reference's rules alone",
            where=f"loop report --run {run_id}",
        )
    intervals = read_run(bench, run_id, "evaluation.json")["intervals"]
    if not math.isclose(own["value"], intervals["recall"][0], rel_tol=1e-9):
        return Failure(
            expected=f"a verdict about the lower end, {intervals['recall'][0]:.3f}",
            observed=f"one about {own['value']:.3f}",
            where=f"loop report --run {run_id}",
        )
    bench.metrics["recall_low"] = float(own["value"])
    return None


def make_evaluation(task: str, metrics: Json, intervals: Json) -> Json:
    """Make an evaluation as a run writes it, as far as a rule needs it."""
    classes = {"binary": ["no", "yes"], "multiclass": ["a", "b", "c"], "regression": []}
    return {
        "task": task,
        "classes": classes[task],
        "candidate": "linear",
        "metrics": metrics,
        "intervals": {name: list(ends) for name, ends in intervals.items()},
        "losses": {"candidate": 0.15, "baseline": 0.24},
        "slices": [],
        "latency_ms": 0.03,
        "training_rows": 740,
        "holdout_rows": 186,
    }


def make_case(
    name: str,
    recall: float,
    ends: tuple[float, float],
    where: str = "The lower end of `intervals`.",
) -> Case:
    """Make a binary candidate of a recall and its interval."""
    metrics, intervals = (
        {"recall": recall, "accuracy": 0.8},
        {"recall": ends, "accuracy": (0.7, 0.9)},
    )
    if recall > LIMIT > ends[0]:
        where += " Judge by the lower end."
    right = Verdict(ends[0], LIMIT, passed=ends[0] >= LIMIT, where=where)
    return Case(name, (make_evaluation("binary", metrics, intervals),), right)


def about_no_class(task: str, metrics: Json) -> Case:
    """Make a candidate that the promise is not about."""
    intervals = {name: (0.9 * value, 1.1 * value) for name, value in metrics.items()}
    where = f"A {task} model has no recall of those who leave: the promise is not about it."
    right = Verdict(1.0, 0.0, passed=True, where=where)
    return Case(f"a {task} model", (make_evaluation(task, metrics, intervals),), right)

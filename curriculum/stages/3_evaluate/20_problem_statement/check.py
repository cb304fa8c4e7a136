"""Compares a problem statement with the learner's own data and runs, and with their gate."""

import tomllib
from typing import Any

from core import keys
from core.errors import InvalidInputError, NotFoundError
from core.metrics import LOSS_NAMES
from core.registry import Registry
from curriculum.checker.bench import Bench, Failure, NotReadyError
from curriculum.material.deployed import read_json, read_run

CALL, MARGIN, KEPT = 12.0, 150.0, 1 / 3
COSTS = {
    "true_negative": 0.0,
    "false_positive": CALL,
    "false_negative": MARGIN,
    "true_positive": CALL + (1 - KEPT) * MARGIN,
}
LIMITS = {
    "max_calibration_error": 0.04,
    "max_latency_ms": 20.0,
    "min_loss_decrease": 0.1,
    "min_slice_rows": 40,
    "max_slice_excess": 0.0,
}
PARTS: dict[str, tuple[str, ...]] = {
    "problem": ("dataset", "run"),
    "target": ("column", "positive"),
    "metric": ("name", "model", "baseline"),
    "costs": tuple(COSTS),
    "money": ("threshold", "call_nobody", "call_everybody"),
    "constraints": tuple(LIMITS),
}
WHY = {
    "true_negative": "Not called, and she stays: nothing happens.",
    "false_positive": "Called, and she would have stayed: the time and the voucher are spent.",
    "false_negative": "Not called, and she leaves: what is lost then?",
    "max_calibration_error": "4 points: 0.04 is what the statement allows.",
    "max_latency_ms": "For one customer, in milliseconds.",
    "min_loss_decrease": "10% better than treating all alike: a share of the baseline's loss.",
    "min_slice_rows": "From how many customers on is a group looked at?",
    "max_slice_excess": "Worse than knowing nothing for no group: an excess of zero.",
}
Document = dict[str, Any]


def inspect(bench: Bench, text: str) -> Failure | None:
    """Read the statement; compare it with data, run and arithmetic, then with the gate."""
    try:
        told: Document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return Failure(
            expected="a TOML file", observed=str(error)[:120], where="The line that it names."
        )
    failure = judge_shape(told) or judge_target(bench, told)
    if failure:
        return failure
    run_id = told["problem"]["run"]
    report, spec = find_run(bench, run_id)
    if report is None or spec is None or spec["contract"]["dataset"] != told["problem"]["dataset"]:
        return Failure(
            expected=f"a run of {told['problem']['dataset']} that was judged",
            observed=f"run = {str(run_id)[:40]!r}",
            where="loop runs lists them. Take one with a report: the champion's, for instance.",
        )
    failure = judge_metric(told["metric"], spec["contract"]["task"], report)
    failure = failure or judge_costs(told["costs"]) or judge_money(told["money"], report)
    failure = failure or judge_limits(told["constraints"])
    if failure:
        return failure
    bench.metrics["call_nobody_eur"] = float(told["money"]["call_nobody"])
    require_gate(bench, str(told["problem"]["dataset"]))
    return None


def judge_shape(told: Document) -> Failure | None:
    """Return a failure when a part or a setting is missing or of another kind."""
    texts = {"dataset", "run", "column", "positive", "name"}
    for part, names in PARTS.items():
        found = told.get(part)
        if not isinstance(found, dict):
            return Failure(
                expected=f"a part [{part}]", observed="none", where="The starter has all six."
            )
        for name in names:
            value = found.get(name)
            kind = str if name in texts else int | float
            if not isinstance(value, kind) or isinstance(value, bool):
                return Failure(
                    expected=f"{part}.{name}: {'a text' if name in texts else 'a number'}",
                    observed="nothing of the kind",
                    where=f"The part [{part}].",
                )
    return None


def judge_target(bench: Bench, told: Document) -> Failure | None:
    """Compare target and class with the data contract."""
    dataset = str(told["problem"]["dataset"])
    known = {
        info.key.removeprefix("contracts/").removesuffix(".json")
        for info in bench.store.list("contracts/")
    }
    if dataset not in known:
        return Failure(
            expected="a dataset of yours", observed=f"{dataset[:40]!r}", where="loop data list"
        )
    contract = read_contract(bench, dataset)
    if contract["task"] != "binary":
        return Failure(
            expected="a dataset with two classes",
            observed=f"{dataset} is a {contract['task']}",
            where="A call is made or not: take 'subscriptions', or one of yours with two classes.",
        )
    column, positive = told["target"]["column"], told["target"]["positive"]
    if column != contract["target"]:
        return Failure(
            expected="the column that the contract calls its target",
            observed=f"{column[:40]!r}",
            where="Which column says what happened? The data sheet that loop card writes names it.",
        )
    if positive != contract["classes"][-1]:
        return Failure(
            expected="the class for which a call is made",
            observed=f"{positive[:40]!r}",
            where="Of the two classes in the contract, the one that the model is asked about: its "
            "last.",
        )
    return None


def read_contract(bench: Bench, dataset: str) -> Document:
    """Read a data contract."""
    return read_json(bench, keys.contract(dataset))


def find_run(bench: Bench, run_id: object) -> tuple[Document | None, Document | None]:
    """Read report and spec of a run; None where there are none."""
    try:
        name = str(run_id)
        return read_run(bench, name, "report.json"), read_run(bench, name, "spec.json")
    except (NotFoundError, InvalidInputError, ValueError):
        return None, None


def judge_metric(told: Document, task: Any, report: Document) -> Failure | None:  # noqa: ANN401
    """Compare the metric's name and both of its values."""
    right = LOSS_NAMES[task]
    if told["name"] != right:
        return Failure(
            expected=f"metric.name = {right!r}",
            observed=f"{str(told['name'])[:40]!r}",
            where="Finance adds probabilities up, and costs decide: the number must reward "
            "probabilities that are right. It is the one that the gate compares models by.",
        )
    for name, values in (("model", report["metrics"]), ("baseline", report["baseline_metrics"])):
        if abs(told[name] - values[right]) > 0.0006:
            return Failure(
                expected=f"metric.{name}: the {right} of the run that you name",
                observed=f"{told[name]:.4f}",
                where="Read it again: loop report --run RUN, to four digits.",
            )
    return None


def judge_costs(told: Document) -> Failure | None:
    """Compare the cost matrix, cell by cell."""
    for name, right in COSTS.items():
        if abs(told[name] - right) <= 0.01:
            continue
        where = WHY.get(name, "")
        if name == "true_positive":
            where = explain_call(float(told[name]))
        return Failure(
            expected=f"costs.{name} as the statement has it",
            observed=f"{told[name]:g}",
            where=where,
        )
    return None


def explain_call(told: float) -> str:
    """Say what is missing in the cell in which a call may help."""
    if told <= 0:
        return (
            "She is called and would have left: the call and the voucher are paid for whether she "
            "would have left or not. A gain is not counted here, but in what is not lost."
        )
    if abs(told - CALL) < 0.01:
        return (
            "The call was paid for. And then? In two of three cases she leaves all the same, and "
            "the margin is lost as well."
        )
    if abs(told - (CALL + KEPT * MARGIN)) < 0.01:
        return "One in three stays; you have counted the margin of those, not of the others."
    return "The call, the voucher, and the margin of those who leave all the same."


def judge_money(told: Document, report: Document) -> Failure | None:
    """Compare the threshold and what both ways without a model cost."""
    false_alarm = COSTS["false_positive"] - COSTS["true_negative"]
    miss = COSTS["false_negative"] - COSTS["true_positive"]
    nobody, everybody = price(report)
    right = {
        "threshold": (
            false_alarm / (false_alarm + miss),
            0.001,
            "Where both cost the same: false alarm / (false alarm + miss), as differences.",
        ),
        "call_nobody": (
            nobody,
            0.05,
            "All who leave are missed. How many are they? Rows of `confusion` are the truth.",
        ),
        "call_everybody": (
            everybody,
            0.05,
            "Those who would have stayed cost one cell, those who would have left the other.",
        ),
    }
    for name, (value, room, where) in right.items():
        if abs(told[name] - value) > room:
            return Failure(
                expected=f"money.{name} by your own costs and the run's holdout",
                observed=f"{told[name]:g}",
                where=where,
            )
    return None


def price(report: Document) -> tuple[float, float]:
    """Return what it costs to call nobody, and everybody, for one customer of the holdout."""
    stayed, left = (sum(row) for row in report["confusion"])
    rows = stayed + left
    nobody = (stayed * COSTS["true_negative"] + left * COSTS["false_negative"]) / rows
    return nobody, (stayed * COSTS["false_positive"] + left * COSTS["true_positive"]) / rows


def judge_limits(told: Document) -> Failure | None:
    """Compare the constraints."""
    for name, right in LIMITS.items():
        if abs(told[name] - right) > 1e-9:
            return Failure(
                expected=f"constraints.{name} as the statement has it",
                observed=f"{told[name]:g}",
                where=WHY[name],
            )
    return None


def require_gate(bench: Bench, dataset: str) -> None:
    """Raise `NotReadyError` with the command that makes the gate go by the statement."""
    gate: Document = bench.live.loop("gate", "--model", dataset)
    # A declared precision or recall would decide instead of the costs.
    decision: dict[str, float | None] = {"target_precision": None, "target_recall": None}
    decision |= {f"{name}_cost": value for name, value in COSTS.items()}
    wanted: dict[str, dict[str, float | None]] = {"decision": decision, "gate": {**LIMITS}}
    settings = [
        f"--set {part}.{name}={'null' if value is None else f'{value:g}'}"
        for part, values in wanted.items()
        for name, value in values.items()
        if not is_same(gate[part][name], value)
    ]
    if settings:
        raise NotReadyError(
            "Your statement holds. Your gate does not go by it yet.",
            next_step=f"loop gate --model {dataset} " + " ".join(settings),
        )


def is_same(told: float | None, wanted: float | None) -> bool:
    """Compare a setting of the gate."""
    if told is None or wanted is None:
        return told is wanted
    return abs(told - wanted) <= 1e-9


def fill(bench: Bench, text: str) -> str:
    """Put what the own run measured into the answers of a proof; learners look it up."""
    registry = Registry(bench.store)
    champion = registry.alias("subscriptions")
    if champion is None:
        raise NotReadyError("There is no champion yet.", next_step="loop up")
    run_id = registry.version("subscriptions", champion.version).run_id
    report, contract = read_run(bench, run_id, "report.json"), read_contract(bench, "subscriptions")
    nobody, everybody = price(report)
    marks = {
        "run": run_id,
        "column": contract["target"],
        "positive": contract["classes"][-1],
        "model": f"{report['metrics']['brier_score']:.4f}",
        "baseline": f"{report['baseline_metrics']['brier_score']:.4f}",
        "nobody": f"{nobody:.2f}",
        "everybody": f"{everybody:.2f}",
    }
    for mark, value in marks.items():
        text = text.replace("{" + mark + "}", str(value))
    return text

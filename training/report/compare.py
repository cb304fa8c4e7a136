"""Two model versions, or two runs, side by side: numbers, what they were made of, verdicts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.bundle import load_bundle
from core.store import ObjectStore
from training.data.arrays import Rows, load_split
from training.data.reports import Curve, ReliabilityBin
from training.judge.curves import trace_classes
from training.judge.describe import describe_reliability
from training.judge.graph import Graph
from training.judge.paired import Difference, compare_metrics
from training.judge.score import DECISION_THRESHOLD, Holdout
from training.report.facts import Facts

LOWER_IS_BETTER: Final = frozenset(
    {
        "brier_score", "log_loss", "expected_calibration_error", "mean_absolute_error",
        "root_mean_squared_error", "mean_absolute_percentage_error",
    }
)  # fmt: skip
NEITHER_IS_BETTER: Final = frozenset({"interval_coverage"})
MAX_CHANGES: Final = 200


@dataclass(frozen=True, slots=True)
class Change:
    """Something that the two were not made of alike; "" where one has no such thing."""

    what: str
    first: str
    second: str


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two, with the curves that are drawn of it."""

    facts: Facts
    curves: tuple[Curve, ...]
    reliability: tuple[ReliabilityBin, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two runs that were compared.

    Attributes
    ----------
    differences : dict of str to Difference
        By metric: the second less the first.
    rows : int or None
        Of the holdout that both have answered; None where each is told by its own.
    note : str
        Which rows that were, or why there is no such holdout.
    """

    first: Side
    second: Side
    differences: Mapping[str, Difference]
    rows: int | None
    note: str
    changes: tuple[Change, ...]


def compare(store: ObjectStore, first: Facts, second: Facts) -> Pair:
    """Compare two runs of one model, on the same rows where both take the same inputs.

    Both graphs are asked about the holdout of the run that has later or more rows: the split goes
    by a hash or by time, so neither was fitted to any of them.
    """
    changes = _list_changes(first, second)
    if _describe_interface(first) != _describe_interface(second):
        note = "Each on its own holdout: the two have other inputs, or split rows in another way."
        return Pair(_stored(first), _stored(second), _subtract(first, second), None, note, changes)
    owner = max((second, first), key=lambda each: (each.data.holdout_from or 0.0, each.data.rows))
    rows = load_split(store, owner.run_id, owner.spec.contract).holdout
    asked = [(_open_holdout(each, rows), _ask(store, each, rows)) for each in (first, second)]
    return Pair(
        first=_trace(first, *asked[0]),
        second=_trace(second, *asked[1]),
        differences=compare_metrics(asked[0], asked[1]),
        rows=len(rows),
        note=f"Both on the {len(rows)} rows of the holdout of {owner.short_name}.",
        changes=changes,
    )


def find_better(name: str, difference: Difference) -> int:
    """Return 1 or 2 for the one that is better beyond chance, 0 for neither."""
    if difference.interval is None or name in NEITHER_IS_BETTER:
        return 0
    low, high = difference.interval
    if low <= 0 <= high:
        return 0
    return 2 if (high < 0) == (name in LOWER_IS_BETTER) else 1


def _open_holdout(facts: Facts, rows: Rows) -> Holdout:
    threshold, interval = facts.manifest.decision_threshold, facts.manifest.interval
    return Holdout(
        task=facts.spec.contract.task,
        target=rows.target,
        threshold=DECISION_THRESHOLD if threshold is None else threshold,
        half_width=None if interval is None else interval.half_width,
        groups=rows.groups,
    )


def _ask(store: ObjectStore, facts: Facts, rows: Rows) -> NDArray[np.float64]:
    return Graph(load_bundle(store, facts.evaluation.bundle_id).graph).predict(rows.inputs)


def _trace(facts: Facts, holdout: Holdout, answers: NDArray[np.float64]) -> Side:
    curves = trace_classes(facts.spec.contract, holdout, [("candidate", answers)])
    return Side(facts, curves, describe_reliability(holdout, answers))


def _stored(facts: Facts) -> Side:
    own = tuple(curve for curve in facts.report.curves if curve.model == "candidate")
    return Side(facts, own, facts.report.reliability)


def _subtract(first: Facts, second: Facts) -> dict[str, Difference]:
    before, now = first.report.metrics, second.report.metrics
    return {
        name: Difference(before[name], now[name], now[name] - before[name])
        for name in before
        if name in now
    }


def _describe_interface(facts: Facts) -> tuple[object, ...]:
    """Return what must be alike for two models to be asked about one holdout."""
    contract = facts.spec.contract
    numeric = tuple((column.name, column.kind) for column in contract.numeric_columns)
    strings = tuple((column.name, column.kind) for column in contract.string_columns)
    asked = (contract.dataset, contract.task, contract.target, contract.classes)
    # Where rows are split in another way, one was fitted to what the other held out.
    split = (facts.data.split, contract.group, contract.time, contract.identifier)
    return asked, numeric, strings, split


def _list_changes(first: Facts, second: Facts) -> tuple[Change, ...]:
    sides = [_describe_making(each) for each in (first, second)]
    names = list(dict.fromkeys([*sides[0], *sides[1]]))
    found = [Change(name, sides[0].get(name, ""), sides[1].get(name, "")) for name in names]
    return tuple(each for each in found if each.first != each.second)[:MAX_CHANGES]


def _describe_making(facts: Facts) -> dict[str, str]:
    """Return everything that decided a model, by name."""
    picked = next(each for each in facts.results if each.candidate == facts.report.candidate)
    data = facts.data
    found = {
        "candidate": picked.candidate,
        **{f"candidate: {name}": value for name, value in picked.parameters.items()},
        "calibration": picked.calibration,
        "decision threshold": _tell(facts.report.decision_threshold),
        "dataset version": data.version,
        "rows": _tell(data.rows),
        "training rows": _tell(data.training_rows),
        "holdout rows": _tell(data.holdout_rows),
        "quarantined rows": _tell(facts.summary.get("quarantined")),
        "split": data.split,
    }
    spec = facts.spec.model_dump(mode="json", exclude={"run_id", "raw_key", "contract"})
    contract = facts.spec.contract.model_dump(mode="json", exclude={"columns"})
    columns = {each.name: each.model_dump(mode="json") for each in facts.spec.contract.columns}
    found |= _flatten({"spec": spec, "contract": contract, "column": columns})
    provenance = facts.manifest.provenance.model_dump(
        mode="json", exclude={"dataset_version", "seed", "spec_sha256", "environment_sha256"}
    )
    return found | _flatten(provenance)


def _flatten(content: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in content.items():
        place = f"{prefix}: {name}" if prefix else name.replace("_", " ")
        found |= _flatten(value, place) if isinstance(value, Mapping) else {place: _tell(value)}
    return found


def _tell(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(_tell(each) for each in value)
    return "" if value is None else str(value)

"""Uses the learner's steps as other people would: together, alone, swapped, twice, nested."""

from collections.abc import Callable
from copy import deepcopy
from datetime import date
from types import ModuleType
from typing import Any

Rows = list[dict[str, Any]]


def drive(learner: ModuleType, what: str, rows: Rows, more: dict[str, Any]) -> dict[str, Any]:
    """Return what came of one way of using them; `broke` where that was not possible."""
    own = deepcopy(rows)
    try:
        return {"said": _WAYS[what](learner, own, more), "changed": own != rows}
    except Exception as error:  # noqa: BLE001 - told to the learner, in the check's words
        return {"broke": f"{type(error).__name__}: {error}"[:160]}


def _report(learner: ModuleType, rows: Rows, _: dict[str, Any]) -> object:
    return learner.make_report(rows)


def _twice(learner: ModuleType, rows: Rows, _: dict[str, Any]) -> object:
    learner.make_report(deepcopy(rows))
    return learner.make_report(rows)


def _clock(learner: ModuleType, rows: Rows, more: dict[str, Any]) -> object:
    return learner.make_report(rows, today=lambda: date.fromisoformat(more["day"]))


def _price(learner: ModuleType, rows: Rows, more: dict[str, Any]) -> object:
    return learner.make_report(rows, price=lambda row: more["euros"] * row["months"])


def _render(learner: ModuleType, rows: Rows, more: dict[str, Any]) -> object:
    asked: list[object] = []

    def keep(facts: dict[str, Any]) -> dict[str, Any]:
        asked.append(facts)
        return dict(facts)

    said = learner.make_report(rows, render=keep, today=lambda: date.fromisoformat(more["day"]))
    return {"facts": said, "times": len(asked)}


def _alone(learner: ModuleType, rows: Rows, _: dict[str, Any]) -> object:
    return [learner.price({"plan": row["plan"], "months": row["months"]}) for row in rows]


def _text(learner: ModuleType, _: Rows, more: dict[str, Any]) -> object:
    return learner.render(deepcopy(more["facts"]))


def _count(learner: ModuleType, rows: Rows, more: dict[str, Any]) -> object:
    return learner.count(rows, lambda _: more["euros"])


def _nested(learner: ModuleType, rows: Rows, _: dict[str, Any]) -> object:
    def ask(row: dict[str, Any]) -> object:
        learner.make_report([{**row, "plan": "basic"}])
        return learner.price(row)

    return learner.make_report(rows, price=ask)


_WAYS: dict[str, Callable[[ModuleType, Rows, dict[str, Any]], object]] = {
    "report": _report,
    "twice": _twice,
    "clock": _clock,
    "price": _price,
    "render": _render,
    "alone": _alone,
    "text": _text,
    "count": _count,
    "nested": _nested,
}

"""Compare a dict of numbers, texts and lists with the right one, and name well-known mistakes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from curriculum.checker.bench import plain
from curriculum.checker.results import Failure
from curriculum.material.answers import name_type, read_fields


@dataclass(frozen=True, slots=True)
class Mistake:
    """What a field holds when somebody went wrong in a way that many go, and what to tell them."""

    field: str
    value: Any
    words: str


def compare_fields(
    answer: object,
    right: Mapping[str, Any],
    *,
    where: Mapping[str, str],
    of: str,
    mistakes: Sequence[Mistake] = (),
    tolerance: float = 1e-6,
) -> Failure | None:
    """Return the first field that is not right, in the order of `right`.

    Parameters
    ----------
    where
        For each field where to look, unless a mistake is recognised.
    of
        The learner's function, for messages.
    tolerance
        Of numbers, relative.
    """
    answer = plain(answer)
    failure = read_fields(answer, right, where=f"What `{of}` returns; its docstring names it all.")
    if failure or not isinstance(answer, dict):
        return failure
    for name, value in right.items():
        told = answer[name]
        if agree(told, value, tolerance):
            continue
        words = next(
            (
                each.words
                for each in mistakes
                if each.field == name
                and not agree(each.value, value, tolerance)
                and agree(told, each.value, tolerance)
            ),
            where[name],
        )
        return Failure(
            expected=f"{name} = {show_value(value)}",
            observed=f"{name} = {show_value(told)}",
            where=words,
        )
    return None


def agree(told: object, right: object, tolerance: float = 1e-6) -> bool:
    """Say whether two values are the same; numbers and lists of them nearly."""
    if right is None or isinstance(right, str) or told is None or isinstance(told, str):
        return told == right
    if isinstance(right, Sequence):
        return (
            isinstance(told, Sequence)
            and len(told) == len(right)
            and all(agree(a, b, tolerance) for a, b in zip(told, right, strict=True))
        )
    if not isinstance(told, int | float):
        return False
    return bool(np.isclose(float(told), float(right), rtol=tolerance, atol=1e-9))  # type: ignore[arg-type]


def show_value(value: object, most: int = 6) -> str:
    """Write a value down for a message, long lists cut short."""
    if value is None or isinstance(value, bool | str):
        return repr(value)
    if isinstance(value, int | float):
        return f"{value:.5g}"
    if isinstance(value, list):
        more = ", …" if len(value) > most else ""
        return "[" + ", ".join(show_value(each) for each in value[:most]) + more + "]"
    return name_type(value)

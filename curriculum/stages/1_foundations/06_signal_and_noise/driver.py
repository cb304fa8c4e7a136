"""Calls `find_signal` once for every table of a case."""

from types import ModuleType
from typing import Any


def drive(learner: ModuleType, tables: Any, targets: Any) -> list[list[int]]:  # noqa: ANN401
    """Return the columns that were found, table by table."""
    found = []
    for X, y in zip(tables, targets, strict=True):
        columns = learner.find_signal(X.copy(), y.copy())
        found.append([int(column) for column in columns])
    return found

"""A simulation as records: JSON scalars as the API wants them, or cells of a CSV file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from training.data.simulator.schema import contract

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from core.contract import Column
    from training.data.simulator.measurement import Simulation

Scalar = str | float | int | bool | None


def to_records(simulation: Simulation) -> list[dict[str, Scalar]]:
    """Return one record per customer: the features of the data contract, missing = None."""
    columns = contract().columns
    values = [_scalars(simulation, column) for column in columns]
    names = [column.name for column in columns]
    return [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)]


def _scalars(simulation: Simulation, column: Column) -> list[Scalar]:
    if column.kind == "categorical":
        return [text or None for text in simulation.strings[column.name].tolist()]
    values = simulation.numeric[column.name]
    convert: Callable[[float], Scalar] = bool if column.kind == "boolean" else _plain_number
    return [None if np.isnan(value) else convert(value) for value in values.tolist()]


def _plain_number(value: float) -> float | int:
    return int(value) if value.is_integer() else value


def to_cells(simulation: Simulation) -> Iterator[list[str]]:
    """Yield one row of text cells per customer, features only: missing = an empty cell."""
    for record in to_records(simulation):
        yield [_cell(value) for value in record.values()]


def _cell(value: Scalar) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def outcomes(churned: NDArray[np.bool_]) -> list[str]:
    """Return the target's class of each customer."""
    return ["yes" if left else "no" for left in churned.tolist()]

"""The simulated business as a CSV file, with the kinds of dirt that real exports have."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from training.data.simulator.draws import TRAINING_STREAM, draw
from training.data.simulator.records import outcomes, to_cells
from training.data.simulator.schema import IDENTIFIER, OBSERVED_ON, TARGET, contract

if TYPE_CHECKING:
    from training.data.simulator.measurement import Simulation

DEFAULT_DIRTY_SHARE: Final = 0.02

DIRT: Final = {
    "impossible_value": "a tenure below zero",
    "wrong_kind": "a bill with its currency written into the cell",
    "unknown_category": "a plan that does not exist",
    "not_a_boolean": "neither true nor false in autopay",
    "missing_value": "no tenure",
    "missing_target": "no outcome",
    "unknown_class": "an outcome that is neither class",
    "duplicate_identifier": "the identifier of an earlier customer",
    "ragged": "one cell too many",
}
"""The kinds of dirty rows, each with what is wrong in it."""

_REPLACED = {
    "impossible_value": ("tenure_months", "-4"),
    "unknown_category": ("plan", "premium_plus"),
    "not_a_boolean": ("autopay", "maybe"),
    "missing_value": ("tenure_months", ""),
    "missing_target": (TARGET, ""),
    "unknown_class": (TARGET, "pending"),
}

_FIRST_ROW_NUMBER = 2


@dataclass(frozen=True, slots=True)
class CsvFile:
    """A file, and what was made dirty in it.

    Attributes
    ----------
    body : bytes
        UTF-8 with a header line; the same simulation gives the same bytes.
    dirty : dict of int to str
        Row number, as a spreadsheet counts (the header is row 1), to a key of `DIRT`.
    """

    body: bytes
    dirty: dict[int, str]


def to_csv(
    simulation: Simulation, *, seed: int, dirty_share: float = DEFAULT_DIRTY_SHARE
) -> CsvFile:
    """Write a simulation as a CSV file whose columns are those of the data contract.

    Parameters
    ----------
    simulation : Simulation
        The customers.
    seed : int
        Decides which rows are dirty and how.
    dirty_share : float
        About which share of the rows break the contract, from 0 to 1.

    Raises
    ------
    ValueError
        If `dirty_share` is no share.
    """
    if not 0.0 <= dirty_share <= 1.0:
        raise ValueError("dirty_share must be a share between 0 and 1")
    header = [IDENTIFIER, OBSERVED_ON, *(each.name for each in contract().columns), TARGET]
    rows = [
        [identifier, str(day), *cells, outcome]
        for identifier, day, cells, outcome in zip(
            simulation.identifiers.tolist(),
            simulation.observed_on,
            to_cells(simulation),
            outcomes(simulation.churned),
            strict=True,
        )
    ]
    dirty = _choose_dirty(len(rows), seed=seed, dirty_share=dirty_share)
    _soil(rows, dirty, place={name: index for index, name in enumerate(header)})
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return CsvFile(
        body=text.getvalue().encode(),
        dirty={index + _FIRST_ROW_NUMBER: kind for index, kind in dirty.items()},
    )


def _choose_dirty(rows: int, *, seed: int, dirty_share: float) -> dict[int, str]:
    """Choose rows to soil; the first stays clean, because a duplicate needs an earlier row."""
    chance = draw(rows, seed=seed, stream=TRAINING_STREAM).uniform
    kinds = list(DIRT)
    return {
        row: kinds[int(chance["dirt_kind"][row] * len(kinds))]
        for row in range(1, rows)
        if chance["dirty"][row] < dirty_share
    }


def _soil(rows: list[list[str]], dirty: dict[int, str], *, place: dict[str, int]) -> None:
    for row, kind in dirty.items():
        if kind == "wrong_kind":
            rows[row][place["monthly_bill"]] += " EUR"
        elif kind == "ragged":
            rows[row].append("")
        elif kind == "duplicate_identifier":
            clean = next(i for i in range(row - 1, -1, -1) if i not in dirty)
            rows[row][place[IDENTIFIER]] = rows[clean][place[IDENTIFIER]]
        else:
            column, text = _REPLACED[kind]
            rows[row][place[column]] = text

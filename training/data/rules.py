"""The rules of a data contract as SQL over text cells: a cell's value, and what is wrong."""

from collections.abc import Iterable, Sequence

from core.contract import Column, Contract, TimeFormat
from core.values import LARGEST_FLOAT32
from training.data.cells import (
    ODD_MARKS,
    Manner,
    is_quick_truth,
    is_unclear,
    known_text,
    manner_of,
    moment,
    quick_truth,
    quote_name,
    quote_text,
    quote_texts,
    truth,
)
from training.data.checked_cell import Cell, ask_doubt, find_fault, read_cells
from training.data.number_rules import EXACT_INTEGER, Number, describe_number

__all__ = [
    "EXACT_INTEGER", "Cell", "describe_feature", "describe_group", "describe_identifier",
    "describe_target", "describe_time", "quote_name", "quote_text", "read_cells",
]  # fmt: skip


def describe_feature(
    column: Column,
    cell: str,
    contract: Contract,
    *,
    odd_marks: Sequence[str] = ODD_MARKS,
    kind: str = "VARCHAR",
) -> Cell:
    """Return how to read a feature.

    Parameters
    ----------
    cell : str
        The SQL name of its raw cell.
    odd_marks : sequence of str
        Those of `ODD_MARKS` that the text may hold.
    kind : str
        The SQL type of the raw cell: a text, or what the column is (a number, a BOOLEAN).
    """
    missing = "NULL" if column.nullable else "'missing'"
    manner = manner_of(contract)
    if column.kind == "numeric":
        number = Number(cell, manner, odd_marks=odd_marks, kind=kind)
        return describe_number(column, number, contract.policies, missing=missing)
    if column.kind == "boolean":
        if kind == "BOOLEAN":
            fault = f"CASE WHEN {cell}_read IS NULL THEN {missing} END"
            doubt = ask_doubt(cell, missing)
            return Cell(column.name, cell, "NULL", cell, f"{cell}_read", doubt, fault)
        read = is_quick_truth(f"{cell}_first")
        closely = _closely(cell, truth(known_text(cell, manner)), first=read)
        fault = find_fault(cell, manner, missing, "not a boolean")
        doubt = ask_doubt(cell, missing)
        return Cell(column.name, cell, quick_truth(cell), closely, f"{cell}_read", doubt, fault)
    if column.categories:
        return _describe_category(column, cell, contract, missing=missing)
    return _describe_text(column.name, cell, manner, missing=missing)


def describe_target(contract: Contract, cell: str, *, odd_marks: Sequence[str] = ODD_MARKS) -> Cell:
    """Return how to read the target: a class, or a number (DOUBLE)."""
    name, read, manner = contract.target, f"{cell}_read", manner_of(contract)
    if contract.task == "regression":
        number = Number(cell, manner, odd_marks=odd_marks)
        fault = number.fault("'missing target'", "target is not a number")
        fault = f"CASE WHEN {number.too_large} THEN 'target is not a number' ELSE {fault} END"
        doubt = f"NOT coalesce(abs({read}) <= {LARGEST_FLOAT32!r}, FALSE)"
        return Cell(name, cell, number.first, number.read, read, doubt, fault)
    labels = contract.classes
    fault = find_fault(cell, manner, "'missing target'", "unknown class", declared=labels)
    return Cell(name, cell, *_read_label(cell, manner, labels), read, f"{read} IS NULL", fault)


def describe_identifier(contract: Contract, cell: str) -> Cell:
    """Return how to read the identifier; duplicates are found among the good rows."""
    missing = "'missing identifier'"
    return _describe_text(contract.identifier or "", cell, manner_of(contract), missing=missing)


def describe_group(contract: Contract, cell: str) -> Cell:
    """Return how to read the column that holds rows together."""
    return _describe_text(
        contract.group or "", cell, manner_of(contract), missing="'missing group'"
    )


def describe_time(name: str, cell: str, time_format: TimeFormat, manner: Manner) -> Cell:
    """Return how to read the time of a row: seconds since 1970 (DOUBLE), or its number."""
    fault = find_fault(cell, manner, "'missing time'", "not a time")
    read = f"{cell}_read"
    time = moment(f"{cell}_first", time_format, manner)
    return Cell(name, cell, known_text(cell, manner), time, read, f"{read} IS NULL", fault)


def _describe_text(name: str, cell: str, manner: Manner, *, missing: str) -> Cell:
    read = f"CASE WHEN {cell}_first THEN {known_text(cell, manner)} ELSE {cell} END"
    fault = f"CASE WHEN {cell}_read IS NULL THEN {missing} END"
    doubt = ask_doubt(cell, missing)
    return Cell(name, cell, is_unclear(cell, manner), read, f"{cell}_read", doubt, fault)


def _describe_category(column: Column, cell: str, contract: Contract, *, missing: str) -> Cell:
    labels, manner = column.categories or (), manner_of(contract)
    fault, changed = find_fault(cell, manner, missing, "unknown category", declared=labels), ""
    if contract.policies.unseen_category == "as_missing" and column.nullable:
        known = known_text(cell, manner, declared=labels)
        fault, changed = "NULL", f"{cell}_read IS NULL AND {known} IS NOT NULL"
    steps, doubt = _read_label(cell, manner, labels), ask_doubt(cell, missing)
    return Cell(column.name, cell, *steps, f"{cell}_read", doubt, fault, changed)


def _closely(cell: str, value: str, *, first: str = "") -> str:
    unread = f"{cell}_first IS NULL AND {cell} IS NOT NULL"
    return f"CASE WHEN {unread} THEN {value} ELSE {first or f'{cell}_first'} END"


def _read_label(cell: str, manner: Manner, labels: Iterable[str]) -> tuple[str, str]:
    """Return both steps to read one of a few texts, which then takes as much room as a number."""
    labels = tuple(labels)
    kind = f"ENUM({quote_texts(sorted(labels))})"
    known = known_text(cell, manner, declared=labels)
    return f"TRY_CAST({cell} AS {kind})", _closely(cell, f"TRY_CAST({known} AS {kind})")

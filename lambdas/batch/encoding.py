"""Shards become model inputs: text cells read as training reads them, values as serving does.

duckdb reads the cells by the rules of `training.data.rules`, all but the contract's ranges and
categories: what the endpoint answers with a warning is answered with one here, by the same readers
of `core.values`.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.columns import make_fillers
from core.contract import Column, Contract
from core.errors import IntegrityError, InvalidInputError
from core.inputs import CodedInputs, ModelInputs, list_labels
from core.values import Reader, read_columns
from training.data.cells import known_text, manner_of, quote_texts
from training.data.rules import EXACT_INTEGER, Cell, describe_feature, read_cells
from training.data.table import RawTable, fetch

Note = tuple[int, str, str]
"""Place among the good rows, field, and what to tell about it."""


@dataclass(frozen=True, slots=True)
class Rows:
    """A shard's rows, read.

    Attributes
    ----------
    numbers : int array of shape (n,)
        Of all rows but ragged ones, as the shard counts them.
    good : int array of shape (n_good,)
        Places of the rows that can be answered.
    inputs : ModelInputs or CodedInputs
        Of the good ones.
    notes : list of Note
    faults : dict of int to (str, str)
        Place of each other row: reason and field.
    identifiers : object array of shape (n,), or None
    """

    numbers: NDArray[np.int64]
    good: NDArray[np.int64]
    inputs: ModelInputs | CodedInputs
    notes: list[Note]
    faults: dict[int, tuple[str, str]]
    identifiers: NDArray[np.object_] | None


def check_columns(columns: Sequence[str], contract: Contract, *, name: str) -> list[str]:
    """Return the contract's columns that a file does not have, all of which may be missing.

    Raises
    ------
    InvalidInputError
        If it has none at all, or lacks one that may not be missing.
    """
    absent = [column for column in contract.columns if column.name not in columns]
    needed = [column.name for column in absent if not column.nullable]
    if needed or len(absent) == len(contract.columns):
        more = f" (and {len(needed) - 1} more)" if len(needed) > 1 else ""
        first = (needed or [absent[0].name])[0]
        raise InvalidInputError(
            f"{name} has no column {first!r}{more}, which the model needs.",
            next_step="loop models shows what the model is; its data contract names its columns.",
        )
    return [column.name for column in absent]


def read_rows(raw: RawTable, contract: Contract, *, as_codes: bool) -> tuple[RawTable, Rows]:
    """Read every row of a shard; return the file as it was found to be, and its rows.

    With `as_codes`, which only a contract without free text allows, inputs are `CodedInputs`.
    """
    check_columns(raw.columns, contract, name=raw.name)
    named = {name: f"c{place}" for place, name in enumerate(raw.columns)}
    kinds = dict(zip(raw.columns, map(str, raw.connection.table("cells").types), strict=True))
    cells = {
        column.name: _describe(column, named[column.name], contract, raw, kinds[column.name])
        for column in contract.columns
        if column.name in named
    }
    raw, every = fetch(raw, _check(cells, contract, named))
    shifts = raw.connection.execute("SELECT first, shift FROM shifts ORDER BY first").fetchnumpy()
    places = np.arange(raw.regular_rows)
    numbers = places + shifts["shift"][np.searchsorted(shifts["first"], places, "right") - 1]
    names = list(cells)
    is_good = np.ma.getmaskarray(every["fault"])
    faults = {}
    for place in np.flatnonzero(~is_good).tolist():
        wrong, _, reason = every["fault"][place].partition(" ")
        faults[place] = (reason, names[int(wrong)])
    good = np.flatnonzero(is_good)
    answered = {name: values[good] for name, values in every.items()} if faults else every
    inputs, notes = _encode(answered, names, contract, as_codes=as_codes)
    identifiers = _as_objects(every["identifier"]) if contract.identifier in named else None
    return raw, Rows(np.asarray(numbers, np.int64), good, inputs, notes, faults, identifiers)


def _describe(column: Column, cell: str, contract: Contract, raw: RawTable, kind: str) -> Cell:
    """Return how to read a column, whatever its range and its categories."""
    if not column.categories:
        free = column.model_copy(update={"minimum": None, "maximum": None})
        found = describe_feature(free, cell, contract, odd_marks=raw.odd_marks, kind=kind)
        return found if column.kind in ("numeric", "boolean") else _refuse_nul(found)
    labels, manner = column.categories, manner_of(contract)
    known = known_text(cell, manner, declared=labels)
    first = f"TRY_CAST({cell} AS ENUM({quote_texts(labels)}))"
    read = f"CASE WHEN {cell}_first IS NULL AND {cell} IS NOT NULL THEN {known} END"
    missing = f"{cell}_first IS NULL AND {cell}_read IS NULL"
    doubt = "FALSE" if column.nullable else missing
    fault = "NULL" if column.nullable else f"CASE WHEN {missing} THEN 'missing' END"
    return _refuse_nul(Cell(column.name, cell, first, read, f"{cell}_read", doubt, fault))


def _refuse_nul(cell: Cell) -> Cell:
    """Ask of a text what only Parquet can hold, and no model reads."""
    nul = f"contains({cell.raw}_read, chr(0))"
    return replace(
        cell,
        doubt=f"{cell.doubt} OR {nul}",
        fault=f"CASE WHEN {nul} THEN 'holds a NUL character' ELSE {cell.fault} END",
    )


def _check(cells: Mapping[str, Cell], contract: Contract, places: Mapping[str, str]) -> str:
    kinds = {column.name: column for column in contract.columns}
    values = []
    for i, (name, cell) in enumerate(cells.items()):
        read = f"{cell.raw}_read"
        if kinds[name].kind == "numeric":
            values.append(f"CAST({read} AS DOUBLE) AS v{i}")
        elif kinds[name].kind == "boolean":
            values.append(f"CAST({read} AS BOOLEAN) AS v{i}")
        else:
            values.append(f"{read} AS t{i}")
            if kinds[name].categories:
                values.append(f"enum_code({cell.raw}_first) AS v{i}")
    doubts = " OR ".join(f"({cell.doubt})" for cell in cells.values())
    # Which column is wrong, and why: as one text, because the longer the statement, the dearer.
    faults = ", ".join(f"'{i} ' || ({cell.fault})" for i, cell in enumerate(cells.values()))
    identifier = places.get(contract.identifier or "")
    names = [f"trim({identifier}) AS identifier"] if identifier else []
    return (
        f"SELECT {', '.join([*values, *names])},"  # noqa: S608
        f" CASE WHEN {doubts} THEN coalesce({faults}) END AS fault"
        f" FROM {read_cells(cells.values(), 'cells')}"
    )


def _encode(
    found: Mapping[str, NDArray[Any]], names: Sequence[str], contract: Contract, *, as_codes: bool
) -> tuple[ModelInputs | CodedInputs, list[Note]]:
    readers = read_columns(contract)
    numeric = np.full((len(found["fault"]), len(contract.numeric_columns)), np.nan, np.float32)
    notes: list[Note] = []
    places = {name: place for place, name in enumerate(names)}
    for j, column in enumerate(contract.numeric_columns):
        if (place := places.get(column.name)) is not None:
            values = np.ma.filled(found[f"v{place}"].astype(np.float64), np.nan)
            notes += _fill_numbers(readers[column.name], values, numeric[:, j])
    encode = _encode_codes if as_codes else _encode_strings
    inputs, told = encode(numeric, found, places, contract)
    return inputs, sorted([*notes, *told], key=lambda note: note[0])


def _encode_codes(
    numeric: NDArray[np.float32],
    found: Mapping[str, NDArray[Any]],
    places: Mapping[str, int],
    contract: Contract,
) -> tuple[CodedInputs, list[Note]]:
    readers = read_columns(contract)
    notes: list[Note] = []
    codes = np.empty((len(numeric), len(contract.string_columns)), np.int64)
    for j, column in enumerate(contract.string_columns):
        labels = list_labels(column)
        codes[:, j] = _take_codes(column, found, places)
        for row, text, note in _read_others(readers[column.name], found, places):
            codes[row, j] = labels.index(text) if text in labels else len(labels)
            notes += [(row, column.name, note)] if note else []
    return CodedInputs(numeric, codes), notes


def _encode_strings(
    numeric: NDArray[np.float32],
    found: Mapping[str, NDArray[Any]],
    places: Mapping[str, int],
    contract: Contract,
) -> tuple[ModelInputs, list[Note]]:
    readers, fillers = read_columns(contract), make_fillers(contract)
    notes: list[Note] = []
    strings = np.full((len(numeric), len(contract.string_columns)), "", np.object_)
    for j, column in enumerate(contract.string_columns):
        if column.categories:
            codes = _take_codes(column, found, places)
            strings[:, j] = np.array(list_labels(column), np.object_)[codes]
            for row, text, note in _read_others(readers[column.name], found, places):
                strings[row, j] = text
                notes += [(row, column.name, note)] if note else []
        elif (place := places.get(column.name)) is not None:
            texts = _as_objects(found[f"t{place}"]).tolist()
            told = fillers[column.name].fill(texts, strings[:, j])
            if told is None:
                raise IntegrityError("A text of the file is none that a model reads.")
            notes += [(row, column.name, rule) for row, rule in told]
    return ModelInputs(numeric, strings), notes


def _take_codes(
    column: Column, found: Mapping[str, NDArray[Any]], places: Mapping[str, int]
) -> NDArray[np.int64] | int:
    """Return the places in `list_labels` of categories that stand there, or are missing."""
    missing = len(list_labels(column)) - 1
    if column.name not in places:
        return missing
    codes: NDArray[np.int64] = np.ma.filled(
        found[f"v{places[column.name]}"].astype(np.int64), missing
    )
    return codes


def _read_others(
    reader: Reader, found: Mapping[str, NDArray[Any]], places: Mapping[str, int]
) -> Iterator[tuple[int, str, str | None]]:
    """Read what is no category as it stands, one by one with the endpoint's reader.

    Yields
    ------
    (row, text, note)
        The text is ``""`` where it means a missing value.
    """
    if reader.column.name not in places:
        return
    texts = found[f"t{places[reader.column.name]}"]
    for row in np.flatnonzero(~np.ma.getmaskarray(texts)).tolist():
        read, note = reader.read(texts[row])
        yield row, "" if read is None else str(read), note


def _as_objects(values: NDArray[Any]) -> NDArray[np.object_]:
    """Return texts with None where there is none."""
    found = np.ma.getdata(values).astype(np.object_)
    found[np.ma.getmaskarray(values)] = None
    return found


def _fill_numbers(
    reader: Reader, values: NDArray[np.float64], cells: NDArray[np.float32]
) -> list[Note]:
    """Fill in what is plainly right at once, and the rest one by one with the endpoint's reader.

    Text does not tell 1e9 from 1000000000: every whole number is one, as validation counts them.
    """
    column = reader.column
    cells[:] = values
    if column.kind == "boolean":
        return []
    low = max(-EXACT_INTEGER, -math.inf if column.minimum is None else column.minimum)
    high = min(EXACT_INTEGER, math.inf if column.maximum is None else column.maximum)
    odd = ~((values >= low) & (values <= high)) & ~np.isnan(values)
    notes = []
    for row in np.flatnonzero(odd).tolist():
        value: float = values[row].item()
        whole = int(value) if value.is_integer() else value
        read, note = reader.read(whole)
        cells[row] = read if isinstance(read, int | float) else math.nan
        if note:
            notes.append((row, column.name, note))
    return notes

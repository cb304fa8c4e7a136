"""The rules of a data contract as SQL over text cells: a cell's value, and what is wrong with it.

Every name and text from a contract is quoted here before it becomes part of a statement.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from core.contract import BLANKS, MISSING_MARKERS, Column, Contract, Policies, TimeFormat

TRUE_WORDS = ("true", "t", "yes", "y", "1")
FALSE_WORDS = ("false", "f", "no", "n", "0")
"""Cells of a boolean column, in upper or lower case."""

_CLOCKS = ("", " %H:%M", " %H:%M:%S")
# Two-digit years come first: "%Y" would take 24 for the year 24.
_DAYS = {
    "day_first": ("%d.%m.%y", "%d/%m/%y", "%d-%m-%y", "%d.%m.%Y", "%d/%m/%Y", "%d-%m-%Y"),
    "month_first": ("%m/%d/%y", "%m-%d-%y", "%m/%d/%Y", "%m-%d-%Y"),
}

LARGEST_FLOAT32 = 3.4028234663852886e38
_NUMBER = "[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?"


@dataclass(frozen=True, slots=True)
class Cell:
    """One column of a row, as SQL expressions in steps, each of which sees those before it.

    A step is made for a whole column at once, so that what is true of nearly all cells is found
    out cheaply and the rest is looked at closely.

    Attributes
    ----------
    name : str
        The column's name.
    raw : str
        SQL name of its text in the file.
    first : str
        A first, cheap reading of the text; NULL where that was not possible. `read_cells` makes
        the column ``{raw}_first`` of it.
    read : str
        The value as the file says it, from the text and the first reading; NULL when missing or
        no value of this kind. `read_cells` makes the column ``{raw}_read`` of it.
    value : str
        The value as the contract's policies leave it, from what was read.
    doubt : str
        Whether there may be a fault: a cheap question, so that few rows are asked for theirs.
    fault : str
        The reason why the row breaks the contract, from the text and what was read; NULL when it
        does not.
    changed : str
        Whether a policy has changed the value, from the text and what was read; empty when none
        can.
    """

    name: str
    raw: str
    first: str
    read: str
    value: str
    doubt: str
    fault: str
    changed: str = ""


def quote_text(text: str) -> str:
    """Return a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def quote_name(name: str) -> str:
    """Return a column's name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def describe_feature(column: Column, cell: str, policies: Policies) -> Cell:
    """Return how to read a feature; `cell` is the SQL name of its raw text."""
    missing = "NULL" if column.nullable else "'missing'"
    if column.kind == "numeric":
        return _describe_number(column, cell, policies, missing=missing)
    if column.kind == "boolean":
        closely = _closely(cell, _truth(known_text(cell)))
        fault = _fault(cell, missing, "not a boolean")
        doubt = _doubt(cell, missing)
        return Cell(column.name, cell, _truth(cell), closely, f"{cell}_read", doubt, fault)
    if column.categories:
        return _describe_category(column, cell, policies, missing=missing)
    return _describe_text(column.name, cell, missing=missing)


def describe_target(contract: Contract, cell: str) -> Cell:
    """Return how to read the target: a class, or a number (DOUBLE)."""
    name, read = contract.target, f"{cell}_read"
    if contract.task == "regression":
        fault = _fault(cell, "'missing target'", "target is not a number")
        fault = f"CASE WHEN {_too_large(cell)} THEN 'target is not a number' ELSE {fault} END"
        doubt = f"{read} IS NULL OR {_too_large(cell)}"
        return Cell(name, cell, _fast_number(cell), _number_closely(cell), read, doubt, fault)
    labels = contract.classes
    fault = _fault(cell, "'missing target'", "unknown class", declared=labels)
    return Cell(name, cell, *_read_label(cell, labels), read, f"{read} IS NULL", fault)


def describe_identifier(name: str, cell: str) -> Cell:
    """Return how to read the identifier; duplicates are found among the good rows."""
    return _describe_text(name, cell, missing="'missing identifier'")


def describe_group(name: str, cell: str) -> Cell:
    """Return how to read the column that holds rows together."""
    return _describe_text(name, cell, missing="'missing group'")


def describe_time(name: str, cell: str, time_format: TimeFormat) -> Cell:
    """Return how to read the time of a row: seconds since 1970 (DOUBLE), or its number."""
    fault = _fault(cell, "'missing time'", "not a time")
    moment = _moment(f"{cell}_first", time_format)
    read = f"{cell}_read"
    return Cell(name, cell, known_text(cell), moment, read, f"{read} IS NULL", fault)


def read_cells(cells: Iterable[Cell], source: str) -> str:
    """Return the SQL of the rows of `source` with ``{raw}_first`` and ``{raw}_read`` added."""
    cells = list(cells)
    first = ", ".join(f"{cell.first} AS {cell.raw}_first" for cell in cells)
    read = ", ".join(f"{cell.read} AS {cell.raw}_read" for cell in cells)
    return f"(SELECT *, {read} FROM (SELECT *, {first} FROM {source}))"  # noqa: S608


def count_rounded(number: str) -> str:
    """Return the SQL that counts whole numbers that float32 cannot hold (above 2 to the 24th)."""
    return (
        f"count(*) FILTER (WHERE {number} = floor({number})"
        f" AND abs({number}) <= {LARGEST_FLOAT32!r}"
        f" AND CAST(TRY_CAST({number} AS FLOAT) AS DOUBLE) <> {number})"
    )


def known_text(cell: str, *, declared: Iterable[str] = ()) -> str:
    """Return the SQL of a cell's text without blanks at its ends, NULL when it is missing."""
    return _unless_missing(_trimmed(cell), declared=declared)


def known_number(cell: str) -> str:
    """Return the SQL of a cell's number (DOUBLE), NULL when it is none."""
    return _number(known_text(cell))


def _describe_text(name: str, cell: str, *, missing: str) -> Cell:
    read = _unless_missing(f"{cell}_first")
    fault = f"CASE WHEN {cell}_read IS NULL THEN {missing} END"
    doubt = _doubt(cell, missing)
    return Cell(name, cell, _trimmed(cell), read, f"{cell}_read", doubt, fault)


def _describe_category(column: Column, cell: str, policies: Policies, *, missing: str) -> Cell:
    labels = column.categories or ()
    fault, changed = _fault(cell, missing, "unknown category", declared=labels), ""
    if policies.unseen_category == "as_missing" and column.nullable:
        known = known_text(cell, declared=labels)
        fault, changed = "NULL", f"{cell}_read IS NULL AND {known} IS NOT NULL"
    steps, doubt = _read_label(cell, labels), _doubt(cell, missing)
    return Cell(column.name, cell, *steps, f"{cell}_read", doubt, fault, changed)


def _describe_number(column: Column, cell: str, policies: Policies, *, missing: str) -> Cell:
    value, wrong, changed = f"{cell}_read", _too_large(cell), ""
    if outside := _outside(column, value):
        if policies.out_of_range == "clip":
            changed, value = f"({outside}) AND NOT {wrong}", _clip(column, value)
        elif policies.out_of_range == "as_missing" and column.nullable:
            changed, value = (
                f"({outside}) AND NOT {wrong}",
                f"CASE WHEN NOT ({outside}) THEN {value} END",
            )
        else:
            wrong += f" OR {outside}"
    fault = (
        f"CASE WHEN {wrong} THEN 'out of range' ELSE {_fault(cell, missing, 'not a number')} END"
    )
    first, read = _fast_number(cell), _number_closely(cell)
    value, doubt = f"TRY_CAST({value} AS FLOAT)", f"({_doubt(cell, missing)}) OR {wrong}"
    return Cell(column.name, cell, first, read, value, doubt, fault, changed)


def _outside(column: Column, number: str) -> str:
    below = [f"{number} < {column.minimum!r}::DOUBLE"] * (column.minimum is not None)
    above = [f"{number} > {column.maximum!r}::DOUBLE"] * (column.maximum is not None)
    return " OR ".join(below + above)


def _clip(column: Column, number: str) -> str:
    clipped = number
    if column.minimum is not None:
        clipped = f"greatest({clipped}, {column.minimum!r}::DOUBLE)"
    if column.maximum is not None:
        clipped = f"least({clipped}, {column.maximum!r}::DOUBLE)"
    # Of a number and NULL, greatest and least take the number.
    return f"CASE WHEN {number} IS NOT NULL THEN {clipped} END"


def _too_large(cell: str) -> str:
    return f"abs({cell}_read) > {LARGEST_FLOAT32!r}"


def _fast_number(cell: str) -> str:
    return f"TRY_CAST({cell} AS DOUBLE)"


def _number_closely(cell: str) -> str:
    # A cast takes what is no number here: infinities, and digits with underscores.
    plain = f"isfinite({cell}_first) AND NOT contains({cell}, '_')"
    return f"CASE WHEN {plain} THEN {cell}_first ELSE {known_number(cell)} END"


def _closely(cell: str, value: str) -> str:
    return f"CASE WHEN {cell}_first IS NOT NULL THEN {cell}_first ELSE {value} END"


def _read_label(cell: str, labels: Iterable[str]) -> tuple[str, str]:
    """Return both steps to read one of a few texts, which then takes as much room as a number."""
    labels = tuple(labels)
    kind = f"ENUM({_texts(sorted(labels))})"
    known = known_text(cell, declared=labels)
    return f"TRY_CAST({cell} AS {kind})", _closely(cell, f"TRY_CAST({known} AS {kind})")


def _truth(text: str) -> str:
    return (
        f"CASE WHEN lower({text}) IN ({_texts(TRUE_WORDS)}) THEN TRUE"
        f" WHEN lower({text}) IN ({_texts(FALSE_WORDS)}) THEN FALSE END"
    )


def _moment(text: str, time_format: TimeFormat) -> str:
    if time_format == "number":
        return _number(text)
    if time_format == "iso":
        # The pattern keeps out words that a cast would take: epoch, infinity.
        return (
            f"CASE WHEN regexp_matches({text}, '^[0-9]{{4}}[-/]')"
            f" THEN epoch(TRY_CAST({text} AS TIMESTAMP)) END"
        )
    formats = _texts(day + clock for day in _DAYS[time_format] for clock in _CLOCKS)
    return f"epoch(try_strptime({text}, [{formats}]))"


def _trimmed(cell: str) -> str:
    return f"trim({cell}, {quote_text(BLANKS)})"


def _unless_missing(text: str, *, declared: Iterable[str] = ()) -> str:
    kept = set(declared)
    markers = [marker for marker in MISSING_MARKERS if marker not in kept]
    return f"CASE WHEN {text} NOT IN ({_texts(markers)}) THEN {text} END"


def _number(text: str) -> str:
    # The pattern keeps out what a cast would take: infinities, digits with underscores, hex.
    return f"CASE WHEN regexp_full_match({text}, '{_NUMBER}') THEN TRY_CAST({text} AS DOUBLE) END"


def _doubt(cell: str, missing: str) -> str:
    # An empty cell is NULL from the start, and no fault where the column may be missing.
    return f"{cell}_read IS NULL" + (f" AND {cell} IS NOT NULL" if missing == "NULL" else "")


def _fault(cell: str, missing: str, wrong: str, *, declared: Iterable[str] = ()) -> str:
    known = known_text(cell, declared=declared)
    return (
        f"CASE WHEN {cell}_read IS NULL THEN"
        f" CASE WHEN {known} IS NULL THEN {missing} ELSE {quote_text(wrong)} END END"
    )


def _texts(texts: Iterable[str]) -> str:
    return ", ".join(quote_text(text) for text in texts)

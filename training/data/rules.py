"""The rules of a data contract as SQL over text cells: a cell's value, and what is wrong with it.

Every name and text from a contract is quoted here before it becomes part of a statement.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from core.contract import Column, Contract, TimeFormat

MISSING_MARKERS = ("", "?", "NA", "N/A", "null", "NULL", "NaN", "-")
"""Cells that mean "not known", after blanks at both ends are gone. A contract that declares one of
them as a category or class keeps it as that."""

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
_BLANKS = " \t\r\n\u00a0"
_NUMBER = "[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?"


@dataclass(frozen=True, slots=True)
class Cell:
    """One column of a row, as two SQL expressions.

    Attributes
    ----------
    name : str
        The column's name.
    value : str
        Its typed value, NULL when missing or wrong.
    fault : str
        The reason why the row breaks the contract, NULL when it does not.
    """

    name: str
    value: str
    fault: str


def quote_text(text: str) -> str:
    """Return a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def quote_name(name: str) -> str:
    """Return a column's name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def describe_feature(column: Column, cell: str) -> Cell:
    """Return value and fault of a feature; `cell` is the SQL name of its raw text."""
    missing = "NULL" if column.nullable else "'missing'"
    if column.kind == "numeric":
        text = _known_text(cell)
        return Cell(
            name=column.name,
            value=f"TRY_CAST({_number(text)} AS FLOAT)",
            fault=_number_fault(column, text, missing=missing),
        )
    if column.kind == "boolean":
        text = f"lower({_known_text(cell)})"
        value = (
            f"CASE WHEN {text} IN ({_texts(TRUE_WORDS)}) THEN TRUE"
            f" WHEN {text} IN ({_texts(FALSE_WORDS)}) THEN FALSE END"
        )
        wrong = f"({value}) IS NULL"
        return Cell(column.name, value, _fault(text, missing, wrong, "not a boolean"))
    text = _known_text(cell, declared=column.categories or ())
    wrong = f"{text} NOT IN ({_texts(column.categories)})" if column.categories else "FALSE"
    return Cell(column.name, text, _fault(text, missing, wrong, "unknown category"))


def describe_target(contract: Contract, cell: str) -> Cell:
    """Return value and fault of the target: a class's text, or a number (DOUBLE)."""
    text = _known_text(cell, declared=contract.classes)
    if contract.task == "regression":
        value = _number(text)
        wrong = f"{value} IS NULL OR abs({value}) > {LARGEST_FLOAT32!r}"
        fault = _fault(text, "'missing target'", wrong, "target is not a number")
        return Cell(contract.target, value, fault)
    wrong = f"{text} NOT IN ({_texts(contract.classes)})"
    return Cell(contract.target, text, _fault(text, "'missing target'", wrong, "unknown class"))


def describe_identifier(name: str, cell: str) -> Cell:
    """Return value and fault of the identifier; duplicates are found among the good rows."""
    text = _known_text(cell)
    return Cell(name, text, _fault(text, "'missing identifier'", "FALSE", ""))


def describe_group(name: str, cell: str) -> Cell:
    """Return value and fault of the column that holds rows together."""
    text = _known_text(cell)
    return Cell(name, text, _fault(text, "'missing group'", "FALSE", ""))


def describe_time(name: str, cell: str, time_format: TimeFormat) -> Cell:
    """Return value and fault of the time of a row: seconds since 1970 (DOUBLE), or its number."""
    text = _known_text(cell)
    value = _moment(text, time_format)
    fault = _fault(text, "'missing time'", f"{value} IS NULL", "not a time")
    return Cell(name, value, fault)


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


def count_rounded(cell: str) -> str:
    """Return the SQL that counts whole numbers that float32 cannot hold (above 2 to the 24th)."""
    number = _number(_known_text(cell))
    return (
        f"count(*) FILTER (WHERE {number} = floor({number})"
        f" AND abs({number}) <= {LARGEST_FLOAT32!r}"
        f" AND CAST(TRY_CAST({number} AS FLOAT) AS DOUBLE) <> {number})"
    )


def _known_text(cell: str, *, declared: Iterable[str] = ()) -> str:
    markers = [marker for marker in MISSING_MARKERS if marker not in declared]
    trimmed = f"trim({cell}, {quote_text(_BLANKS)})"
    return f"CASE WHEN {trimmed} NOT IN ({_texts(markers)}) THEN {trimmed} END"


def _number(text: str) -> str:
    # The pattern keeps out what a cast would take: infinities, digits with underscores, hex.
    return f"CASE WHEN regexp_full_match({text}, '{_NUMBER}') THEN TRY_CAST({text} AS DOUBLE) END"


def _number_fault(column: Column, text: str, *, missing: str) -> str:
    number = _number(text)
    limits = [f"abs({number}) > {LARGEST_FLOAT32!r}"]
    if column.minimum is not None:
        limits.append(f"{number} < {column.minimum!r}::DOUBLE")
    if column.maximum is not None:
        limits.append(f"{number} > {column.maximum!r}::DOUBLE")
    return (
        f"CASE WHEN {text} IS NULL THEN {missing} WHEN {number} IS NULL THEN 'not a number'"
        f" WHEN {' OR '.join(limits)} THEN 'out of range' END"
    )


def _fault(text: str, missing: str, wrong: str, reason: str) -> str:
    return f"CASE WHEN {text} IS NULL THEN {missing} WHEN {wrong} THEN {quote_text(reason)} END"


def _texts(texts: Iterable[str]) -> str:
    return ", ".join(quote_text(text) for text in texts)

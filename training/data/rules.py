"""The rules of a data contract as SQL over text cells: a cell's value, and what is wrong with it.

Every name and text from a contract is quoted here before it becomes part of a statement.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from core.contract import Column, Contract

MISSING_MARKERS = ("", "?", "NA", "N/A", "null", "NULL", "NaN", "-")
"""Cells that mean "not known", after blanks at both ends are gone. A contract that declares one of
them as a category or class keeps it as that."""

TRUE_WORDS = ("true", "t", "yes", "y", "1")
FALSE_WORDS = ("false", "f", "no", "n", "0")
"""Cells of a boolean column, in upper or lower case."""

LARGEST_FLOAT32 = 3.4028234663852886e38
_BLANKS = " \t\r\n\u00a0"
_NO_NUMBER = "CAST(NULL AS DOUBLE)"
_NUMBER = "[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?"


@dataclass(frozen=True, slots=True)
class Cell:
    """One column of a row, as SQL expressions that `select_cells` puts together.

    Attributes
    ----------
    name : str
        The column's name.
    place : int
        Where it stands in the file, from 0.
    text : str
        Its text over ``c{place}``, the raw text without blanks at both ends; NULL when missing.
    number : str
        Its number (DOUBLE) over ``t{place}``, that text; NULL when it is none or asked for none.
    value : str
        Its typed value over ``t{place}`` and ``n{place}``, that number; NULL when missing or wrong.
    fault : str
        The reason why the row breaks the contract, over the same two; NULL when it does not.
    """

    name: str
    place: int
    text: str
    number: str
    value: str
    fault: str


def select_cells(cells: Iterable[Cell]) -> str:
    """Return the query of ``row_number``, ``t{place}`` and ``n{place}`` of the table ``raw``.

    Each layer works one thing out, once a cell: to trim and to match is most of the time that
    validation takes, and the rules ask for the results many times.
    """
    cells = tuple(cells)
    trimmed = ", ".join(f"trim(c{c.place}, {quote_text(_BLANKS)}) AS c{c.place}" for c in cells)
    texts = ", ".join(f"{c.text} AS t{c.place}" for c in cells)
    numbers = ", ".join(f"{c.number} AS n{c.place}" for c in cells)
    return (
        f"SELECT *, {numbers} FROM (SELECT row_number, {texts}"  # noqa: S608 (all of it is made here)
        f" FROM (SELECT row_number, {trimmed} FROM raw))"
    )


def quote_text(text: str) -> str:
    """Return a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def quote_name(name: str) -> str:
    """Return a column's name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def describe_feature(column: Column, place: int) -> Cell:
    """Describe a feature that stands at `place` (from 0) in the file."""
    missing = "NULL" if column.nullable else "'missing'"
    text, number = f"t{place}", f"n{place}"
    if column.kind == "numeric":
        return Cell(
            name=column.name,
            place=place,
            text=_known_text(place),
            number=_number(text),
            value=f"TRY_CAST({number} AS FLOAT)",
            fault=_number_fault(column, text, number, missing=missing),
        )
    if column.kind == "boolean":
        value = (
            f"CASE WHEN {text} IN ({_texts(TRUE_WORDS)}) THEN TRUE"
            f" WHEN {text} IN ({_texts(FALSE_WORDS)}) THEN FALSE END"
        )
        known = f"lower({_known_text(place)})"
        fault = _fault(text, missing, f"({value}) IS NULL", "not a boolean")
        return Cell(column.name, place, known, _NO_NUMBER, value, fault)
    known = _known_text(place, declared=column.categories or ())
    wrong = f"{text} NOT IN ({_texts(column.categories)})" if column.categories else "FALSE"
    fault = _fault(text, missing, wrong, "unknown category")
    return Cell(column.name, place, known, _NO_NUMBER, text, fault)


def describe_target(contract: Contract, place: int) -> Cell:
    """Describe the target: its value is a class's text, or a number (DOUBLE)."""
    known = _known_text(place, declared=contract.classes)
    text, number = f"t{place}", f"n{place}"
    if contract.task == "regression":
        wrong = f"{number} IS NULL OR abs({number}) > {LARGEST_FLOAT32!r}"
        fault = _fault(text, "'missing target'", wrong, "target is not a number")
        return Cell(contract.target, place, known, _number(text), number, fault)
    wrong = f"{text} NOT IN ({_texts(contract.classes)})"
    fault = _fault(text, "'missing target'", wrong, "unknown class")
    return Cell(contract.target, place, known, _NO_NUMBER, text, fault)


def describe_identifier(name: str, place: int) -> Cell:
    """Describe the identifier; duplicates are found among the good rows."""
    text = f"t{place}"
    fault = _fault(text, "'missing identifier'", "FALSE", "")
    return Cell(name, place, _known_text(place), _NO_NUMBER, text, fault)


def count_rounded(number: str) -> str:
    """Return the SQL that counts whole numbers that float32 cannot hold (above 2 to the 24th)."""
    return (
        f"count(*) FILTER (WHERE {number} = floor({number})"
        f" AND abs({number}) <= {LARGEST_FLOAT32!r}"
        f" AND CAST(TRY_CAST({number} AS FLOAT) AS DOUBLE) <> {number})"
    )


def _known_text(place: int, *, declared: Iterable[str] = ()) -> str:
    markers = [marker for marker in MISSING_MARKERS if marker not in declared]
    return f"CASE WHEN c{place} NOT IN ({_texts(markers)}) THEN c{place} END"


def _number(text: str) -> str:
    # The pattern keeps out what a cast would take: infinities, digits with underscores, hex.
    return f"CASE WHEN regexp_full_match({text}, '{_NUMBER}') THEN TRY_CAST({text} AS DOUBLE) END"


def _number_fault(column: Column, text: str, number: str, *, missing: str) -> str:
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

"""One column of a row as SQL: how it is read, and what can be wrong with it."""

from collections.abc import Iterable
from dataclasses import dataclass

from training.data.cells import Manner, known_text, quote_text


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
    rounded : str
        Whether it is a whole number that float32 cannot hold; empty when it cannot be.
    """

    name: str
    raw: str
    first: str
    read: str
    value: str
    doubt: str
    fault: str
    changed: str = ""
    rounded: str = ""


def read_cells(cells: Iterable[Cell], source: str) -> str:
    """Return the SQL of the rows of `source` with ``{raw}_first`` and ``{raw}_read`` added."""
    cells = list(cells)
    first = ", ".join(f"{cell.first} AS {cell.raw}_first" for cell in cells)
    read = ", ".join(f"{cell.read} AS {cell.raw}_read" for cell in cells)
    return f"(SELECT *, {read} FROM (SELECT *, {first} FROM {source}))"  # noqa: S608


def ask_doubt(cell: str, missing: str) -> str:
    """Return the SQL of whether a value that was not read may be a fault."""
    # An empty cell is NULL from the start, and no fault where the column may be missing.
    if missing != "NULL":
        return f"{cell}_read IS NULL"
    return f"({cell}_read IS NULL AND {cell} IS NOT NULL)"


def find_fault(
    cell: str,
    manner: Manner,
    missing: str,
    wrong: str,
    *,
    declared: Iterable[str] = (),
    text: str = "",
) -> str:
    """Return the SQL of the fault of a value that was not read: `missing`, or what is wrong.

    `text` is the SQL of the cell's text, where the cell itself is none.
    """
    known = known_text(text or cell, manner, declared=declared)
    return (
        f"CASE WHEN {cell}_read IS NULL THEN"
        f" CASE WHEN {known} IS NULL THEN {missing} ELSE {quote_text(wrong)} END END"
    )

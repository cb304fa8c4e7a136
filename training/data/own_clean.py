"""The learner's own cleaning: each row of a file goes through their ``clean`` before the contract.

It sees one row at a time, so nothing that it does can carry what the holdout knows into training.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from core import parts
from core.parts import PartError
from training.data.cells import ODD_MARKS
from training.data.table import RawTable, fork, load

ROWS_AT_ONCE = 10_000

Texts = tuple[str | None, ...]


def clean_cells(raw: RawTable) -> tuple[RawTable, int]:
    """Give every whole row of a file to the learner's part, if there is one.

    A ragged row is not given: nobody knows which of its cells belongs to which column.

    Returns
    -------
    RawTable
        With what came back as its cells; the file as it was where there is no part.
    int
        How many rows it changed.

    Raises
    ------
    PartError
        If the part breaks, or answers anything but the row's own columns with texts.
    """
    function = parts.load_function("clean")
    if function is None:
        return raw, 0
    raw = load(raw, "given", "SELECT * FROM cells")
    columns = [f"c{place}" for place in range(len(raw.columns))]
    typed = ", ".join(f"{column} VARCHAR" for column in columns)
    raw.connection.execute(f"CREATE TABLE cleaned ({typed})").fetchall()
    lists = ", ".join("unnest(?::VARCHAR[])" for _ in columns)
    changed = 0
    for rows, count in _clean_all(raw, function):
        changed += count
        cells = [list(column) for column in zip(*rows, strict=True)]
        raw.connection.execute(f"INSERT INTO cleaned SELECT {lists}", cells).fetchall()
    raw.connection.execute("CREATE OR REPLACE VIEW cells AS SELECT * FROM cleaned").fetchall()
    return replace(raw, again=None, odd_marks=ODD_MARKS), changed


def clean_row(function: Callable[..., object], row: Mapping[str, str]) -> Mapping[str, str]:
    """Return what the part makes of one row.

    Raises
    ------
    PartError
        If it is not what it must be: a dict of texts under the row's own columns.

    Examples
    --------
    >>> clean_row(lambda row: {**row, "fee": row["fee"].strip("€ ")}, {"id": "7", "fee": "€ 9.50"})
    {'id': '7', 'fee': '9.50'}
    """
    found = function(dict(row))
    # What nearly every row is, told without looking at each cell.
    if type(found) is dict and found.keys() == row.keys() and {*map(type, found.values())} <= {str}:
        return found
    if not isinstance(found, Mapping):
        kind = "nothing" if found is None else f"a {type(found).__name__}"
        raise PartError(f"Your part clean returned {kind}; it must return a dict, the row.")
    for column in row:
        if column not in found:
            raise PartError(f"Your part clean returned a row without the column {column!r}.")
        if not isinstance(found[column], str):
            raise PartError(
                f"Your part clean returned a {type(found[column]).__name__} in the column"
                f" {column!r}; every cell is a text, and '' where it is missing."
            )
    if len(found) > len(row):
        more = len(found) - len(row)
        raise PartError(
            f"Your part clean returned {more} column{'s' * (more > 1)} more than the row has; new"
            " features are made by a candidate."
        )
    return found


def _clean_all(raw: RawTable, function: Callable[..., object]) -> Iterator[tuple[list[Texts], int]]:
    reader = fork(raw).connection
    reader.execute("SELECT * FROM given ORDER BY rowid")
    done = 0
    while given := reader.fetchmany(ROWS_AT_ONCE):
        made: list[Texts] = []

        def tell(before: int = done, made: list[Texts] = made) -> str:
            return f"broke in row {_find_number(raw, before + len(made))} of the file"

        with parts.guarded("clean", tell):
            try:
                for cells in _clean_some(function, raw.columns, given):
                    made.append(cells)  # noqa: PERF402 - how many there are is told of a fault
            except PartError as error:
                row_number = _find_number(raw, done + len(made))
                raise PartError(f"{error} It was row {row_number} of the file.") from None
        yield made, sum(one is not other for one, other in zip(made, given, strict=True))
        done += len(given)


def _clean_some(
    function: Callable[..., object], columns: tuple[str, ...], rows: Iterable[Texts]
) -> Iterator[Texts]:
    for cells in rows:
        row = {name: cell or "" for name, cell in zip(columns, cells, strict=True)}
        found = clean_row(function, row)
        yield cells if found == row else tuple(str(found[name]) or None for name in columns)


def _find_number(raw: RawTable, place: int) -> int:
    """Return the number in the file of the row at a place among the whole ones, from 0."""
    found = raw.connection.execute(
        "SELECT max(shift) FROM shifts WHERE first <= ?", [place]
    ).fetchall()
    return place + int(found[0][0])

"""Where records end in a CSV's bytes: line feeds, carriage returns, and quotation marks."""

import csv
from collections.abc import Iterator

from core.errors import InvalidInputError
from training.data.csv_place import MAX_FIELD_CHARACTERS
from training.data.structure import count_marks, find_structure

_LINE_ENDS = b"\r\n"


def find_end(body: bytes, delimiter: str, name: str, *, row: int, is_last: bool) -> tuple[int, int]:
    """Find out how much of a CSV is complete records.

    Parameters
    ----------
    body : bytes
        From the beginning of a record on.
    row : int
        What its first record is called.
    is_last : bool
        Whether the file ends where the bytes do.

    Returns
    -------
    (int, int)
        Bytes, and records (blank ones too); (0, 0) if not one is complete.

    Raises
    ------
    InvalidInputError
        If quotation marks cannot be understood.
    """
    end = len(body) if is_last else _end_before(body, len(body))
    if end and body.find(b'"', 0, end) < 0 and body.find(b"\r", 0, end) < 0:
        return end, count_marks(memoryview(body)[:end], start=0, delimiter=delimiter)[0]
    odd = body.count(b'"', 0, end) % 2
    while end and odd and not is_last:
        # Without quotation marks every line is a record; with them, one ends where they are even.
        earlier = _end_before(body, end - (2 if body.endswith(b"\r\n", 0, end) else 1))
        odd ^= body.count(b'"', earlier, end) % 2
        end = earlier
    if not end:
        return _find_carefully(body, delimiter, name, row=row, is_last=is_last)
    piece = body[:end].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if b'"' not in piece:
        return end, count_marks(piece, start=0, delimiter=delimiter)[0]
    structure = find_structure(piece, delimiter=delimiter)
    if structure is not None:
        return end, len(structure.starts)
    return _find_carefully(body, delimiter, name, row=row, is_last=is_last)


def take_header(body: bytes, delimiter: str, name: str) -> tuple[bytes, int]:
    """Return a CSV's first record with its line end, and how many fields it has.

    Raises
    ------
    InvalidInputError
        If it is blank or cannot be understood.
    """
    lines = body[: 4 * MAX_FIELD_CHARACTERS].splitlines(keepends=True)
    reader = csv.reader(_as_texts(lines), delimiter=delimiter)
    try:
        cells: list[str] = next(reader, [])
    except csv.Error:
        cells = []
    if not cells:
        raise InvalidInputError(
            f"{name}, row 1: blank where the header should be.", next_step="Delete the blank rows."
        )
    return b"".join(lines[: reader.line_num]), len(cells)


def _end_before(body: bytes, stop: int) -> int:
    """Return the place after the last line end before `stop`; 0 if there is none."""
    # What follows the last byte is not known: a line feed would belong to its carriage return.
    last = stop - 1 if stop == len(body) and body.endswith(b"\r") else stop
    return max(body.rfind(b"\n", 0, stop), body.rfind(b"\r", 0, last)) + 1


def _find_carefully(
    body: bytes, delimiter: str, name: str, *, row: int, is_last: bool
) -> tuple[int, int]:
    whole = body if is_last else body[: _end_before(body, len(body))]
    lines = whole.splitlines(keepends=True)
    reader = csv.reader(_as_texts(lines), delimiter=delimiter, strict=True)
    taken = records = 0
    try:
        for _ in reader:
            taken, records = reader.line_num, records + 1
    except csv.Error as error:
        if is_last or "end of data" not in str(error):
            raise InvalidInputError(
                f"{name}, row {row + records}: its quotation marks cannot be understood.",
                next_step="Correct that row.",
            ) from None
    return sum(map(len, lines[:taken])), records


def _as_texts(lines: list[bytes]) -> Iterator[str]:
    """Return lines as the reader wants them; every byte stays one letter."""
    return (line.rstrip(_LINE_ENDS).decode("latin-1") + "\n" for line in lines)

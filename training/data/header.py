"""How a CSV is written, in words, and whether its first row is a header at all."""

import re

from core.contract import FileFormat
from core.errors import InvalidInputError
from training.data.columns import MAX_LEVELS
from training.data.csv_file import read_delimiter
from training.data.facts import ColumnFacts, Survey
from training.data.read import is_parquet
from training.data.stated import Stated

_MOST = 0.95
_NUMBER = re.compile(r"[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]+)?")
_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


def describe_file(body: bytes, written: FileFormat, stated: Stated) -> tuple[str, ...]:
    """Return a sentence for everything that was guessed or said of how a file is written."""
    if is_parquet(body):
        return ("Parquet",)
    mark = _DELIMITERS[read_delimiter(body, written)]
    why = "as you said" if stated.delimiter else "which cut the first row into the most fields"
    if stated.encoding:
        encoding = "as you said"
    elif written.encoding == "utf-8":
        encoding = "all its bytes are that" if body.isascii() else "its letters are that"
    else:
        encoding = "not UTF-8, and every byte is a letter there; --encoding says otherwise"
    header = "the first row names the columns" if written.header else "no header, as you said"
    return (f"{mark} between fields, {why}", f"{written.encoding}: {encoding}", header)


def refuse_missing_header(survey: Survey, facts: list[ColumnFacts], filename: str) -> None:
    """Ask, when the first row looks more like data than like names.

    A column speaks for data when its name is a number above numbers, or one of the texts that
    repeat below it, and for a header when its name is neither.

    Raises
    ------
    InvalidInputError
        If more columns speak for data than for a header.
    """
    like_data = like_header = 0
    for place, column in enumerate(facts):
        name = column.name
        if not column.known or name == f"unnamed_{place + 1}":
            continue
        if column.numbers >= _MOST * column.known:
            is_data = bool(_NUMBER.fullmatch(name))
        elif column.distinct <= min(MAX_LEVELS, column.known / 2):
            is_data = name in survey.count_levels(place)
        else:
            continue
        like_data, like_header = like_data + is_data, like_header + (not is_data)
    if like_data > like_header:
        raise InvalidInputError(
            f"{filename} seems to have no header: {like_data} of {like_data + like_header} names in"
            " its first row look like the values below them.",
            next_step="add --no-header (the columns are then column_1, column_2, …), or --header "
            "if these are names",
        )

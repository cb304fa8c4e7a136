"""Small files to guess a contract from, and what was guessed."""

import csv
import io
from collections.abc import Mapping, Sequence

from core.contract import Column
from training.data.infer import Inferred, infer_contract

ROWS = 120


def to_bytes(columns: Mapping[str, Sequence[str]], *, delimiter: str = ",") -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return text.getvalue().encode()


def cycle(*texts: str, rows: int = ROWS) -> list[str]:
    return [texts[row % len(texts)] for row in range(rows)]


def infer(**columns: Sequence[str]) -> Inferred:
    table = {"x": cycle("1.5", "2.5", "4"), "y": cycle("no", "no", "yes"), **columns}
    return infer_contract(to_bytes(table), filename="some.csv", target="y")


def column_of(inferred: Inferred, name: str) -> Column:
    return next(column for column in inferred.contract.columns if column.name == name)


def reason_of(inferred: Inferred, name: str) -> str:
    return next(each.reason for each in inferred.evidence if each.column == name)

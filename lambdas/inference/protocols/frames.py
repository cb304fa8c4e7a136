"""The tables of MLflow's scoring protocol, as columns by name."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from core.contract import BLANKS, Column, Contract
from core.inputs import MAX_VIOLATIONS
from core.values import FALSE_WORDS, TRUE_WORDS
from lambdas.inference.protocols.oip_metadata import NUMERIC, list_graph_inputs
from lambdas.inference.protocols.tensor_columns import count_rows, spread
from lambdas.inference.protocols.tensors import Tensor, read_json

FORMATS = ("dataframe_split", "dataframe_records", "instances", "inputs")
MAX_ROWS = 1000
_LONGEST_CELL = 131_072

_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
# No two parts of it can take the same digits: a long cell is looked at once, not once for each.
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,4})?")
_FLAGS: Mapping[object, bool] = {
    **dict.fromkeys((*TRUE_WORDS, 1), True),
    **dict.fromkeys((*FALSE_WORDS, 0), False),
}


class FrameError(ValueError):
    """A table breaks a rule; `str` of it is the rule, never a value."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A table.

    Attributes
    ----------
    columns : mapping of str to sequence
        Values by column, `rows` of each; None where missing.
    rows : int
    """

    columns: Mapping[str, Sequence[object]]
    rows: int


def read_split(content: object) -> Frame:
    """Read ``{"columns": […], "data": [[…], …]}``, as pandas writes it with orient split."""
    needed = {"columns", "data"}
    if not isinstance(content, dict) or not needed <= content.keys() <= needed | {"index"}:
        raise FrameError("dataframe_split must be an object with columns and data")
    return _turn(_read_names(content["columns"]), content["data"], "data of dataframe_split")


def read_records(contract: Contract, content: object, what: str) -> Frame:
    """Read a list of objects; a field that an object lacks is missing there."""
    rows = _read_rows(content, what)
    records = [row for row in rows if isinstance(row, dict)]
    if len(records) < len(rows):
        raise FrameError(f"{what} must hold objects only")
    names = dict.fromkeys(chain.from_iterable(records))
    known = {column.name for column in contract.columns} | _list_others(contract)
    # Every name becomes a column as long as the table.
    if len(names) > len(known) + MAX_VIOLATIONS:
        raise FrameError(f"{what} holds too many fields that are not in the data contract")
    return Frame({name: [record.get(name) for record in records] for name in names}, len(rows))


def read_instances(contract: Contract, content: object) -> Frame:
    """Read rows or columns, in the older form of the protocol."""
    return _read_either(contract, content, "instances")


def read_inputs(contract: Contract, content: object) -> Frame:
    """Read rows or columns, in the form that was made for tensors."""
    return _read_either(contract, content, "inputs")


def _read_either(contract: Contract, content: object, what: str) -> Frame:
    """Read a list of objects, or of lists with a value for each column; or columns by name."""
    if not isinstance(content, dict):
        rows = _read_rows(content, what)
        if isinstance(rows[0], list):
            return _turn([column.name for column in contract.columns], rows, what)
        return read_records(contract, rows, what)
    if content and not any(isinstance(values, list) for values in content.values()):
        return read_records(contract, [content], what)
    columns = {name: _open(values, what) for name, values in content.items()}
    sizes = {len(values) for values in columns.values()}
    if len(sizes) != 1:
        raise FrameError(f"{what} must hold lists of one and the same length")
    rows_in_all = sizes.pop()
    _check_height(rows_in_all, what)
    return Frame(columns, rows_in_all)


def read_csv(contract: Contract, text: str) -> Frame:
    """Read CSV with a header, as pandas writes it; an empty cell is missing."""
    import csv  # noqa: PLC0415 - most requests are JSON
    import io  # noqa: PLC0415

    try:
        lines = list(_take(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))))
    except csv.Error:
        raise FrameError("the CSV cannot be read") from None
    if not lines:
        raise FrameError("the CSV must have a header and 1 row or more")
    header, *rows = lines
    frame = _turn(_read_names(header), rows, "the CSV")
    kinds = {column.name: column for column in contract.columns}
    return Frame(
        {
            # What DataFrame.to_csv() writes first, unless it is told not to: the index.
            name: [_read_cell(kinds.get(name), str(cell), contract) for cell in cells]
            for position, (name, cells) in enumerate(frame.columns.items())
            if name or position
        },
        frame.rows,
    )


def read_graph_inputs(contract: Contract, content: object) -> Frame | None:
    """Read the graph's own tensors, as MLflow's own server takes them of a bundle; None if not."""
    known = {item["name"] for item in list_graph_inputs(contract)}
    known -= {column.name for column in contract.columns}
    if not isinstance(content, dict) or not content or content.keys() - known:
        return None
    tensors = []
    for name, value in content.items():
        rows = _read_rows(value, f"{name} of inputs")
        width = len(rows[0]) if isinstance(rows[0], list) else 1
        shape = (len(rows), width)
        datatype = "FP64" if name == NUMERIC else "BYTES"
        tensors.append(Tensor(name, datatype, shape, read_json(datatype, shape, rows)))
    return Frame(spread(contract, tensors), count_rows(tensors))


def keep_features(contract: Contract, frame: Frame) -> Frame:
    """Take a table as the model's own training data may look, once pandas has read it.

    Columns that the contract knows and nobody reads here are left out, such as the target; the
    identifier stays, as it says who is asked for. A boolean may be 0 or 1, or a word for one.
    """
    others = _list_others(contract)
    kept = {name: values for name, values in frame.columns.items() if name not in others}
    for column in contract.columns:
        if column.kind == "boolean" and column.name in kept:
            kept[column.name] = list(map(_read_flag, kept[column.name]))
    return Frame(kept, frame.rows)


def _list_others(contract: Contract) -> set[str | None]:
    return {contract.target, contract.group, contract.time, *contract.ignored}


def _turn(names: Sequence[str], content: object, what: str) -> Frame:
    rows = _read_rows(content, what)
    for position, row in enumerate(rows):
        if not isinstance(row, list) or len(row) != len(names):
            raise FrameError(f"row {position} of {what} must be a list of {len(names)} values")
    return Frame(dict(zip(names, zip(*rows, strict=True), strict=True)), len(rows))


def _read_rows(content: object, what: str) -> list[object]:
    if not isinstance(content, list):
        raise FrameError(f"{what} must be a list")
    _check_height(len(content), what)
    return content


def _check_height(rows: int, what: str) -> None:
    if not 1 <= rows <= MAX_ROWS:
        raise FrameError(f"{what} must hold 1 to {MAX_ROWS} rows")


def _read_names(content: object) -> list[str]:
    if not isinstance(content, list) or any(not isinstance(name, str) for name in content):
        raise FrameError("columns must be a list of names")
    if not content or len(set(content)) < len(content):
        raise FrameError("columns must be one or more, each named once")
    return content


def _open(values: object, what: str) -> list[object]:
    """Read a column of scalars; each may stand in a list of its own, as a tensor [n, 1] has it."""
    if not isinstance(values, list):
        raise FrameError(f"{what} must hold lists of values, by column")
    if values and all(isinstance(value, list) and len(value) == 1 for value in values):
        return [value[0] for value in values]
    return values


def _take(lines: Iterator[list[str]]) -> Iterator[list[str]]:
    for count, line in enumerate(filter(None, lines)):
        if count > MAX_ROWS:
            raise FrameError(f"the CSV must hold 1 to {MAX_ROWS} rows")
        # Python's own limit is one for all of a process, and may have been raised in it.
        if max(map(len, line)) > _LONGEST_CELL:
            raise FrameError("the CSV cannot be read: a cell is too long")
        yield line


def _read_cell(column: Column | None, cell: str, contract: Contract) -> object:
    """Read a cell as its column says; what cannot be read stays text, which is then refused."""
    if not cell:
        return None
    if column is None or column.kind not in ("numeric", "boolean"):
        return cell
    text = cell.strip(BLANKS)
    if text in contract.missing_markers or text.lower() == "nan":
        return None
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else cell


def _read_flag(value: object) -> object:
    """Return the boolean that a value stands for; anything else as it is, to be refused."""
    if isinstance(value, str):
        return _FLAGS.get(value.strip(BLANKS).lower(), value)
    return _FLAGS.get(value, value) if isinstance(value, int | float) else value

"""A data contract as JSON Schema: what a record must look like, and what one looks like."""

from typing import Any

from core.contract import Column, Contract
from core.values import LARGEST_FLOAT32

_NO_NUL = "^[^\\u0000]*$"
_MAX_LISTED = 50

DIALECT = "https://json-schema.org/draft/2020-12/schema"

JsonSchema = dict[str, Any]


def describe_record(contract: Contract) -> JsonSchema:
    """Return the JSON Schema of a record that the contract takes.

    It says what is refused. A number beyond the contract's range, or a category that it does not
    list, is answered with a warning, so both are told as ``description`` and ``examples``.
    """
    return {
        "title": f"Record of {contract.dataset}",
        "type": "object",
        "additionalProperties": False,
        "required": [column.name for column in contract.columns if not column.nullable],
        "properties": {column.name: describe_column(column) for column in contract.columns}
        | _describe_identifier(contract),
        "examples": [make_example(contract)],
    }


def _describe_identifier(contract: Contract) -> JsonSchema:
    if contract.identifier is None:
        return {}
    about = (
        "Names the record; no model reads it, and it is not kept. While versions are compared, its"
        " value decides which of them answers."
    )
    return {contract.identifier: {"type": ["string", "number", "null"], "description": about}}


def describe_column(column: Column) -> JsonSchema:
    """Return the JSON Schema of one field."""
    schema: JsonSchema
    if column.kind == "boolean":
        schema = {"type": "boolean"}
    elif column.kind == "numeric":
        schema = {"type": "number", "minimum": -LARGEST_FLOAT32, "maximum": LARGEST_FLOAT32}
    else:
        schema = {"type": "string", "minLength": 1, "pattern": _NO_NUL}
    if column.nullable:
        schema["type"] = [schema["type"], "null"]
    about = [f"{column.kind}{', may be missing' if column.nullable else ''}"]
    about += [note for note in (_describe_range(column), _describe_categories(column)) if note]
    schema["description"] = "; ".join(about)
    if column.categories:
        schema["examples"] = list(column.categories[:_MAX_LISTED])
    return schema


def describe_outcome(contract: Contract) -> JsonSchema:
    """Return the JSON Schema of the truth about one prediction."""
    if contract.classes:
        return {"enum": list(contract.classes), "description": "A class of the contract."}
    return {
        "type": "number",
        "minimum": -LARGEST_FLOAT32,
        "maximum": LARGEST_FLOAT32,
        "description": "The number that came true.",
    }


def make_example(contract: Contract) -> dict[str, object]:
    """Make a record that the contract allows, of nobody in particular."""
    return {column.name: _make_value(column) for column in contract.columns}


def _make_value(column: Column) -> object:
    if column.kind == "boolean":
        return True
    if column.kind == "numeric":
        low, high = column.minimum, column.maximum
        if low is not None and high is not None:
            middle = (low + high) / 2
            whole = low.is_integer() and high.is_integer() and high - low > 1
            return int(middle) if whole else middle
        known = low if low is not None else high
        return 1 if known is None else known
    if column.categories:
        return column.categories[0]
    return "some words" if column.kind == "text" else "a category"


def _describe_range(column: Column) -> str:
    low, high = column.minimum, column.maximum
    if low is None and high is None:
        return ""
    if high is None:
        span = f"from {low:g}"
    else:
        span = f"up to {high:g}" if low is None else f"from {low:g} to {high:g}"
    return f"{span} (beyond it: a warning)"


def _describe_categories(column: Column) -> str:
    if not column.categories:
        return ""
    names = ", ".join(column.categories[:_MAX_LISTED])
    more = len(column.categories) - _MAX_LISTED
    return f"one of {names}{f' and {more} more' if more > 0 else ''} (another one: a warning)"

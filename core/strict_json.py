"""JSON read strictly and written in one way.

Python's own parser takes what JSON does not have (``NaN``), keeps the last of two equal keys
without a word, and answers some bodies with faults that are not decode errors. Whatever comes
from outside is read here.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from core.errors import InvalidInputError


class InvalidJsonError(InvalidInputError):
    """The body is not the JSON that is allowed; `str` of it says which rule it breaks."""


def parse_json(body: bytes, *, max_bytes: int, nan_is_null: bool = False) -> object:
    """Read a JSON document.

    Parameters
    ----------
    body : bytes
        UTF-8 text; a byte-order mark is not allowed (RFC 8259, section 8.1).
    max_bytes : int
        Largest size that is read at all.
    nan_is_null : bool
        Whether ``NaN`` is taken for null, as some clients write a missing number.

    Raises
    ------
    InvalidJsonError
        If it is too large, not UTF-8, not JSON, holds ``Infinity`` or ``NaN``, names a key
        twice, has a number of thousands of digits, or nests too deeply.
    """
    if len(body) > max_bytes:
        raise InvalidJsonError(f"The JSON has more than {max_bytes} bytes.")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidJsonError("The JSON must be UTF-8 text.") from None
    constant = _take_nan if nan_is_null else _refuse_constant
    try:
        return json.loads(text, object_pairs_hook=_unique_pairs, parse_constant=constant)
    except InvalidJsonError:
        raise
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise InvalidJsonError(f"The text is not JSON: see {where}.") from None
    except RecursionError:
        raise InvalidJsonError("The JSON nests too deeply.") from None
    except ValueError:
        # Python refuses whole numbers of more than 4300 digits (CVE-2020-10735).
        raise InvalidJsonError("The JSON holds a number with too many digits.") from None


def canonical_json(content: object) -> bytes:
    """Write JSON in the one way that hashes are taken of: sorted keys, no spaces, UTF-8."""
    text = json.dumps(
        content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise InvalidJsonError("A text in the JSON holds half of a surrogate pair.") from None


def describe_place(place: Sequence[int | str]) -> str:
    """Write the place of a field, as in ``columns[3].kind``."""
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".") or "the top"


def describe_rule(fault: Mapping[str, Any]) -> str:
    """Write pydantic's finding as a rule, without the value it was found in."""
    if fault["type"] == "extra_forbidden":
        return "there is no such field"
    if fault["type"] == "union_tag_invalid":  # the one message of its own that quotes a value
        return "there is no such kind"
    message = str(fault["msg"]).removeprefix("Value error, ")
    return message[:1].lower() + message[1:]


def _unique_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise InvalidJsonError("The JSON names a key twice in one object.")
    return found


def _take_nan(name: str) -> None:
    if name != "NaN":
        _refuse_constant(name)


def _refuse_constant(_name: str) -> NoReturn:
    raise InvalidJsonError("The JSON holds NaN or Infinity, which JSON does not have.")

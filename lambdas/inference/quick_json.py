"""JSON at the speed of C, where it is certain to mean what the strict reader means.

orjson is stricter than Python's own reader in most things (no NaN, no halves of surrogate pairs),
and looser in two: of two equal keys it keeps the last without a word, and a whole number beyond
64 bits becomes a float. Both are noticed here without reading the text again; whatever is not
certain is left to `core.strict_json`, which also finds the words of every refusal.
"""

import json
from typing import Any

import orjson

_DIGITS = bytes(0x30 if 0x30 <= byte <= 0x39 else 0x20 for byte in range(256))
_LONG_NUMBER = b"0" * 19


def parse_rows(body: bytes, name: str) -> list[dict[str, Any]] | None:
    """Read an object with one field, a list of flat objects; None if anything is uncertain.

    Parameters
    ----------
    body : bytes
        JSON in UTF-8.
    name : str
        The one field.
    """
    try:
        content = orjson.loads(body)
    except ValueError:
        return None
    rows = content.get(name) if isinstance(content, dict) else None
    if not isinstance(rows, list) or len(content) != 1 or set(map(type, rows)) != {dict}:
        return None
    if not _has_each_key_once(body, rows) or _has_long_number(body):
        return None
    return rows


def write_json(content: object) -> bytes:
    """Write JSON without spaces, in UTF-8. There must be no NaN in it."""
    try:
        return orjson.dumps(content)
    except TypeError:  # a whole number beyond 64 bits
        text = json.dumps(content, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        return text.encode()


def _has_each_key_once(body: bytes, rows: list[dict[str, Any]]) -> bool:
    """Tell whether each colon of the text is accounted for.

    A key that was dropped leaves its colon behind. So does a colon inside a text or a deeper
    object; those inside texts can be counted, unless an escape may stand for one.
    """
    colons = body.count(b":")
    if colons == 1 + sum(map(len, rows)):
        return True
    if b"\\" in body:
        return False
    inside = sum(
        text.count(":")
        for row in rows
        for pair in row.items()
        for text in pair
        if isinstance(text, str)
    )
    return colons == 1 + sum(map(len, rows)) + inside


def _has_long_number(body: bytes) -> bool:
    """Tell whether 19 digits follow each other: such a number may not fit into 64 bits."""
    return _LONG_NUMBER in body.translate(_DIGITS)

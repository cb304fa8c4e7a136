"""Which arm of an experiment answers: a draw that a key always gets again.

A key (a customer's number, or a prediction's id) is hashed together with the experiment's name.
So it gets the same arm at every computer and at every time, keys are spread as a fair draw would
spread them, and what one experiment draws says nothing about another. A key that is below a share
is below every larger one: raising the share moves callers to the challenger, and none back.
"""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

Key = str | int | float | None
"""What a caller may name a row by."""

_BITS = 53  # what a float holds exactly
_MAX_DIGITS = 1000


class Draw(NamedTuple):
    """What a key drew.

    Attributes
    ----------
    place : float
        In [0, 1), evenly spread over keys.
    unit : str
        16 hexadecimal digits that stand for the key in what is kept; another experiment gives
        other ones.
    """

    place: float
    unit: str


def draw(experiment: str, key: str) -> Draw:
    """Draw for a key.

    The SHA-256 of the experiment's name, a zero byte and the key, in UTF-8: its first 53 bits are
    the place, its last 64 the unit.

    Parameters
    ----------
    experiment : str
        The name, with whatever tells it from those of other models: ``wine/challenger-3``.
    key : str
        See `read_key`.

    Examples
    --------
    >>> round(draw("wine/challenger-3", "C-1001").place, 3)
    0.565
    """
    text = f"{experiment}\0{key}".encode("utf-8", "surrogatepass")
    digest = hashlib.sha256(text).digest()
    place = (int.from_bytes(digest[:8], "big") >> (64 - _BITS)) / 2**_BITS
    return Draw(place, digest[-8:].hex())


def read_key(value: object) -> str | None:
    """Return a value as a key, or None if it names nothing.

    A number is the text that it would be in a file, so that 17, 17.0 and "17" are one customer.

    Examples
    --------
    >>> read_key(17.0), read_key(" C-1 "), read_key(None), read_key(True)
    ('17', 'C-1', None, None)
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):  # noqa: PLR0124 - NaN
            return None
        value = int(value) if value.is_integer() else repr(value)
    if isinstance(value, int):
        value = str(value) if abs(value) < 10**_MAX_DIGITS else None
    return value.strip() or None if isinstance(value, str) else None


def choose_keys(
    rows: Sequence[object] | None, shared: str | None, prediction_ids: Sequence[str]
) -> list[str]:
    """Return the key of each row: its own name, else the request's key, else its prediction's id.

    Parameters
    ----------
    rows : sequence of object, or None
        Values of the contract's identifier, one for each row; None if none was sent.
    shared : str or None
        The key that the caller gave for the whole request.
    prediction_ids : sequence of str
        One for each row.
    """
    otherwise = [shared] * len(prediction_ids) if shared else prediction_ids
    if rows is None:
        return list(otherwise)
    return [read_key(row) or spare for row, spare in zip(rows, otherwise, strict=True)]

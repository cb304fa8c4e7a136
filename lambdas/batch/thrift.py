"""Thrift's compact protocol, read and written whatever it says: the footers of Parquet files.

The format is that of the Apache Thrift project (doc/specs/thrift-compact-protocol.md there).
"""

from typing import Any, TypeAlias

from core.errors import IntegrityError

Typed: TypeAlias = tuple[int, Any]
"""A type's number in the protocol, and the value: a bool, an int, bytes (a double too: its eight),
a `Struct`, or of a list the type and the values of what is in it."""

Struct: TypeAlias = dict[int, Typed]
"""Values by the numbers of their fields."""

TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, _MAP, STRUCT = range(1, 13)

_LONG = 15  # elements from which on a list's length stands beside its type
_DOUBLE_BYTES = 8


def read_struct(body: bytes) -> Struct:
    """Read a structure.

    Raises
    ------
    IntegrityError
        If the bytes are not one and nothing else.

    Examples
    --------
    >>> read_struct(bytes.fromhex("15 02 18 02 68 69 00"))
    {1: (5, 1), 2: (8, b'hi')}
    """
    reader = _Reader(body)
    try:
        found = reader.read_fields()
    except (IndexError, RecursionError):
        raise IntegrityError("A footer is damaged.") from None
    if reader.left:
        raise IntegrityError("A footer is damaged: it goes on after its end.")
    return found


def write_struct(struct: Struct) -> bytes:
    """Write a structure, whose fields come in the order of their numbers.

    Examples
    --------
    >>> write_struct({1: (5, 1), 2: (8, b"hi")}).hex(" ")
    '15 02 18 02 68 69 00'
    """
    out = bytearray()
    _write_fields(out, struct)
    return bytes(out)


class _Reader:
    def __init__(self, body: bytes) -> None:
        self._body = body
        self._place = 0

    @property
    def left(self) -> int:
        return len(self._body) - self._place

    def read_fields(self) -> Struct:
        """Read the fields of a structure up to the mark of its end."""
        found: Struct = {}
        number = 0
        while head := self._take(1)[0]:
            step, kind = divmod(head, 16)
            number = number + step if step else self._read_signed()
            # A field of a truth says in its type which it is.
            found[number] = (kind, kind == TRUE if kind in {TRUE, FALSE} else self._read(kind))
        return found

    def _read(self, kind: int) -> Any:  # noqa: ANN401 - see Typed
        if kind in {TRUE, FALSE, BYTE}:
            return self._take(1)[0]
        if kind in {I16, I32, I64}:
            return self._read_signed()
        if kind == DOUBLE:
            return self._take(_DOUBLE_BYTES)
        if kind == BINARY:
            return self._take(self._read_unsigned())
        if kind in {LIST, SET}:
            count, inner = divmod(self._take(1)[0], 16)
            count = self._read_unsigned() if count == _LONG else count
            return inner, [self._read(inner) for _ in range(count)]
        if kind == STRUCT:
            return self.read_fields()
        raise IntegrityError(f"A footer holds type {kind}, which none of Parquet's has.")

    def _take(self, count: int) -> bytes:
        if count > self.left:
            raise IndexError
        self._place += count
        return self._body[self._place - count : self._place]

    def _read_unsigned(self) -> int:
        value = shift = 0
        while (byte := self._take(1)[0]) > 127:  # seven bits, and one for "more"
            value |= (byte - 128) << shift
            shift += 7
        return value | byte << shift

    def _read_signed(self) -> int:
        folded = self._read_unsigned()
        return (folded >> 1) ^ -(folded & 1)


def _write_fields(out: bytearray, struct: Struct) -> None:
    last = 0
    for number, (kind, value) in struct.items():
        if 0 < number - last < 16:  # four bits
            out.append((number - last) * 16 + kind)
        else:
            out.append(kind)
            _write_signed(out, number)
        if kind not in {TRUE, FALSE}:
            _write(out, kind, value)
        last = number
    out.append(0)


def _write(out: bytearray, kind: int, value: Any) -> None:  # noqa: ANN401 - see Typed
    if kind in {TRUE, FALSE, BYTE}:
        out.append(value)
    elif kind in {I16, I32, I64}:
        _write_signed(out, value)
    elif kind == DOUBLE:
        out += value
    elif kind == BINARY:
        _write_unsigned(out, len(value))
        out += value
    elif kind == STRUCT:
        _write_fields(out, value)
    else:
        inner, values = value
        out.append(min(len(values), _LONG) * 16 + inner)
        if len(values) >= _LONG:
            _write_unsigned(out, len(values))
        for each in values:
            _write(out, inner, each)


def _write_unsigned(out: bytearray, value: int) -> None:
    while value > 127:  # seven bits, and one for "more"
        out.append(value % 128 + 128)
        value >>= 7
    out.append(value)


def _write_signed(out: bytearray, value: int) -> None:
    _write_unsigned(out, value << 1 if value >= 0 else (-value << 1) - 1)

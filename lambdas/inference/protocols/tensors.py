"""Tensors of the Open Inference Protocol: from JSON or bytes to plain values, and back.

https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md
"""

import math
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_NUMBERS: Mapping[str, np.dtype[np.generic]] = {
    "BOOL": np.dtype("?"),
    "UINT8": np.dtype("<u1"),
    "UINT16": np.dtype("<u2"),
    "UINT32": np.dtype("<u4"),
    "UINT64": np.dtype("<u8"),
    "INT8": np.dtype("<i1"),
    "INT16": np.dtype("<i2"),
    "INT32": np.dtype("<i4"),
    "INT64": np.dtype("<i8"),
    "FP16": np.dtype("<f2"),
    "FP32": np.dtype("<f4"),
    "FP64": np.dtype("<f8"),
}
DATATYPES = (*_NUMBERS, "BYTES")
_LENGTH = struct.Struct("<I")
_NONE = type(None)


class TensorError(ValueError):
    """A tensor breaks a rule; `str` of it is the rule, never a value."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor.

    Attributes
    ----------
    name : str
    datatype : str
        One of `DATATYPES`.
    shape : tuple of int
        One or two dimensions; the first is the number of rows.
    values : sequence
        All elements, row by row: `bool`, `int`, `float` or `str`; None where missing.
    """

    name: str
    datatype: str
    shape: tuple[int, ...]
    values: Sequence[object]

    def columns(self) -> Iterator[Sequence[object]]:
        """Return the columns, in order."""
        width = self.shape[1] if len(self.shape) > 1 else 1
        return (self.values[position::width] for position in range(width))


def read_json(datatype: str, shape: tuple[int, ...], data: object) -> list[object]:
    """Read a tensor's elements out of JSON, flat or nested as its shape says.

    Raises
    ------
    TensorError
    """
    values = _flatten(data, shape)
    kinds = set(map(type, values)) - {_NONE}
    if datatype == "BYTES":
        if kinds - {str}:
            raise TensorError("BYTES elements must be strings")
        return [value or None for value in values]
    if datatype == "BOOL":
        if kinds - {bool}:
            raise TensorError("BOOL elements must be true or false")
    elif datatype.startswith("FP"):
        if kinds - {int, float}:
            raise TensorError(f"{datatype} elements must be numbers")
    else:
        _check_whole_numbers(datatype, kinds, values)
    return values


def read_bytes(datatype: str, shape: tuple[int, ...], data: bytes) -> list[object]:
    """Read a tensor's elements out of the bytes of the binary tensor extension.

    Raises
    ------
    TensorError
    """
    count = math.prod(shape)
    if datatype == "BYTES":
        return _read_texts(data, count)
    dtype = _NUMBERS[datatype]
    if len(data) != count * dtype.itemsize:
        raise TensorError(
            f"binary_data_size must be {dtype.itemsize} for each element of the shape"
        )
    if datatype == "BOOL" and data.strip(b"\0\1"):
        raise TensorError("BOOL elements must be the bytes 0 or 1")
    found = np.frombuffer(data, dtype)
    values: list[object] = found.tolist()
    if dtype.kind == "f":
        for position in np.flatnonzero(np.isnan(found)).tolist():
            values[position] = None
    return values


def write_bytes(values: NDArray[np.float32] | Sequence[str]) -> bytes:
    """Write a tensor's elements for the binary tensor extension."""
    if isinstance(values, np.ndarray):
        return values.astype("<f4", copy=False).tobytes()
    encoded = (value.encode() for value in values)
    return b"".join(part for text in encoded for part in (_LENGTH.pack(len(text)), text))


def _flatten(data: object, shape: tuple[int, ...]) -> list[object]:
    if not isinstance(data, list):
        raise TensorError("data must be a list")
    if len(shape) == 2 and data and isinstance(data[0], list):
        height, width = shape
        if len(data) != height or any(type(row) is not list or len(row) != width for row in data):
            raise TensorError("nested data must have the shape that shape says")
        return [value for row in data for value in row]
    if len(data) != math.prod(shape):
        raise TensorError("data must have as many elements as shape says")
    return data


def _check_whole_numbers(datatype: str, kinds: set[type], values: list[object]) -> None:
    if kinds - {int}:
        raise TensorError(f"{datatype} elements must be whole numbers")
    bits = 8 * _NUMBERS[datatype].itemsize
    low, high = (
        (0, 2**bits - 1) if datatype[0] == "U" else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    )
    known = [value for value in values if isinstance(value, int)]
    if known and not (low <= min(known) and max(known) <= high):
        raise TensorError(f"{datatype} elements must lie between {low} and {high}")


def _read_texts(data: bytes, count: int) -> list[object]:
    values: list[object] = []
    start = 0
    while start < len(data):
        end = start + _LENGTH.size
        if end > len(data):
            raise TensorError("BYTES elements must each follow their length")
        (length,) = _LENGTH.unpack_from(data, start)
        start = end + length
        if start > len(data):
            raise TensorError("BYTES elements must each follow their length")
        try:
            values.append(data[end:start].decode() or None)
        except UnicodeDecodeError:
            raise TensorError("BYTES elements must be UTF-8 text") from None
    if len(values) != count:
        raise TensorError("the bytes must hold as many elements as shape says")
    return values

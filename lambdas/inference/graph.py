"""What a graph may be made of, read from its bytes before onnxruntime compiles it.

onnxruntime would run operators of its own domain, and would read a tensor from a file that the
graph names. Serving takes neither. The package holds no `onnx`, so the few fields that matter are
read here, straight from protobuf's wire format.

References
----------
Fields: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
Wire format: https://protobuf.dev/programming-guides/encoding/
"""

import re
from collections.abc import Iterator

from core.errors import IntegrityError

DOMAINS = frozenset({b"", b"ai.onnx", b"ai.onnx.ml"})
"""Where operators may come from: ONNX and ONNX-ML, nothing else."""

_MAX_DEPTH = 8

# Numbers of fields in onnx.proto.
_MODEL_GRAPH, _MODEL_OPSET, _MODEL_FUNCTION = 7, 8, 25
_OPSET_DOMAIN = 1
_GRAPH_NODE, _GRAPH_TENSOR, _GRAPH_SPARSE = 1, 5, 15
_NODE_ATTRIBUTE, _NODE_DOMAIN = 5, 7
_ATTRIBUTE_TENSORS, _ATTRIBUTE_GRAPHS, _ATTRIBUTE_SPARSE = (5, 10), (6, 11), (22, 23)
_TENSOR_EXTERNAL, _TENSOR_LOCATION = 13, 14

_LAST_FIELD = 2**29 - 1
_VARINT, _EIGHT_BYTES, _BYTES, _FOUR_BYTES = 0, 1, 2, 5

# The long lists of an attribute (floats 7, ints 8, and what a tree's nodes are in strings 9) hold
# one tag for each number; they are passed over at the speed of C.
_LISTS = re.compile(
    rb"(?:\x3d.{4})+|(?:\x40[\x80-\xff]{0,9}[\x00-\x7f])+|(?:\x4a\x0aBRANCH_LEQ|\x4a\x04LEAF)+",
    re.DOTALL,
)


def check_graph(body: bytes) -> None:
    """Refuse a graph that reaches out of itself.

    Raises
    ------
    IntegrityError
        If it names an operator of another domain than `DOMAINS`, brings functions of its own,
        keeps data outside of itself, or is not a model in protobuf's wire format.
    """
    try:
        for number, value in _read_fields(memoryview(body)):
            if number == _MODEL_GRAPH:
                _check_graph(_message(value), depth=0)
            elif number == _MODEL_OPSET:
                _check_domain(_message(value), _OPSET_DOMAIN)
            elif number == _MODEL_FUNCTION:
                raise IntegrityError("The graph brings functions of its own.")
    except (IndexError, TypeError) as error:
        raise IntegrityError("The graph is not an ONNX model.") from error


def _check_graph(body: memoryview, *, depth: int) -> None:
    if depth > _MAX_DEPTH:
        raise IntegrityError("The graph nests too deeply.")
    for number, value in _read_fields(body):
        if number == _GRAPH_NODE:
            node = _message(value)
            _check_domain(node, _NODE_DOMAIN)
            for field, attribute in _read_fields(node):
                if field == _NODE_ATTRIBUTE:
                    _check_attribute(_message(attribute), depth=depth)
        elif number == _GRAPH_TENSOR:
            _check_tensor(_message(value))
        elif number == _GRAPH_SPARSE:
            raise IntegrityError("The graph has a sparse tensor, which serving does not take.")


def _check_attribute(body: memoryview, *, depth: int) -> None:
    for number, value in _read_fields(body, has_lists=True):
        if number in _ATTRIBUTE_TENSORS:
            _check_tensor(_message(value))
        elif number in _ATTRIBUTE_GRAPHS:
            _check_graph(_message(value), depth=depth + 1)
        elif number in _ATTRIBUTE_SPARSE:
            raise IntegrityError("The graph has a sparse tensor, which serving does not take.")


def _check_tensor(body: memoryview) -> None:
    for number, value in _read_fields(body):
        if number == _TENSOR_EXTERNAL or (number == _TENSOR_LOCATION and value != 0):
            raise IntegrityError("The graph keeps data outside of its own file.")


def _check_domain(body: memoryview, field: int) -> None:
    for number, value in _read_fields(body):
        if number == field and bytes(_message(value)) not in DOMAINS:
            raise IntegrityError("The graph has operators of a domain that serving does not take.")


def _message(value: memoryview | int) -> memoryview:
    if isinstance(value, int):
        raise TypeError("a number stands where a message belongs")
    return value


def _read_fields(
    body: memoryview, *, has_lists: bool = False
) -> Iterator[tuple[int, memoryview | int]]:
    """Read a message's fields: number, and bytes or (for numbers of fixed size, 0 or) a number."""
    place, end = 0, len(body)
    while place < end:
        if has_lists and (found := _LISTS.match(body, place)):
            place = found.end()
            continue
        tag, place = _read_varint(body, place)
        number, kind = tag >> 3, tag & 7
        if not 1 <= number <= _LAST_FIELD:
            # onnxruntime keeps 32 bits of a tag: it would take this for another field.
            raise IntegrityError("The graph is not an ONNX model.")
        value: memoryview | int = 0
        if kind == _VARINT:
            value, place = _read_varint(body, place)
        elif kind == _BYTES:
            size, place = _read_varint(body, place)
            value, place = body[place : place + size], place + size
        elif kind in (_EIGHT_BYTES, _FOUR_BYTES):
            place += 8 if kind == _EIGHT_BYTES else 4
        else:
            raise IntegrityError("The graph is not an ONNX model.")
        yield number, value
    if place != end:
        raise IntegrityError("The graph is not an ONNX model.")


def _read_varint(body: memoryview, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = body[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7
        if shift > 63:
            raise IntegrityError("The graph is not an ONNX model.")

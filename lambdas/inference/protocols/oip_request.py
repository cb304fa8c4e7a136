"""An inference request of the Open Inference Protocol, read against a data contract."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from core.contract import Contract
from lambdas.inference.answers import MAX_ROWS, RequestError, parse_body
from lambdas.inference.protocols.oip_metadata import list_outputs
from lambdas.inference.protocols.tensor_columns import count_rows, spread
from lambdas.inference.protocols.tensors import (
    DATATYPES,
    Tensor,
    TensorError,
    read_bytes,
    read_json,
)

HEADER_SIZE = "inference-header-content-length"

_MEDIA_TYPES = ("application/json", "application/octet-stream")
_UNSUPPORTED = ("classification", "shared_memory_region", "sequence_id")


@dataclass(frozen=True, slots=True)
class InferRequest:
    """What is asked for.

    Attributes
    ----------
    id : str or None
        To be given back.
    columns : mapping of str to sequence
        The rows' values by column, None where missing.
    rows : int
    outputs : mapping of str to bool
        Which outputs, in order, and whether as bytes.
    """

    id: str | None
    columns: Mapping[str, Sequence[object]]
    rows: int
    outputs: Mapping[str, bool]


def read_request(contract: Contract, headers: Mapping[str, str], body: bytes) -> InferRequest:
    """Read a request.

    Raises
    ------
    RequestError
        400 naming the rule, 415 for another content type.
    """
    _check_headers(headers)
    head, rest = _split(headers, body)
    # Triton takes NaN, and clients write it for a missing number.
    content = parse_body(head, nan_is_null=True)
    if not isinstance(content, dict):
        raise _invalid("the body must be a JSON object")
    as_bytes = _read_flag(
        _read_parameters(content, "the request"), "binary_data_output", otherwise=False
    )
    tensors = list(_read_inputs(content.get("inputs"), rest))
    try:
        columns, rows = spread(contract, tensors), count_rows(tensors)
    except TensorError as error:
        raise _invalid(str(error)) from None
    return InferRequest(
        _read_id(content),
        columns,
        rows,
        _read_outputs(contract, content.get("outputs"), as_bytes=as_bytes),
    )


def _check_headers(headers: Mapping[str, str]) -> None:
    kind, _, rest = headers.get("content-type", _MEDIA_TYPES[0]).partition(";")
    charset = rest.strip().lower().replace('"', "")
    encoding = headers.get("content-encoding", "identity").strip().lower()
    known = kind.strip().lower() in _MEDIA_TYPES and charset in ("", "charset=utf-8")
    if not known or encoding != "identity":
        raise RequestError(
            415,
            "unsupported_media_type",
            "Send application/json or application/octet-stream, UTF-8, not compressed.",
        )


def _split(headers: Mapping[str, str], body: bytes) -> tuple[bytes, bytes]:
    text = headers.get(HEADER_SIZE)
    if text is None:
        return body, b""
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) <= len(body)):
        raise _invalid("Inference-Header-Content-Length must be the size of the JSON in the body")
    return body[: int(text)], body[int(text) :]


def _read_id(content: Mapping[str, object]) -> str | None:
    found = content.get("id")
    if found is None:
        return None
    if not isinstance(found, str) or any("\ud800" <= sign <= "\udfff" for sign in found):
        raise _invalid("id must be a string of valid Unicode text")
    return found


def _read_inputs(content: object, rest: bytes) -> Iterator[Tensor]:
    if not isinstance(content, list) or not content:
        raise _invalid("inputs must be a list of tensors, one or more")
    start = 0
    for position, item in enumerate(content):
        place = f"inputs[{position}]"
        if not isinstance(item, dict):
            raise _invalid(f"{place} must be an object")
        size = _read_parameters(item, place).get("binary_data_size")
        if size is None:
            yield _read_tensor(item, place, None)
            continue
        if type(size) is not int or not 0 <= size <= len(rest) - start:
            raise _invalid(f"binary_data_size of {place} must be the size of its bytes")
        yield _read_tensor(item, place, rest[start : start + size])
        start += size
    if start != len(rest):
        raise _invalid("the bytes after the JSON must be as many as all binary_data_size say")


def _read_tensor(item: Mapping[str, object], place: str, data: bytes | None) -> Tensor:
    name, datatype, shape = item.get("name"), item.get("datatype"), item.get("shape")
    if not isinstance(name, str):
        raise _invalid(f"name of {place} must be a string")
    if not isinstance(datatype, str) or datatype not in DATATYPES:
        raise _invalid(f"datatype of {place} must be one of {', '.join(DATATYPES)}")
    if (
        not isinstance(shape, list)
        or len(shape) not in (1, 2)
        or any(type(size) is not int or size < 1 for size in shape)
    ):
        raise _invalid(f"shape of {place} must be a list of one or two whole numbers above 0")
    if shape[0] > MAX_ROWS:
        raise _invalid(f"shape of {place} must have at most {MAX_ROWS} rows")
    if (data is None) != ("data" in item):
        raise _invalid(f"{place} must have either data or binary_data_size")
    size = tuple(shape)
    try:
        if data is None:
            values = read_json(datatype, size, item["data"])
        else:
            values = read_bytes(datatype, size, data)
    except TensorError as error:
        raise _invalid(f"{place}: {error}") from None
    return Tensor(name, datatype, size, values)


def _read_outputs(contract: Contract, content: object, *, as_bytes: bool) -> dict[str, bool]:
    known = [str(item["name"]) for item in list_outputs(contract)]
    if content is None or content == []:
        return dict.fromkeys(known, as_bytes)
    if not isinstance(content, list):
        raise _invalid("outputs must be a list of the wanted outputs")
    found: dict[str, bool] = {}
    for position, item in enumerate(content):
        place = f"outputs[{position}]"
        name = item.get("name") if isinstance(item, dict) else None
        if not isinstance(name, str) or name not in known:
            raise _invalid(f"{place} must have a name out of {', '.join(known)}")
        if name in found:
            raise _invalid(f"{place} names an output that was named before")
        found[name] = _read_flag(_read_parameters(item, place), "binary_data", otherwise=as_bytes)
    return found


def _read_flag(parameters: Mapping[str, object], name: str, *, otherwise: bool) -> bool:
    found = parameters.get(name, otherwise)
    if not isinstance(found, bool):
        raise _invalid(f"{name} must be true or false")
    return found


def _read_parameters(item: Mapping[str, object], place: str) -> Mapping[str, object]:
    found = item.get("parameters")
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise _invalid(f"parameters of {place} must be an object")
    for name in _UNSUPPORTED:
        if name in found:
            raise _invalid(f"{place} asks for {name}, which this server does not offer")
    return found


def _invalid(rule: str) -> RequestError:
    return RequestError(400, "invalid_request", f"The request is wrong: {rule}.")

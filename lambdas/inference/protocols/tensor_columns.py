"""The columns of a data contract out of tensors: one for each, or the graph's own."""

from collections.abc import Mapping, Sequence

from core.contract import Contract
from lambdas.inference.protocols.oip_metadata import NUMERIC, STRINGS, list_graph_inputs
from lambdas.inference.protocols.tensors import Tensor, TensorError


def count_rows(tensors: Sequence[Tensor]) -> int:
    """Return the number of rows that all tensors have, or raise `TensorError`."""
    rows = tensors[0].shape[0]
    if any(tensor.shape[0] != rows for tensor in tensors):
        raise TensorError("the inputs must all have the same number of rows")
    return rows


def spread(contract: Contract, tensors: Sequence[Tensor]) -> dict[str, Sequence[object]]:
    """Return the tensors' columns by name.

    Raises
    ------
    TensorError
        If a tensor has not the columns that its name stands for, or one comes twice.
    """
    names = {column.name for column in contract.columns}
    wide = {
        item["name"]: item["parameters"]["columns"]
        for item in list_graph_inputs(contract)
        if item["name"] not in names
    }
    found: dict[str, Sequence[object]] = {}
    for position, tensor in enumerate(tensors):
        columns = wide.get(tensor.name, [tensor.name])
        if len(columns) != (tensor.shape[1] if len(tensor.shape) > 1 else 1):
            raise TensorError(f"shape of inputs[{position}] must have {len(columns)} columns")
        if not found.keys().isdisjoint(columns):
            raise TensorError(f"inputs[{position}] gives a column that was given before")
        found.update(zip(columns, tensor.columns(), strict=True))
        if tensor.name == NUMERIC and tensor.name in wide:
            found |= _read_flags(contract, found, position)
        elif tensor.name == STRINGS and tensor.name in wide and tensor.datatype != "BYTES":
            raise TensorError(f"datatype of inputs[{position}] must be BYTES")
    return found


def _read_flags(
    contract: Contract, columns: Mapping[str, Sequence[object]], position: int
) -> dict[str, list[object]]:
    """Read the graph's 0 and 1 as the booleans that they stand for."""
    flags: dict[object, object] = {None: None, 0: False, 1: True}
    found: dict[str, list[object]] = {}
    for column in contract.numeric_columns:
        if column.kind == "boolean":
            values = columns[column.name]
            if any(value not in flags for value in values):
                raise TensorError(f"inputs[{position}] must have 0 or 1 for {column.name!r}")
            found[column.name] = [flags[value] for value in values]
    return found

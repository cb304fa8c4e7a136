"""What the Open Inference Protocol tells of a model, and its names for inputs and outputs."""

from typing import Any

from core.contract import Column, Contract
from lambdas.inference.models import Served

NUMERIC = "numeric"
STRINGS = "strings"

_NOTE = (
    "A tensor of shape [n] or [n, 1] for each column; a nullable column may be left out. Numeric"
    " columns take every INT, UINT and FP type. null, NaN and an empty BYTES element mean missing."
    " Or the tensors of graph_inputs: numeric holds numbers and booleans (0 or 1). Either way the"
    " contract's identifier may come along as a tensor: no model reads it, and while two versions"
    " are compared, its value decides which of them answers."
)


def describe_model(served: Served) -> dict[str, Any]:
    """Return a model's metadata."""
    contract = served.contract
    return {
        "name": served.version.model,
        "versions": [str(one.version.version) for one in list_served(served)],
        "platform": "onnxruntime_onnx",
        "inputs": [_describe_column(column) for column in contract.columns],
        "outputs": list_outputs(contract),
        "parameters": {"about_inputs": _NOTE, "graph_inputs": list_graph_inputs(contract)},
    }


def list_served(served: Served) -> list[Served]:
    """Return the versions that answer: the champion, and the challenger that is tried."""
    rollout = served.rollout
    tried = rollout.challenger.served if rollout and rollout.challenger else None
    return [served, tried] if tried else [served]


def list_outputs(contract: Contract) -> list[dict[str, Any]]:
    """Return the metadata of what a model answers, in order."""
    if contract.classes:
        scores = [
            _describe("prediction", "BYTES", [-1]),
            _describe("probabilities", "FP32", [-1, len(contract.classes)])
            | {"parameters": {"classes": list(contract.classes)}},
        ]
    else:
        scores = [_describe("prediction", "FP32", [-1])]
    return [
        *scores,
        _describe("prediction_id", "BYTES", [-1]),
        _describe("warnings", "BYTES", [-1]),
    ]


def list_graph_inputs(contract: Contract) -> list[dict[str, Any]]:
    """Return the metadata of the graph's own inputs, with the columns that each holds."""
    return [
        _describe(name, datatype, [-1, len(columns)])
        | {"parameters": {"columns": [column.name for column in columns]}}
        for name, datatype, columns in (
            (NUMERIC, "FP32", contract.numeric_columns),
            (STRINGS, "BYTES", contract.string_columns),
        )
        if columns
    ]


def _describe_column(column: Column) -> dict[str, Any]:
    datatype = {"numeric": "FP64", "boolean": "BOOL"}.get(column.kind, "BYTES")
    parameters: dict[str, Any] = {"kind": column.kind, "nullable": column.nullable}
    for name in ("minimum", "maximum", "categories"):
        value = getattr(column, name)
        if value is not None:
            parameters[name] = value
    return _describe(column.name, datatype, [-1]) | {"parameters": parameters}


def _describe(name: str, datatype: str, shape: list[int]) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": shape}

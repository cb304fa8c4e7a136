"""The bodies of the foreign protocols as JSON Schema, for the OpenAPI page."""

from typing import Any

from core.contract import Column, Contract
from core.values import FALSE_WORDS, TRUE_WORDS
from lambdas.inference.protocols.frames import FORMATS, MAX_ROWS
from lambdas.inference.protocols.oip_metadata import list_graph_inputs, list_outputs
from lambdas.inference.protocols.tensors import DATATYPES
from lambdas.inference.record_schema import (
    JsonSchema,
    describe_column,
    describe_record,
    make_example,
)

_TEXT: JsonSchema = {"type": "string"}
_ANYTHING: JsonSchema = {"type": "object"}
_SHAPE: JsonSchema = {
    "type": "array",
    "minItems": 1,
    "maxItems": 2,
    "items": {"type": "integer", "minimum": 1},
}


def list_forms(contract: Contract | None) -> dict[str, JsonSchema]:
    """Return the forms by name, typed by the contract of the model that answers."""
    return {
        "JsonSchema": {"type": "object", "description": "The JSON Schema of a record."},
        "OipError": _write_object({"error": _TEXT}),
        "OipLive": _write_object({"live": {"const": True}}),
        "OipReady": _write_object({"live": {"const": True}, "ready": {"const": True}}),
        "OipModelReady": _write_object({"name": _TEXT, "ready": {"const": True}}),
        "OipServer": _write_object(
            {"name": _TEXT, "version": _TEXT, "extensions": {"type": "array", "items": _TEXT}}
        ),
        "OipModel": _describe_model(),
        "OipRequest": _describe_request(contract),
        "OipResponse": _describe_response(contract),
        "OipBytes": {
            "type": "string",
            "format": "binary",
            "description": "The JSON, and after it the tensors' bytes; the header"
            " Inference-Header-Content-Length is the size of the JSON.",
        },
        "MlflowError": _write_object({"error_code": _TEXT, "message": _TEXT}),
        "MlflowText": _TEXT,
        "MlflowNothing": {"description": "Nothing but a line's end."},
        "MlflowRequest": _describe_tables(contract),
        "MlflowCsv": {"type": "string", "description": "A header and rows, as pandas writes them."},
        "MlflowResponse": _describe_predictions(contract),
    }


def _write_object(
    properties: JsonSchema, *, optional: tuple[str, ...] = (), is_open: bool = False
) -> JsonSchema:
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
        **({} if is_open else {"additionalProperties": False}),
    }


def _describe_tensor(name: JsonSchema, datatypes: tuple[str, ...]) -> JsonSchema:
    return _write_object(
        {"name": name, "datatype": {"enum": list(datatypes)}, "shape": _SHAPE},
        is_open=True,
    )


def _describe_model() -> JsonSchema:
    tensor = _write_object(
        {
            "name": _TEXT,
            "datatype": {"enum": list(DATATYPES)},
            "shape": {"type": "array", "items": {"type": "integer"}},
            "parameters": _ANYTHING,
        },
        optional=("parameters",),
    )
    tensors = {"type": "array", "items": tensor}
    return _write_object(
        {
            "name": _TEXT,
            "versions": {"type": "array", "items": _TEXT},
            "platform": _TEXT,
            "inputs": tensors,
            "outputs": tensors,
            "parameters": _ANYTHING,
        }
    )


def _describe_request(contract: Contract | None) -> JsonSchema:
    tensor = _describe_tensor(_TEXT, DATATYPES)
    output: JsonSchema = _write_object({"name": _TEXT}, is_open=True)
    if contract:
        names = [column.name for column in contract.columns]
        names += [str(item["name"]) for item in list_graph_inputs(contract)]
        names += [contract.identifier] if contract.identifier else []
        tensor["properties"]["name"] = {"enum": list(dict.fromkeys(names))}
        output["properties"]["name"] = {"enum": [item["name"] for item in list_outputs(contract)]}
    # Not null: a missing value is null inside of data.
    tensor["properties"] |= {"data": {"type": "array", "minItems": 1}, "parameters": _ANYTHING}
    written = _write_object(
        {
            "id": _TEXT,
            "parameters": _ANYTHING,
            "inputs": {"type": "array", "minItems": 1, "items": tensor},
            "outputs": {"type": "array", "items": output},
        },
        optional=("id", "parameters", "outputs"),
        is_open=True,
    )
    if contract:
        written["examples"] = [{"id": "1", "inputs": _make_tensors(contract)}]
    return written


def _make_tensors(contract: Contract) -> list[dict[str, Any]]:
    types = {"numeric": "FP64", "boolean": "BOOL"}
    example = make_example(contract)
    return [
        {
            "name": column.name,
            "datatype": types.get(column.kind, "BYTES"),
            "shape": [1],
            "data": [example[column.name]],
        }
        for column in contract.columns
    ]


def _describe_response(contract: Contract | None) -> JsonSchema:
    tensor = _describe_tensor(_TEXT, ("BYTES", "FP32"))
    if contract:
        tensor["properties"]["name"] = {"enum": [item["name"] for item in list_outputs(contract)]}
    tensor["properties"] |= {"data": {"type": "array"}, "parameters": _ANYTHING}
    return _write_object(
        {
            "model_name": _TEXT,
            "model_version": _TEXT,
            "id": _TEXT,
            "parameters": _write_object(
                {"arms": _TEXT, "model_versions": _TEXT, "fallback": {"const": True}},
                optional=("arms", "model_versions", "fallback"),
            ),
            "outputs": {"type": "array", "items": tensor},
        },
        optional=("id", "parameters"),
    )


def _describe_tables(contract: Contract | None) -> JsonSchema:
    """Return the schema of exactly one of the four tables."""
    record: JsonSchema = _ANYTHING
    rows = {"type": "array", "minItems": 1, "maxItems": MAX_ROWS}
    split = _write_object(
        {
            "columns": {"type": "array", "items": _TEXT, "minItems": 1},
            "data": rows,
            "index": {"type": "array"},
        },
        optional=("index",),
    )
    columns = _ANYTHING
    if contract:
        cells = {column.name: _describe_cell(column) for column in contract.columns}
        record = describe_record(contract)
        record["properties"] |= cells
        properties = {name: {"type": "array", "items": cell} for name, cell in cells.items()}
        columns = {"type": "object", "properties": properties}
    tables = {
        "dataframe_split": split,
        "dataframe_records": {**rows, "items": record},
        "instances": {"anyOf": [columns, rows]},
        "inputs": {"anyOf": [columns, rows]},
    }
    written: JsonSchema = {
        "type": "object",
        "properties": {**tables, "params": {"type": ["object", "null"]}},
        "oneOf": [{"required": [name]} for name in FORMATS],
    }
    if contract:
        written["examples"] = [{"dataframe_records": [make_example(contract)]}]
    return written


def _describe_cell(column: Column) -> JsonSchema:
    """Return the schema of one cell of a table, in which a boolean may be written in other ways."""
    schema = describe_column(column)
    if column.kind == "boolean":
        del schema["type"]
        words = "|".join(
            "".join(f"[{letter.upper()}{letter}]" for letter in word)
            for word in (*TRUE_WORDS, *FALSE_WORDS)
        )
        schema["anyOf"] = [
            {"type": ["boolean", "null"] if column.nullable else "boolean"},
            {"enum": [0, 1]},
            {"type": "string", "pattern": f"^({words})$"},
        ]
    return schema


def _describe_predictions(contract: Contract | None) -> JsonSchema:
    prediction: JsonSchema = {"type": ["string", "number"]}
    if contract:
        prediction = {"enum": list(contract.classes)} if contract.classes else {"type": "number"}
    return _write_object(
        {
            "predictions": {
                "anyOf": [
                    {"type": "array", "items": prediction},
                    {"type": "object", "description": "The graph's own output, by its name."},
                ]
            },
            "prediction_ids": {"type": "array", "items": _TEXT},
            "model": _TEXT,
            "model_version": {"type": "integer"},
            "arms": {"type": "array", "items": _TEXT},
            "model_versions": {"type": "array", "items": {"type": "integer"}},
            "fallback": {"const": True},
            "warnings": {
                "type": "array",
                "items": _write_object({"row": {"type": "integer"}, "field": _TEXT, "rule": _TEXT}),
            },
        },
        optional=("arms", "model_versions", "fallback", "warnings"),
    )

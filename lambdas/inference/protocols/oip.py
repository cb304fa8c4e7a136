"""The Open Inference Protocol, version 2 (KServe, Triton), with binary tensor data.

A request names its inputs in one of two ways: a tensor for each column of the data contract, or
the graph's own ``numeric`` and ``strings``. Both are read against the contract, as records are.
https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
"""

import json
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import NotFoundError
from core.inputs import ContractViolationError
from lambdas.inference.answers import add_headers, answer, read_body, to_request_error
from lambdas.inference.asking import Asked, ask_columns
from lambdas.inference.capture import Recorder
from lambdas.inference.models import Models, NoModelError, Served
from lambdas.inference.protocols.oip_metadata import describe_model, list_served
from lambdas.inference.protocols.oip_request import HEADER_SIZE, InferRequest, read_request
from lambdas.inference.protocols.tensors import write_bytes
from lambdas.inference.routes import Route
from lambdas.inference.version import VERSION
from lambdas.inference.web import Request, Response

_TOLD = 5


def list_routes(models: Models, recorder: Recorder) -> list[Route]:
    """Return the protocol's routes."""

    async def live(_request: Request) -> Response:
        """Say that the server runs."""
        return answer({"live": True})

    async def ready(_request: Request) -> Response:
        """Say that the default model can answer."""
        models.get()
        return answer({"live": True, "ready": True})

    async def server(_request: Request) -> Response:
        """Describe the server."""
        return answer(
            {"name": "closed-loop", "version": VERSION, "extensions": ["binary_tensor_data"]}
        )

    async def metadata(request: Request) -> Response:
        """Describe a model's inputs and outputs."""
        return answer(describe_model(_find(models, request)))

    async def model_ready(request: Request) -> Response:
        """Say that a model can answer, itself and not by its prior."""
        served = _find(models, request)
        if served.is_fallback:
            raise NoModelError("The model cannot be loaded just now; its prior answers.")
        return answer({"name": served.version.model, "ready": True})

    async def infer(request: Request) -> Response:
        """Answer tensors with a model."""
        body = await read_body(request)
        served = _find(models, request)
        asked_for = read_request(served.contract, request.headers, body)
        asked = ask_columns(
            served, asked_for.columns, recorder, rows=asked_for.rows, request=request
        )
        return _write_answer(asked, asked_for)

    routes = [
        Route(methods=("GET",), path="/v2", endpoint=server, wrap=answer_error),
        Route(methods=("GET",), path="/v2/health/live", endpoint=live, wrap=answer_error),
        Route(methods=("GET",), path="/v2/health/ready", endpoint=ready, wrap=answer_error),
    ]
    for path in ("/v2/models/{model}", "/v2/models/{model}/versions/{version}"):
        routes += [
            Route(methods=("GET",), path=path, endpoint=metadata, wrap=answer_error),
            Route(methods=("GET",), path=f"{path}/ready", endpoint=model_ready, wrap=answer_error),
            Route(methods=("POST",), path=f"{path}/infer", endpoint=infer, wrap=answer_error),
        ]
    return routes


def answer_error(request: Request, error: Exception) -> Response:  # noqa: ARG001 - the form of all
    """Word a fault as the protocol does: ``{"error": text}``, with 400 for a broken rule."""
    if isinstance(error, ContractViolationError):
        return answer({"error": _describe_violations(error)}, status=400)
    fault = to_request_error(error)
    response = answer({"error": fault.message}, status=400 if fault.status == 422 else fault.status)
    add_headers(response, fault)
    return response


def _find(models: Models, request: Request) -> Served:
    served = models.get(request.path_params["model"])
    wanted = request.path_params.get("version")
    if wanted is None:
        return served
    for one in list_served(served):
        if wanted == str(one.version.version):
            return replace(one, rollout=None)  # a caller who names a version gets that one
    raise NotFoundError("This version of the model is not served; its metadata lists which is.")


def _describe_violations(error: ContractViolationError) -> str:
    told = [
        f"row {found.row}{f' of input {found.field!r}' if found.field else ''}: {found.rule}"
        for found in error.violations[:_TOLD]
    ]
    more = len(error.violations) - len(told)
    return "The tensors break the data contract: " + "; ".join(told) + ("; …" if more else "")


def _pick_output(asked: Asked, name: str) -> tuple[str, list[int], NDArray[np.float32] | list[str]]:
    rows = len(asked.prediction_ids)
    if name == "probabilities":
        return "FP32", list(asked.scores.shape), asked.scores
    if name == "prediction_id":
        return "BYTES", [rows], list(asked.prediction_ids)
    if name == "warnings":
        return "BYTES", [rows], _write_warnings(asked)
    if asked.served.contract.classes:
        return "BYTES", [rows], [str(prediction) for prediction in asked.predictions]
    return "FP32", [rows], asked.scores[:, 0]


def _tell_versions(asked: Asked) -> dict[str, object]:
    """Tell each row's arm and version; a parameter is no list in this protocol."""
    if asked.served.is_fallback:
        return {"fallback": True}
    if asked.by is None:
        return {}
    return {
        "arms": ",".join(served.alias.alias for served in asked.by),
        "model_versions": ",".join(str(served.version.version) for served in asked.by),
    }


def _write_warnings(asked: Asked) -> list[str]:
    notes: list[list[str]] = [[] for _ in asked.prediction_ids]
    for warning in asked.warnings:
        notes[warning.row].append(f"{warning.field}: {warning.rule}")
    return ["; ".join(found) for found in notes]


def _write_answer(asked: Asked, asked_for: InferRequest) -> Response:
    outputs: list[dict[str, Any]] = []
    parts: list[bytes] = []
    for name, is_binary in asked_for.outputs.items():
        datatype, shape, values = _pick_output(asked, name)
        output: dict[str, Any] = {"name": name, "datatype": datatype, "shape": shape}
        if is_binary:
            part = write_bytes(values)
            parts.append(part)
            output["parameters"] = {"binary_data_size": len(part)}
        else:
            output["data"] = values if isinstance(values, list) else values.ravel().tolist()
        outputs.append(output)
    parameters = _tell_versions(asked)
    content = {
        "model_name": asked.served.version.model,
        "model_version": str(asked.served.version.version),
        **({} if asked_for.id is None else {"id": asked_for.id}),
        **({"parameters": parameters} if parameters else {}),
        "outputs": outputs,
    }
    if not parts:
        return answer(content)
    header = json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()
    return Response(
        b"".join([header, *parts]),
        media_type="application/octet-stream",
        headers={HEADER_SIZE: str(len(header))},
    )

"""MLflow's scoring protocol, which is SageMaker's container contract too.

https://mlflow.org/docs/latest/ml/deployment/deploy-model-locally/#json-input
https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict

from core.contract import Contract
from core.inputs import ContractViolationError
from lambdas.inference.answers import (
    RequestError,
    add_headers,
    answer,
    parse_body,
    read_body,
    to_request_error,
)
from lambdas.inference.asking import Asked, ask_columns
from lambdas.inference.capture import Recorder
from lambdas.inference.models import Models
from lambdas.inference.protocols.frames import (
    FORMATS,
    Frame,
    FrameError,
    keep_features,
    read_csv,
    read_graph_inputs,
    read_inputs,
    read_instances,
    read_records,
    read_split,
)
from lambdas.inference.protocols.tensors import TensorError
from lambdas.inference.routes import Route
from lambdas.inference.version import VERSION
from lambdas.inference.web import Request, Response

_READERS: Mapping[str, Callable[[Contract, object], Frame]] = {
    "dataframe_split": lambda _contract, content: read_split(content),
    "dataframe_records": lambda contract, content: read_records(
        contract, content, "dataframe_records"
    ),
    "instances": read_instances,
    "inputs": read_inputs,
}

_TOLD = 5
_CODES = {404: "RESOURCE_DOES_NOT_EXIST", 500: "INTERNAL_ERROR", 503: "TEMPORARILY_UNAVAILABLE"}


def list_routes(models: Models, recorder: Recorder) -> list[Route]:
    """Return the protocol's routes."""

    async def ping(_request: Request) -> Response:
        """Say that the default model can answer."""
        models.get()
        return Response("\n", media_type="text/plain")

    async def version(_request: Request) -> Response:
        """Tell the server's version."""
        return Response(VERSION, media_type="text/plain")

    async def invocations(request: Request) -> Response:
        """Answer a table with the default model."""
        is_csv = _is_csv(request.headers.get("content-type"))
        if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise _refuse_type("The scoring server does not read compressed bodies.")
        body = await read_body(request)
        served = models.get()
        read = _read_csv if is_csv else _read_json
        try:
            frame, as_graph = read(served.contract, body)
        except (FrameError, TensorError) as error:
            message = f"The input cannot be read as a table: {error}."
            raise RequestError(400, "invalid_request", message) from None
        kept = keep_features(served.contract, frame)
        asked = ask_columns(served, kept.columns, recorder, rows=kept.rows, request=request)
        return _write_answer(asked, as_graph=as_graph)

    return [
        Route(methods=("GET",), path="/ping", endpoint=ping, wrap=answer_error),
        Route(methods=("GET",), path="/version", endpoint=version, wrap=answer_error),
        Route(methods=("POST",), path="/invocations", endpoint=invocations, wrap=answer_error),
    ]


def answer_error(request: Request, error: Exception) -> Response:  # noqa: ARG001 - the form of all
    """Word a fault as MLflow's server does."""
    if isinstance(error, RequestError) and error.status == 415:
        return Response(error.message, 415, media_type="text/plain")
    if isinstance(error, ContractViolationError):
        error = RequestError(400, "invalid_request", _describe_violations(error))
    fault = to_request_error(error)
    status = 400 if fault.status == 422 else fault.status
    content = {"error_code": _CODES.get(status, "BAD_REQUEST"), "message": fault.message}
    response = answer(content, status=status)
    add_headers(response, fault)
    return response


def _refuse_type(message: str) -> RequestError:
    return RequestError(415, "unsupported_media_type", message)


def _is_csv(content_type: str | None) -> bool:
    """Tell CSV from JSON; another type, or another encoding, is refused as MLflow refuses it."""
    kind, *rest = [part.strip().lower() for part in (content_type or "application/json").split(";")]
    parameters = dict(part.partition("=")[::2] for part in rest)
    if parameters.get("charset", "utf-8").strip('"') != "utf-8":
        raise _refuse_type("The scoring server only supports UTF-8")
    if parameters.keys() - {"charset"}:
        raise _refuse_type("A content type may have the parameter charset only.")
    if kind not in ("text/csv", "application/json"):
        raise _refuse_type(
            "This predictor only supports the content types text/csv and application/json."
        )
    return kind == "text/csv"


def _read_csv(contract: Contract, body: bytes) -> tuple[Frame, bool]:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise FrameError("the CSV must be UTF-8 text") from None
    return read_csv(contract, text), False


def _read_json(contract: Contract, body: bytes) -> tuple[Frame, bool]:
    """Return the table, and whether it came as the graph's own tensors."""
    # pandas has no other missing number, and MLflow's client writes it so.
    content = parse_body(body, nan_is_null=True)
    found = [name for name in FORMATS if isinstance(content, dict) and name in content]
    if not isinstance(content, dict) or len(found) != 1:
        raise FrameError(
            "the body must be a JSON object with exactly one of the fields " + ", ".join(FORMATS)
        )
    if not isinstance(content.get("params"), dict | None):
        raise FrameError("params must be an object")
    [name] = found
    tensors = read_graph_inputs(contract, content[name]) if name == "inputs" else None
    return (tensors, True) if tensors else (_READERS[name](contract, content[name]), False)


def _write_answer(asked: Asked, *, as_graph: bool) -> Response:
    version = asked.served.version
    predictions: object = list(asked.predictions)
    if as_graph:  # as the bundle's own ONNX flavour answers
        output = "probabilities" if asked.served.contract.classes else "prediction"
        predictions = {output: asked.scores.tolist()}
    content = {
        "predictions": predictions,
        "prediction_ids": list(asked.prediction_ids),
        "model": version.model,
        "model_version": version.version,
    }
    if asked.warnings:
        content["warnings"] = [asdict(found) for found in asked.warnings]
    if asked.served.is_fallback:
        content["fallback"] = True
    if asked.by is not None:
        content["arms"] = [served.alias.alias for served in asked.by]
        content["model_versions"] = [served.version.version for served in asked.by]
    return answer(content)


def _describe_violations(error: ContractViolationError) -> str:
    told = [
        f"row {found.row}{f', column {found.field!r}' if found.field else ''}: {found.rule}"
        for found in error.violations[:_TOLD]
    ]
    more = len(error.violations) - len(told)
    return "The input breaks the data contract: " + "; ".join(told) + ("; …" if more else "")

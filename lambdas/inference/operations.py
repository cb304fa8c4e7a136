"""What each route takes and gives, by the names of the forms in `schemas`: for the OpenAPI page."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

PROTOCOLS: Mapping[str, str] = {
    "closed-loop": "The system's own: records in, predictions out, and true outcomes back.",
    "mlflow": "MLflow's scoring protocol, and SageMaker's: tables in, predictions out.",
    "open-inference-protocol": "What clients of KServe and Triton speak: tensors in and out.",
    "learner": "What was written in the course, and deployed.",
}

ERRORS: Mapping[int, str] = {
    400: "The body cannot be read, or breaks a rule that the message names.",
    404: "There is no such model or version.",
    413: "The body is too large, or the answer is more than Lambda passes on.",
    415: "The body is not announced as something that this path takes.",
    422: "The request breaks the data contract; the details name each place and rule.",
    503: "No model can answer just now; the header retry-after says when to try again.",
    504: "The answer took too long.",
}

_JSON = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path.

    Attributes
    ----------
    protocol : str
        Whose form it has, one of `PROTOCOLS`.
    answer, body, error : mapping of str to str
        Names of forms by media type; empty where there is no body.
    status : int
        Of a success.
    errors : tuple of int
        Statuses of `error`.
    parameters : tuple of mapping
        Queries and headers, as OpenAPI writes them.
    """

    protocol: str
    answer: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, str] = field(default_factory=dict)
    error: Mapping[str, str] = field(default_factory=dict)
    status: int = 200
    errors: tuple[int, ...] = ()
    parameters: tuple[Mapping[str, Any], ...] = ()


def _native(
    answer: str, *, body: str = "", status: int = 200, errors: tuple[int, ...] = (404, 503, 504)
) -> Operation:
    if body:
        errors = (400, 404, 413, 415, 422, 503, 504)
    return Operation(
        protocol="closed-loop",
        answer={_JSON: answer},
        body={_JSON: body} if body else {},
        error={_JSON: "ErrorBody"},
        status=status,
        errors=errors,
    )


def _oip(answer: str, *, errors: tuple[int, ...] = (404, 503, 504)) -> Operation:
    return Operation(
        protocol="open-inference-protocol",
        answer={_JSON: answer},
        error={_JSON: "OipError"},
        errors=errors,
    )


_BYTES = "application/octet-stream"
_SIZE: Mapping[str, Any] = {
    "name": "Inference-Header-Content-Length",
    "in": "header",
    "description": "Size of the JSON, when tensors' bytes follow it.",
    "schema": {"type": "string", "pattern": "^[0-9]{1,9}$"},
}
_KEY: Mapping[str, Any] = {
    "name": "x-split-key",
    "in": "header",
    "description": "While versions are compared: the same text is always answered by the same one."
    " A record's identifier comes first.",
    "schema": {"type": "string"},
}
_INFER = Operation(
    protocol="open-inference-protocol",
    answer={_JSON: "OipResponse", _BYTES: "OipBytes"},
    body={_JSON: "OipRequest", _BYTES: "OipBytes"},
    error={_JSON: "OipError"},
    errors=(400, 404, 413, 415, 503, 504),
    parameters=(_SIZE, _KEY),
)
_INVOKE = Operation(
    protocol="mlflow",
    answer={_JSON: "MlflowResponse"},
    body={_JSON: "MlflowRequest", "text/csv": "MlflowCsv"},
    error={_JSON: "MlflowError", "text/plain": "MlflowText"},
    errors=(400, 413, 415, 503, 504),
    parameters=(_KEY,),
)
_CONTRACT = Operation(
    protocol="closed-loop",
    answer={_JSON: "Contract", "application/schema+json": "JsonSchema"},
    error={_JSON: "ErrorBody"},
    errors=(404, 503, 504),
)
_PREDICT = replace(_native("PredictResponse", body="PredictRequest"), parameters=(_KEY,))
_FEEDBACK = _native("FeedbackResponse", body="FeedbackRequest", status=202)

OPERATIONS: Mapping[tuple[str, str], Operation] = {
    ("GET", "/health"): _native("Health", errors=()),
    ("POST", "/v1/predict"): _PREDICT,
    ("POST", "/v1/models/{model}/predict"): _PREDICT,
    ("POST", "/v1/feedback"): _FEEDBACK,
    ("POST", "/v1/models/{model}/feedback"): _FEEDBACK,
    ("GET", "/v1/models"): _native("ModelList", errors=(503, 504)),
    ("GET", "/v1/model"): _native("ModelDetails"),
    ("GET", "/v1/models/{model}"): _native("ModelDetails"),
    ("GET", "/v1/contract"): _CONTRACT,
    ("GET", "/v1/models/{model}/contract"): _CONTRACT,
    ("GET", "/v2"): _oip("OipServer", errors=()),
    ("GET", "/v2/health/live"): _oip("OipLive", errors=()),
    ("GET", "/v2/health/ready"): _oip("OipReady", errors=(503, 504)),
    ("GET", "/v2/models/{model}"): _oip("OipModel"),
    ("GET", "/v2/models/{model}/ready"): _oip("OipModelReady"),
    ("POST", "/v2/models/{model}/infer"): _INFER,
    ("GET", "/v2/models/{model}/versions/{version}"): _oip("OipModel"),
    ("GET", "/v2/models/{model}/versions/{version}/ready"): _oip("OipModelReady"),
    ("POST", "/v2/models/{model}/versions/{version}/infer"): _INFER,
    ("GET", "/ping"): Operation(
        protocol="mlflow",
        answer={"text/plain": "MlflowNothing"},
        error={_JSON: "MlflowError"},
        errors=(503, 504),
    ),
    ("GET", "/version"): Operation(protocol="mlflow", answer={"text/plain": "MlflowText"}),
    ("POST", "/invocations"): _INVOKE,
}

"""The project's own protocol: predictions, feedback, and what there is to know about models."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from core.inputs import ContractViolationError, InputWarning
from lambdas.inference.answers import (
    MAX_ROWS,
    Problem,
    answer,
    answer_bytes,
    invalid,
    parse_object,
    read_json,
    read_object,
    read_rows,
)
from lambdas.inference.asking import Asked, ask_records
from lambdas.inference.capture import Recorder
from lambdas.inference.models import Models, Served
from lambdas.inference.quick_json import parse_rows, write_json
from lambdas.inference.registry import in_full
from lambdas.inference.routes import Route
from lambdas.inference.web import Request, Response

if TYPE_CHECKING:
    from core.records import AliasState
    from core.registry import Registry

MAX_EXPLAINED = 10
"""Records of a request whose answers are explained: each asks the model many times."""

_FALLBACK = {"fallback": True}
_SCHEMA_TYPE = "application/schema+json"


def list_routes(models: Models, recorder: Recorder) -> list[Route]:
    """Return the protocol's routes over a registry's models."""
    return [
        *_list_predict(models, recorder),
        *_list_feedback(models, recorder),
        *_list_models(models),
        *_list_contracts(models),
    ]


def _list_predict(models: Models, recorder: Recorder) -> list[Route]:
    async def predict(request: Request) -> Response:
        """Answer records with the default model."""
        return answer_bytes(_predict(models.get, request, await read_json(request), recorder))

    async def predict_with_model(request: Request) -> Response:
        """Answer records with a model by name."""
        get = partial(models.get, request.path_params["model"])
        return answer_bytes(_predict(get, request, await read_json(request), recorder))

    return [
        Route(methods=("POST",), path="/v1/predict", endpoint=predict),
        Route(methods=("POST",), path="/v1/models/{model}/predict", endpoint=predict_with_model),
    ]


def _list_feedback(models: Models, recorder: Recorder) -> list[Route]:
    def keep(served: Served, rows: Sequence[dict[str, object]]) -> Response:
        from lambdas.inference.outcomes import read_outcomes  # noqa: PLC0415 - no prediction

        outcomes = read_outcomes(served.contract, rows)
        accepted = recorder.keep_feedback(outcomes)
        content = {"accepted": accepted, "duplicates": len(outcomes) - accepted}
        return answer(content, status=202)

    async def feedback(request: Request) -> Response:
        """Tell the true outcomes of predictions of the default model."""
        rows = read_rows(await read_object(request), "feedback")
        return keep(models.get(), rows)

    async def feedback_on_model(request: Request) -> Response:
        """Tell the true outcomes of predictions of a model by name."""
        rows = read_rows(await read_object(request), "feedback")
        return keep(models.get(request.path_params["model"]), rows)

    return [
        Route(methods=("POST",), path="/v1/feedback", endpoint=feedback),
        Route(methods=("POST",), path="/v1/models/{model}/feedback", endpoint=feedback_on_model),
    ]


def _list_models(models: Models) -> list[Route]:
    async def list_models(_request: Request) -> Response:
        """List all models."""
        registry = models.registry
        default = registry.default_model()
        summaries = [
            _summarise(registry, model, default=model == default) for model in registry.models()
        ]
        return answer({"models": summaries})

    async def default_model(_request: Request) -> Response:
        """Describe the default model."""
        return answer(_describe(models, models.get()))

    async def model_by_name(request: Request) -> Response:
        """Describe a model by name."""
        return answer(_describe(models, models.get(request.path_params["model"])))

    return [
        Route(methods=("GET",), path="/v1/models", endpoint=list_models),
        Route(methods=("GET",), path="/v1/model", endpoint=default_model),
        Route(methods=("GET",), path="/v1/models/{model}", endpoint=model_by_name),
    ]


def _answer_contract(request: Request, served: Served) -> Response:
    """Answer the contract as it is, or as the JSON Schema of a record when that is asked for."""
    if _SCHEMA_TYPE not in request.headers.get("accept", ""):
        return answer(in_full(served.predictor.manifest).contract.model_dump(mode="json"))
    from lambdas.inference.record_schema import (  # noqa: PLC0415 - no prediction needs it
        DIALECT,
        describe_record,
    )

    response = answer({"$schema": DIALECT, **describe_record(served.contract)})
    response.headers["content-type"] = _SCHEMA_TYPE
    return response


def _list_contracts(models: Models) -> list[Route]:
    async def default_contract(request: Request) -> Response:
        """Show the data contract of the default model."""
        return _answer_contract(request, models.get())

    async def contract_of_model(request: Request) -> Response:
        """Show the data contract of a model by name."""
        served = models.get(request.path_params["model"])
        return _answer_contract(request, served)

    return [
        Route(methods=("GET",), path="/v1/contract", endpoint=default_contract),
        Route(methods=("GET",), path="/v1/models/{model}/contract", endpoint=contract_of_model),
    ]


def _predict(get: Callable[[], Served], request: Request, body: bytes, recorder: Recorder) -> bytes:
    """Answer a body the quick way if it is plainly right; else carefully, or say what is wrong."""
    records = parse_rows(body, "records")
    explains = False
    plain: bytes | None = body
    if records is None or len(records) > MAX_ROWS:
        records, explains = _read_request(parse_object(body))
        plain = None
    served = get()
    try:
        asked = ask_records(served, records, recorder, body=plain, request=request)
        return _write_answers(asked, _explain(asked, records) if explains else ())
    except ContractViolationError as error:
        raise invalid(
            Problem(("records", found.row, *([found.field] if found.field else [])), found.rule)
            for found in error.violations
        ) from None


def _read_request(content: dict[str, object]) -> tuple[list[dict[str, object]], bool]:
    """Return the records, and whether their answers are to be explained."""
    explains = content.pop("explain", False)
    if not isinstance(explains, bool):
        raise invalid([Problem(("explain",), "must be true or false")])
    records = read_rows(content, "records")
    if explains and len(records) > MAX_EXPLAINED:
        rule = f"must be a list of 1 to {MAX_EXPLAINED} objects where explain is true"
        raise invalid([Problem(("records",), rule)])
    return records, explains


def _explain(asked: Asked, records: Sequence[dict[str, object]]) -> Sequence[dict[str, Any]]:
    from lambdas.inference.explaining import explain_each  # noqa: PLC0415 - few requests need it

    return [found.to_content() for found in explain_each(asked, records)]


def _write_answers(asked: Asked, explanations: Sequence[dict[str, Any]] = ()) -> bytes:
    served = asked.served
    rows = len(asked.prediction_ids)
    notes: Sequence[Sequence[dict[str, str]]] = ((),) * rows
    if asked.warnings:
        notes = _group_by_row(asked.warnings, rows=rows)
    chances: Sequence[dict[str, float] | None] = asked.probabilities or [None] * rows
    threshold = served.predictor.manifest.decision_threshold
    content: dict[str, Any] = {
        "model": served.version.model,
        "model_version": served.version.version,
        **(_FALLBACK if served.is_fallback else {}),
        "predictions": [
            {
                "prediction_id": prediction_id,
                "prediction": prediction,
                "probability": row_chances,
                "decision_threshold": threshold,
                "interval": _make_interval(served, prediction),
                "warnings": row_notes,
            }
            for prediction_id, prediction, row_chances, row_notes in zip(
                asked.prediction_ids, asked.predictions, chances, notes, strict=True
            )
        ],
    }
    if asked.by is not None:
        _tell_versions(content["predictions"], asked.by)
    for prediction, explanation in zip(content["predictions"], explanations, strict=False):
        prediction["explanation"] = explanation
    return write_json(content)


def _tell_versions(predictions: Sequence[dict[str, Any]], by: Sequence[Served]) -> None:
    """Tell of each answer which arm gave it, and what its version says otherwise."""
    for prediction, served in zip(predictions, by, strict=True):
        prediction["model_version"] = served.version.version
        prediction["arm"] = served.alias.alias
        prediction["decision_threshold"] = served.predictor.manifest.decision_threshold
        prediction["interval"] = _make_interval(served, prediction["prediction"])


def _make_interval(served: Served, prediction: object) -> dict[str, float] | None:
    interval = served.predictor.manifest.interval
    if interval is None or not isinstance(prediction, float):
        return None
    return {
        "lower": prediction - interval.half_width,
        "upper": prediction + interval.half_width,
        "coverage": interval.coverage,
    }


def _group_by_row(warnings: Sequence[InputWarning], *, rows: int) -> list[list[dict[str, str]]]:
    notes: list[list[dict[str, str]]] = [[] for _ in range(rows)]
    for warning in warnings:
        notes[warning.row].append({"field": warning.field, "rule": warning.rule})
    return notes


def _summarise(registry: "Registry", model: str, *, default: bool) -> dict[str, Any]:
    from core.records import ALIASES  # noqa: PLC0415 - no prediction needs it

    found = {name: registry.alias(model, name) for name in ALIASES}
    aliases = {name: _summarise_alias(state) for name, state in found.items() if state}
    return {"model": model, "default": default, "aliases": aliases}


def _summarise_alias(state: "AliasState") -> dict[str, Any]:
    return state.model_dump(mode="json", include={"version", "revision", "changed_at"})


def _describe(models: Models, served: Served) -> dict[str, Any]:
    manifest = in_full(served.predictor.manifest)
    model = served.version.model
    summary = _summarise(models.registry, model, default=models.is_default(model))
    return {
        **summary,
        "model_version": served.version.version,
        "bundle_id": served.version.bundle_id,
        "candidate": manifest.candidate,
        "task": manifest.contract.task,
        "classes": manifest.contract.classes,
        "decision_threshold": manifest.decision_threshold,
        "metrics": manifest.metrics,
        "baseline_metrics": manifest.baseline_metrics,
        "columns": [column.model_dump(mode="json") for column in manifest.contract.columns],
    }

"""The project's own protocol: predictions, feedback, and what there is to know about models."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request, Response

from core import events
from core.contract import Contract
from core.events import Capture
from core.inputs import ContractViolationError, InputWarning, ModelInputs, encode_records
from core.registry import ALIASES, AliasState, Registry
from lambdas.inference.answers import Problem, answer, invalid, read_object, read_rows
from lambdas.inference.capture import Recorder
from lambdas.inference.models import Models, Served
from lambdas.inference.outcomes import read_outcomes
from lambdas.inference.predictor import Answer
from lambdas.inference.protocols import schemas

_NO_ANSWER = "the model has no finite answer for this record; its numbers are too large"


def make_router(models: Models, recorder: Recorder) -> APIRouter:
    """Make the routes over a registry's models."""
    router = APIRouter(responses=_describe_errors())
    _add_predict(router, models, recorder)
    _add_feedback(router, models, recorder)
    _add_models(router, models)
    _add_contract(router, models)
    return router


def _add_predict(router: APIRouter, models: Models, recorder: Recorder) -> None:
    extra = _describe_body(schemas.PredictRequest)

    @router.post("/v1/predict", response_model=schemas.PredictResponse, openapi_extra=extra)
    async def predict(request: Request) -> Response:
        """Answer records with the default model."""
        records = read_rows(await read_object(request), "records")
        return answer(_predict(models.get(), records, recorder))

    @router.post(
        "/v1/models/{model}/predict", response_model=schemas.PredictResponse, openapi_extra=extra
    )
    async def predict_with_model(request: Request, model: str) -> Response:
        """Answer records with a model by name."""
        records = read_rows(await read_object(request), "records")
        return answer(_predict(models.get(model), records, recorder))


def _add_feedback(router: APIRouter, models: Models, recorder: Recorder) -> None:
    extra = _describe_body(schemas.FeedbackRequest)
    form = schemas.FeedbackResponse

    def keep(served: Served, rows: Sequence[dict[str, object]]) -> Response:
        outcomes = read_outcomes(served.contract, rows)
        accepted = recorder.keep_feedback(outcomes)
        content = {"accepted": accepted, "duplicates": len(outcomes) - accepted}
        return answer(content, status=202)

    @router.post("/v1/feedback", response_model=form, status_code=202, openapi_extra=extra)
    async def feedback(request: Request) -> Response:
        """Tell the true outcomes of predictions of the default model."""
        rows = read_rows(await read_object(request), "feedback")
        return keep(models.get(), rows)

    @router.post(
        "/v1/models/{model}/feedback", response_model=form, status_code=202, openapi_extra=extra
    )
    async def feedback_on_model(request: Request, model: str) -> Response:
        """Tell the true outcomes of predictions of a model by name."""
        rows = read_rows(await read_object(request), "feedback")
        return keep(models.get(model), rows)


def _add_models(router: APIRouter, models: Models) -> None:
    @router.get("/v1/models", response_model=schemas.ModelList)
    async def list_models() -> Response:
        """List all models."""
        registry = models.registry
        default = registry.default_model()
        summaries = [
            _summarise(registry, model, default=model == default) for model in registry.models()
        ]
        return answer({"models": summaries})

    @router.get("/v1/model", response_model=schemas.ModelDetails)
    async def default_model() -> Response:
        """Describe the default model."""
        return answer(_describe(models, models.get()))

    @router.get("/v1/models/{model}", response_model=schemas.ModelDetails)
    async def model_by_name(model: str) -> Response:
        """Describe a model by name."""
        return answer(_describe(models, models.get(model)))


def _add_contract(router: APIRouter, models: Models) -> None:
    @router.get("/v1/contract", response_model=Contract)
    async def default_contract() -> Response:
        """Show the data contract of the default model."""
        return answer(models.get().contract.model_dump(mode="json"))

    @router.get("/v1/models/{model}/contract", response_model=Contract)
    async def contract_of_model(model: str) -> Response:
        """Show the data contract of a model by name."""
        return answer(models.get(model).contract.model_dump(mode="json"))


def _predict(
    served: Served, records: Sequence[dict[str, object]], recorder: Recorder
) -> dict[str, Any]:
    inputs, warnings = _encode(served.contract, records)
    answers = _answer_all(served, inputs)
    captures = _make_captures(served, records, answers)
    recorder.capture(captures)
    notes = _group_by_row(warnings, rows=len(records))
    threshold = served.predictor.manifest.decision_threshold
    return {
        "model": served.version.model,
        "model_version": served.version.version,
        "predictions": [
            {
                "prediction_id": capture.prediction_id,
                "prediction": capture.prediction,
                "probability": capture.probabilities,
                "decision_threshold": threshold,
                "interval": _make_interval(served, capture.prediction),
                "warnings": notes[row],
            }
            for row, capture in enumerate(captures)
        ],
    }


def _encode(
    contract: Contract, records: Sequence[dict[str, object]]
) -> tuple[ModelInputs, list[InputWarning]]:
    try:
        return encode_records(contract, records)
    except ContractViolationError as error:
        raise invalid(
            Problem(("records", found.row, *([found.field] if found.field else [])), found.rule)
            for found in error.violations
        ) from None


def _answer_all(served: Served, inputs: ModelInputs) -> list[Answer]:
    answers = served.predictor.predict(inputs)
    missing = [row for row, found in enumerate(answers) if found is None]
    if missing:
        raise invalid(Problem(("records", row), _NO_ANSWER) for row in missing)
    return [found for found in answers if found is not None]


def _make_captures(
    served: Served, records: Sequence[dict[str, object]], answers: Sequence[Answer]
) -> list[Capture]:
    served_at = datetime.now(UTC)
    return [
        Capture.model_validate(
            {
                "prediction_id": events.new_prediction_id(),
                "model": served.version.model,
                "model_version": served.version.version,
                "served_at": served_at,
                "features": record,
                "probabilities": found.probabilities,
                "prediction": found.prediction,
            }
        )
        for record, found in zip(records, answers, strict=True)
    ]


def _make_interval(served: Served, prediction: str | float) -> dict[str, float] | None:
    interval = served.predictor.manifest.interval
    if interval is None or isinstance(prediction, str):
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


def _summarise(registry: Registry, model: str, *, default: bool) -> dict[str, Any]:
    found = {name: registry.alias(model, name) for name in ALIASES}
    aliases = {name: _summarise_alias(state) for name, state in found.items() if state}
    return {"model": model, "default": default, "aliases": aliases}


def _summarise_alias(state: AliasState) -> dict[str, Any]:
    return state.model_dump(mode="json", include={"version", "revision", "changed_at"})


def _describe(models: Models, served: Served) -> dict[str, Any]:
    manifest = served.predictor.manifest
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


def _describe_body(body: type[schemas.Body]) -> dict[str, Any]:
    content = {"application/json": {"schema": schemas.inline_schema(body)}}
    return {"requestBody": {"required": True, "content": content}}


def _describe_errors() -> dict[int | str, dict[str, Any]]:
    return {
        status: {"model": schemas.ErrorBody, "description": description}
        for status, description in (
            (400, "The body is not strict JSON."),
            (404, "There is no such model."),
            (413, "The body is too large."),
            (415, "The body is not announced as JSON."),
            (422, "The request breaks the data contract; the details name each place and rule."),
            (503, "No model can answer yet; the header retry-after says when to try again."),
        )
    }

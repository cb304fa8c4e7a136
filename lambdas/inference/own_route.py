"""The learner's own route: a path that answers typed questions with what they wrote.

It is loaded when something else than a prediction is asked for, so that a cold function does not
wait for it, and it asks a model as every caller does: nothing else is handed to it.
"""

import inspect
import logging
import re
import typing
from collections.abc import Callable, Container, Coroutine, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from pydantic import BaseModel, PydanticUserError, ValidationError
from pydantic.json_schema import models_json_schema

from core import parts
from core.inputs import MAX_VIOLATIONS, ContractViolationError, Violation
from core.parts import PartError
from core.strict_json import describe_place, describe_rule
from lambdas.inference.answers import (
    MAX_ROWS,
    Problem,
    answer,
    answer_bytes,
    invalid,
    read_object,
)
from lambdas.inference.asking import ask_records
from lambdas.inference.capture import Recorder
from lambdas.inference.deadline import read_remaining_s
from lambdas.inference.models import Models
from lambdas.inference.operations import Operation
from lambdas.inference.routes import Route
from lambdas.inference.web import Request, Response

PREFIX: Final = "/v1/own/"
REFERENCE: Final = "#/components/schemas/Own{model}"
_PATH: Final = re.compile(r"/v1/own/[a-z0-9][a-z0-9/_-]{0,79}")
_JSON: Final = "application/json"
_SOME: Final = "/v1/own/risk"
_UNKNOWN: Final = "?"

Endpoint = Callable[[Request], Coroutine[Any, Any, Response]]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class OwnRoute:
    """What a learner's part says of itself.

    Attributes
    ----------
    path : str
        Begins with `PREFIX`.
    question, answer : type of BaseModel
        What is taken and given.
    respond : callable
        Takes a question and a function that asks the default model; returns an answer.
    """

    path: str
    question: type[BaseModel]
    answer: type[BaseModel]
    respond: Callable[..., object]

    @property
    def operation(self) -> Operation:
        """What the OpenAPI page says of it."""
        return Operation(
            protocol="learner",
            answer={_JSON: f"Own{self.answer.__name__}"},
            body={_JSON: f"Own{self.question.__name__}"},
            error={_JSON: "ErrorBody"},
            errors=(400, 413, 415, 422, 503, 504),
        )

    def write_schemas(self) -> dict[str, Any]:
        """Return the types by the names that the page calls them."""
        forms = [(self.question, "validation"), (self.answer, "serialization")]
        _, found = models_json_schema(forms, ref_template=REFERENCE)  # type: ignore[arg-type]
        return {f"Own{name}": schema for name, schema in found["$defs"].items()}

    def list_fields(self) -> frozenset[str]:
        """Return the names of all fields that are declared, which may be told to a caller."""
        try:
            schemas = self.write_schemas().values()
        except PydanticUserError:  # types that no schema can say
            return frozenset()
        return frozenset(name for schema in schemas for name in schema.get("properties", ()))


def load_own_route() -> OwnRoute | None:
    """Return the learner's route; None where there is none.

    Raises
    ------
    PartError
        If the part is not what it must be.
    """
    respond = parts.load_function("route")
    if respond is None:
        return None
    path = getattr(parts.load("route"), "PATH", None)
    if not isinstance(path, str) or not _PATH.fullmatch(path):
        raise PartError(
            f"Your part route has no PATH of the form {_SOME!r}: it begins with {PREFIX}, then come"
            " small letters, digits, - and _."
        )
    with parts.guarded("route", lambda: "has types that cannot be read"):
        hints = typing.get_type_hints(respond)
        names = list(inspect.signature(respond).parameters)
    question = hints.get(names[0]) if len(names) == 2 else None
    given = hints.get("return")
    if not _is_form(question) or not _is_form(given):
        raise PartError(
            "Your part route needs a function respond(question: Question, predict) -> Answer, of"
            " which Question and Answer are pydantic models."
        )
    return OwnRoute(path, question, given, respond)


def list_routes(models: Models, recorder: Recorder) -> list[Route]:
    """Return the learner's route, or one that says why it is none; nothing where there is none."""
    try:
        own = load_own_route()
    except PartError as error:
        return [Route(methods=("POST",), path=f"{PREFIX}{{name}}", endpoint=_refuse(str(error)))]
    if own is None:
        return []
    return [Route(methods=("POST",), path=own.path, endpoint=_make_endpoint(own, models, recorder))]


def _is_form(found: object) -> typing.TypeGuard[type[BaseModel]]:
    return isinstance(found, type) and issubclass(found, BaseModel)


def _refuse(sentence: str) -> Endpoint:
    async def broken(_request: Request) -> Response:
        """Say why the learner's route cannot answer."""
        return _answer_broken(sentence)

    return broken


def _make_endpoint(own: OwnRoute, models: Models, recorder: Recorder) -> Endpoint:
    async def respond(request: Request) -> Response:
        content = await read_object(request)
        asked = 0

        def predict(records: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
            nonlocal asked
            rows = list(records)
            asked += len(rows)
            if asked > MAX_ROWS:
                rule = f"is one too many: a request may ask about {MAX_ROWS} records"
                raise ContractViolationError([Violation(MAX_ROWS, None, rule)])
            return _predict(models, recorder, rows, request)

        try:
            return answer_bytes(_respond(own, content, predict))
        except PartError as error:
            return _answer_broken(str(error))
        except ContractViolationError as error:
            raise invalid(
                Problem(("records", found.row, *([found.field] if found.field else [])), found.rule)
                for found in error.violations
            ) from None

    respond.__doc__ = inspect.getdoc(own.respond) or "Answer as the learner's own part does."
    return respond


def _respond(own: OwnRoute, content: object, predict: Callable[..., object]) -> bytes:
    try:
        question = own.question.model_validate(content)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False, include_context=False)
        raise invalid(_tell(faults, own.list_fields())) from None
    parts.set_deadline(read_remaining_s())
    with parts.guarded("route"):
        found = own.respond(question, predict)
    return _write(own, found)


def _tell(faults: Iterable[Mapping[str, Any]], fields: Container[str]) -> Iterator[Problem]:
    """Tell the first faults. What a caller calls a field is theirs, as a value is."""
    for fault in islice(faults, MAX_VIOLATIONS):
        place = (
            part if isinstance(part, int) or part in fields else _UNKNOWN for part in fault["loc"]
        )
        yield Problem(tuple(place), describe_rule(fault))


def _write(own: OwnRoute, found: object) -> bytes:
    # Validators and serializers are the learner's code too.
    with parts.guarded("route", lambda: "cannot write its answer"):
        try:
            made = found if isinstance(found, own.answer) else own.answer.model_validate(found)
        except ValidationError as error:
            fault = error.errors(include_url=False, include_input=False)[0]
            raise PartError(
                f"Your part route returned what is no {own.answer.__name__}, at"
                f" {describe_place(fault['loc'])}."
            ) from None
        return made.model_dump_json().encode()


def _predict(
    models: Models, recorder: Recorder, records: list[dict[str, Any]], request: Request
) -> list[dict[str, Any]]:
    """Ask the default model, as ``/v1/predict`` does."""
    if not records:
        return []
    asked = ask_records(models.get(), records, recorder, request=request)
    chances: Sequence[dict[str, float] | None] = asked.probabilities or [None] * len(records)
    return [
        {"prediction_id": each, "prediction": prediction, "probability": chance}
        for each, prediction, chance in zip(
            asked.prediction_ids, asked.predictions, chances, strict=True
        )
    ]


def _answer_broken(sentence: str) -> Response:
    """Answer 500, which rings the API's alarm, and say in the log what the caller reads too."""
    _log.error("%s", sentence)
    return answer(
        {"error": {"code": "part_failed", "message": sentence, "details": []}}, status=500
    )

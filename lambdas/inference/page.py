"""The OpenAPI page: every route, typed by the contract of the model that answers.

Nothing here is needed to answer a prediction, so the application imports it when somebody asks
for the page.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic.json_schema import models_json_schema

from core import parts
from core.contract import Contract
from core.errors import LoopError
from core.parts import PartError
from lambdas.inference.models import Models, Served
from lambdas.inference.operations import ERRORS, OPERATIONS, PROTOCOLS, Operation
from lambdas.inference.protocols import schemas
from lambdas.inference.protocols.forms import list_forms
from lambdas.inference.record_schema import (
    JsonSchema,
    describe_outcome,
    describe_record,
    make_example,
)

if TYPE_CHECKING:
    from lambdas.inference.own_route import OwnRoute

_REFERENCE = "#/components/schemas/{model}"
_KEY = "x-api-key"
_MAX_PAGES = 16
_ATTRIBUTE = re.compile(r"^(\w+(?:, \w+)*) : .*\n((?:    .*(?:\n|$))+)", re.MULTILINE)
_SOME_ID = "018f3c0a1b2c7d3e8f4a5b6c7d8e9f00"  # in the form of one, and of nothing

Endpoint = Callable[..., Any]


class Page:
    """The OpenAPI document of an application; made anew when another version answers.

    Parameters
    ----------
    app : FastAPI
        Its routes are what is described.
    models : Models
        Their contracts type it.
    keyed : bool
        Whether callers need an API key.
    """

    def __init__(self, app: FastAPI, models: Models, *, keyed: bool) -> None:
        self._app = app
        self._models = models
        self._keyed = keyed
        self._made: dict[str | None, tuple[tuple[str, int] | None, dict[str, Any]]] = {}

    def read(self, model: str | None = None) -> dict[str, Any]:
        """Return the document for a model, or for the default one.

        Raises
        ------
        NotFoundError
            If there is no model of this name.
        """
        served = self._find(model)
        # Versions may share a bundle, and the page names the version.
        shown = (served.version.bundle_id, served.version.version) if served else None
        known = self._made.get(model)
        if known and known[0] == shown:
            return known[1]
        document = self._write(served)
        if served is None or model is None or len(self._made) < _MAX_PAGES:
            self._made[model] = (shown, document)
        return document

    def _find(self, model: str | None) -> Served | None:
        if model is not None:
            return self._models.get(model)
        try:
            return self._models.get()
        except LoopError:  # the page is there before the first model is
            return None

    def _write(self, served: Served | None) -> dict[str, Any]:
        paths: dict[str, Any] = {}
        own = _find_own_route()
        operations = {**OPERATIONS, **({("POST", own.path): own.operation} if own else {})}
        for method, path, endpoint in _list_endpoints(self._app):
            operation = operations.get((method, path))
            if operation is None:  # the learner's own route, which is broken
                continue
            written = _write_operation(path, endpoint, operation, served)
            paths.setdefault(path, {})[method.lower()] = written
        document = {
            "openapi": "3.1.0",
            "info": {
                "title": self._app.title,
                "summary": self._app.summary,
                "version": self._app.version,
            },
            # Relative, because the address of a deployed API has the stage's name in front.
            "servers": [{"url": "."}],
            "tags": list(_describe_protocols(paths)),
            "paths": dict(sorted(paths.items())),
            "components": {"schemas": _write_schemas(served) | _write_own_schemas(own)},
        }
        if self._keyed:
            scheme = {"type": "apiKey", "in": "header", "name": _KEY}
            document["components"]["securitySchemes"] = {_KEY: scheme}  # type: ignore[index]
            document["security"] = [{_KEY: []}]
            paths["/health"]["get"]["security"] = []
        return document


def _find_own_route() -> "OwnRoute | None":
    """Return the learner's route, if there is one and it can answer."""
    if parts.find("route") is None:
        return None
    from lambdas.inference.own_route import load_own_route  # noqa: PLC0415 - few systems have one

    try:
        return load_own_route()
    except PartError:  # its path says why
        return None


def _write_own_schemas(own: "OwnRoute | None") -> dict[str, Any]:
    return own.write_schemas() if own else {}


def _list_endpoints(app: FastAPI) -> Iterator[tuple[str, str, Endpoint]]:
    for route in iter_route_contexts(app.routes):
        endpoint = route.endpoint
        # The page itself is no part of the page.
        if endpoint and isinstance(route.original_route, APIRoute) and route.include_in_schema:
            for method in sorted(route.methods or ()):
                yield method, str(route.path), endpoint


def _describe_protocols(paths: Mapping[str, Mapping[str, Any]]) -> Iterator[dict[str, str]]:
    used = {name for item in paths.values() for each in item.values() for name in each["tags"]}
    for name, told in PROTOCOLS.items():
        if name in used:
            yield {"name": name, "description": told}


def _write_operation(
    path: str, endpoint: Endpoint, operation: Operation, served: Served | None
) -> dict[str, Any]:
    written: dict[str, Any] = {
        "operationId": endpoint.__name__ + ("_of_version" if "{version}" in path else ""),
        "summary": (endpoint.__doc__ or "").strip().partition("\n")[0],
        "tags": [operation.protocol],
        "responses": {
            str(operation.status): {
                "description": "The answer.",
                **({"content": _refer(operation.answer)} if operation.answer else {}),
            },
            **{str(status): _write_error(status, operation) for status in operation.errors},
        },
    }
    parameters = [*_write_path_parameters(path, served), *operation.parameters]
    if parameters:
        written["parameters"] = parameters
    if operation.body:
        content = _refer(operation.body)
        if served:
            for form in content.values():
                form.update(_find_examples(form["schema"]["$ref"], served.contract))
        written["requestBody"] = {"required": True, "content": content}
    return written


def _write_error(status: int, operation: Operation) -> dict[str, Any]:
    written: dict[str, Any] = {"description": ERRORS[status]}
    if operation.error:
        written["content"] = _refer(operation.error)
    if status == 503:
        written["headers"] = {"retry-after": {"schema": {"type": "string"}}}
    return written


def _refer(forms: Mapping[str, str]) -> dict[str, Any]:
    return {
        media: {"schema": {"$ref": _REFERENCE.format(model=name)}} for media, name in forms.items()
    }


def _write_path_parameters(path: str, served: Served | None) -> list[dict[str, Any]]:
    found = []
    for name in ("model", "version"):
        if f"{{{name}}}" not in path:
            continue
        schema: JsonSchema = {"type": "string"}
        if served:
            value = served.version.model if name == "model" else str(served.version.version)
            schema["enum"] = [value]
        found.append(
            {
                "name": name,
                "in": "path",
                "required": True,
                "description": f"{name.title()} that this page describes; openapi.json?model=NAME "
                "describes another one.",
                "schema": schema,
            }
        )
    return found


def _write_schemas(served: Served | None) -> dict[str, Any]:
    forms = [(form, "serialization") for form in schemas.FORMS]
    _, found = models_json_schema(forms, ref_template=_REFERENCE)  # type: ignore[arg-type]
    contract = served.contract if served else None
    for form in found["$defs"].values():
        _spread_attributes(form)
    written: dict[str, Any] = {**found["$defs"], **list_forms(contract)}
    if contract:
        _type_by_contract(written, contract)
    return written


def _spread_attributes(form: dict[str, Any]) -> None:
    """Give each field what the class's docstring says of it, which is all of the description."""
    lead, _, attributes = form.get("description", "").partition("\n\nAttributes\n----------\n")
    for names, told in _ATTRIBUTE.findall(attributes):
        for name in names.split(", "):
            form["properties"][name]["description"] = " ".join(told.split())
    if attributes:
        form["description"] = lead


def _type_by_contract(written: dict[str, Any], contract: Contract) -> None:
    """Put the contract's own columns and classes where the general forms have anything."""
    written["Record"] = describe_record(contract)
    written["Outcome"]["properties"]["outcome"] = describe_outcome(contract)
    probability: JsonSchema = {"type": "null"}
    if contract.classes:
        share = {"type": "number", "minimum": 0, "maximum": 1.000001}
        probability = {
            "type": "object",
            "properties": dict.fromkeys(contract.classes, share),
            "required": list(contract.classes),
            "additionalProperties": False,
        }
    prediction = written["Prediction"]["properties"]
    prediction["probability"] = probability
    prediction["prediction"] = describe_outcome(contract)


def _find_examples(reference: str, contract: Contract) -> dict[str, Any]:
    if reference.endswith("/PredictRequest"):
        return {"example": {"records": [make_example(contract)]}}
    if reference.endswith("/FeedbackRequest"):
        outcome = contract.classes[-1] if contract.classes else 1.0
        return {"example": {"feedback": [{"prediction_id": _SOME_ID, "outcome": outcome}]}}
    return {}

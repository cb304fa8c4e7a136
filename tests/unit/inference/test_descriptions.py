import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from pydantic import BaseModel

from core.contract import Column, Contract, Task
from core.events import new_prediction_id
from core.registry import Registry
from lambdas.inference.capture import Recorder
from lambdas.inference.protocols import schemas
from lambdas.inference.table import list_routes
from tests.fixtures.bundles import make_champion, make_contract, make_record
from tests.unit.inference.service import Service, make_event


@pytest.fixture
def service() -> Service:
    service = Service()
    make_champion(service.store, make_contract())
    make_champion(service.store, make_contract(dataset="wine", task="multiclass"))
    return service


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/health", schemas.Health),
        ("/v1/models", schemas.ModelList),
        ("/v1/model", schemas.ModelDetails),
        ("/v1/models/wine", schemas.ModelDetails),
        ("/v1/contract", Contract),
        ("/v1/models/wine/contract", Contract),
        ("/v1/nothing", schemas.ErrorBody),
    ],
)
def test_answer_has_the_documented_form(service: Service, path: str, form: type[BaseModel]) -> None:
    form.model_validate_json(service.get(path).text)


def test_answer_to_a_post_has_the_documented_form(service: Service) -> None:
    predict = {"records": [{**make_record(), "plan": "new"}]}
    schemas.PredictRequest.model_validate(predict)
    reply = service.post("/v1/predict", predict)
    schemas.PredictResponse.model_validate_json(reply.text)
    feedback = {"feedback": [{"prediction_id": new_prediction_id(), "outcome": "Yes"}]}
    schemas.FeedbackRequest.model_validate(feedback)
    schemas.FeedbackResponse.model_validate_json(service.post("/v1/feedback", feedback).text)
    refused = service.post("/v1/predict", {"records": [{}]})
    schemas.ErrorBody.model_validate_json(refused.text)


def test_models_are_listed_with_their_aliases(service: Service) -> None:
    Registry(service.store).move_alias(
        "wine", "shadow", to=1, expected_revision=0, reason="try", changed_by="test"
    )
    listed = service.get("/v1/models").json["models"]
    assert [(item["model"], item["default"], sorted(item["aliases"])) for item in listed] == [
        ("subscriptions", True, ["champion"]),
        ("wine", False, ["champion", "shadow"]),
    ]


def test_model_is_described_by_what_it_serves(service: Service) -> None:
    found = service.get("/v1/models/wine").json
    assert (found["model"], found["model_version"], found["default"]) == ("wine", 1, False)
    manifest = service.models.get("wine").predictor.manifest
    assert found["metrics"] == manifest.metrics
    assert found["baseline_metrics"] == manifest.baseline_metrics
    assert found["classes"] == ["low", "middle", "high"]
    assert [column["name"] for column in found["columns"]] == ["age", "plan", "usage", "active"]
    assert service.get("/v1/model").json["model"] == "subscriptions"


def test_contract_is_the_one_that_was_trained_on(service: Service) -> None:
    assert Contract.from_json(service.get("/v1/contract").text.encode()) == make_contract()


def test_openapi_page_shows_every_route_of_the_table(service: Service) -> None:
    page = service.get("/openapi.json").json
    shown = {(method, path) for path, item in page["paths"].items() for method in item}
    routes = list_routes(service.models, Recorder(service.store, stage="dev", share=1.0))
    assert shown == {(method.lower(), route.path) for route in routes for method in route.methods}
    operations = [operation for item in page["paths"].values() for operation in item.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names)
    assert all(operation["summary"].endswith(".") for operation in operations)


def test_openapi_page_explains_protocols_and_fields(service: Service) -> None:
    page = service.get("/openapi.json").json
    named = {name for item in page["paths"].values() for each in item.values()
             for name in each["tags"]}  # fmt: skip
    assert {tag["name"] for tag in page["tags"]} == named
    forms = page["components"]["schemas"]
    assert not [name for name, form in forms.items() if "-----" in form.get("description", "")]
    column = forms["Column"]
    assert column["description"] == "One feature."
    for name, field in column["properties"].items():
        assert field["description"], name
    assert forms["Contract"]["properties"]["target"]["description"] == (
        "The column that is predicted."
    )


def test_openapi_page_has_typed_bodies(service: Service) -> None:
    page = service.get("/openapi.json").json
    predict = page["paths"]["/v1/predict"]["post"]
    assert predict["requestBody"]["content"]["application/json"]["schema"]["$ref"].endswith(
        "/PredictRequest"
    )
    schemas = page["components"]["schemas"]
    assert schemas["PredictRequest"]["properties"]["records"]["maxItems"] == 1000
    answer = predict["responses"]["200"]["content"]["application/json"]["schema"]
    assert answer["$ref"].endswith("/PredictResponse")
    feedback = page["paths"]["/v1/feedback"]["post"]
    assert "202" in feedback["responses"]
    for status in ("400", "404", "413", "415", "422", "503"):
        error = predict["responses"][status]["content"]["application/json"]["schema"]
        assert error["$ref"].endswith("/ErrorBody")


def test_docs_page_finds_the_description_under_any_stage(service: Service) -> None:
    reply = service.get("/docs")
    assert reply.status == 200
    assert 'fetch("openapi.json"' in reply.text


def test_docs_page_loads_nothing_from_other_servers(service: Service) -> None:
    reply = service.get("/docs")
    assert "://" not in reply.text
    assert "src=" not in reply.text
    assert "innerHTML" not in reply.text  # a column's name is text, whatever it holds
    assert reply.headers["content-security-policy"].startswith("default-src 'none'")


@pytest.mark.parametrize("path", ["/v1/contract", "/v1/models/subscriptions/contract"])
def test_contract_is_json_schema_when_that_is_asked_for(service: Service, path: str) -> None:
    event = make_event("GET", path, headers={"Accept": "application/schema+json"})
    reply = service.send(event)
    assert reply.headers["content-type"] == "application/schema+json"
    Draft202012Validator.check_schema(reply.json)
    validator = Draft202012Validator(reply.json)
    for name in ("C-1", 17, None):
        named = make_record() | {"customer_id": name}
        assert validator.is_valid(named)
        assert service.post("/v1/predict", {"records": [named]}).status == 200
    for broken in (
        {},
        {"age": None},
        {"age": "1"},
        {"age": 1, "x": 1},
        {"age": 1, "plan": ""},
        {"age": 1, "customer_id": True},
    ):
        assert not validator.is_valid(broken)
        assert service.post("/v1/predict", {"records": [broken]}).status == 422


def test_openapi_page_shows_the_columns_of_the_model_that_answers(service: Service) -> None:
    record = service.get("/openapi.json").json["components"]["schemas"]["Record"]
    assert list(record["properties"]) == ["age", "plan", "usage", "active", "customer_id"]
    assert "no model reads it" in record["properties"]["customer_id"]["description"]
    assert record["required"] == ["age"]
    assert record["properties"]["age"]["type"] == "number"
    assert "from 0 to 120" in record["properties"]["age"]["description"]
    assert record["properties"]["plan"]["examples"] == ["basic", "plus", "pro"]
    assert record["properties"]["active"]["type"] == ["boolean", "null"]
    [example] = record["examples"]
    assert service.post("/v1/predict", {"records": [example]}).status == 200


def test_openapi_page_follows_the_alias_and_describes_other_models_when_asked(
    service: Service,
) -> None:
    def columns(path: str) -> list[str]:
        schemas_shown = service.get(path).json["components"]["schemas"]
        return list(schemas_shown["Record"]["properties"])

    service.get("/openapi.json")
    make_champion(
        service.store, make_contract(columns=[Column(name="height", kind="numeric")]), run_id="2"
    )
    service.get("/v1/model")
    assert columns("/openapi.json") == ["height", "customer_id"]
    assert columns("/openapi.json?model=wine") == ["age", "plan", "usage", "active", "customer_id"]
    assert service.get("/openapi.json?model=nothing").status == 404


def test_openapi_page_names_the_version_when_the_next_one_has_the_same_bundle(
    service: Service,
) -> None:
    def versions() -> list[str]:
        page = service.get("/openapi.json").json
        operation = page["paths"]["/v2/models/{model}/versions/{version}/infer"]["post"]
        [shown] = [one["schema"] for one in operation["parameters"] if one["name"] == "version"]
        found: list[str] = shown["enum"]
        return found

    assert versions() == ["1"]
    first, registry = service.models.get().version, Registry(service.store)
    again = registry.register(
        model=first.model,
        bundle_id=first.bundle_id,
        run_id="the same again",
        dataset_version=first.dataset_version,
        candidate=first.candidate,
        metrics=first.metrics,
    )
    registry.move_alias(
        first.model,
        "champion",
        to=again.version,
        expected_revision=1,
        reason="try",
        changed_by="test",
    )
    assert service.get("/v1/model").json["model_version"] == 2
    assert versions() == ["2"]


def test_openapi_page_is_there_before_the_first_model() -> None:
    page = Service().get("/openapi.json").json
    assert "Record" in page["components"]["schemas"]


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_openapi_page_says_nothing_but_valid_json_schema(task: Task) -> None:
    service = Service()
    make_champion(service.store, make_contract(task=task))
    page = service.get("/openapi.json").json
    for name in page["components"]["schemas"]:
        schema = {"$ref": f"#/components/schemas/{name}", "components": page["components"]}
        Draft202012Validator.check_schema(schema)
    answer = service.post("/v1/predict", {"records": [make_record()]}).json
    form = {"$ref": "#/components/schemas/PredictResponse", "components": page["components"]}
    Draft202012Validator(form).validate(answer)

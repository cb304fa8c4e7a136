import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from core import parts
from tests.fixtures.bundles import make_champion, make_contract, make_record
from tests.fixtures.own_parts import Parts
from tests.unit.inference.service import Service

PATH = "/v1/own/risky"


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Parts]:
    yield Parts(tmp_path / "parts", monkeypatch)
    parts.set_deadline(None)


def make_service() -> Service:
    service = Service()
    make_champion(service.store, make_contract())
    return service


def write_route(own: Parts, body: str, *, head: str = 'PATH = "/v1/own/risky"') -> None:
    lines = ["from pydantic import BaseModel", head, "class Q(BaseModel):", "    n: int = 0"]
    lines += ["class A(BaseModel):", "    n: int"]
    own.write("route", "\n".join([*lines, body]))


def test_the_learners_route_asks_the_model_and_answers(own: Parts) -> None:
    own.good("route")
    service = make_service()
    customers = [make_record(), {"age": 1, "plan": "basic"}]
    reply = service.post(PATH, {"customers": customers, "limit": 0.6})
    assert (reply.status, reply.json) == (200, {"risky": [0]})
    everybody = service.post(PATH, {"customers": customers, "limit": 0})
    assert everybody.json == {"risky": [0, 1]}


def test_what_it_asks_is_captured_as_every_prediction(own: Parts) -> None:
    own.good("route")
    service = make_service()
    before = len(list(service.store.list("captured/")))
    service.post(PATH, {"customers": [make_record()]})
    assert len(list(service.store.list("captured/"))) == before + 1


def test_the_page_shows_its_types(own: Parts) -> None:
    own.good("route")
    page = make_service().get("/openapi.json").json
    operation = page["paths"][PATH]["post"]
    assert operation["summary"] == "Say which customers are likely to leave."
    assert operation["tags"] == ["learner"]
    taken = operation["requestBody"]["content"]["application/json"]["schema"]
    assert taken == {"$ref": "#/components/schemas/OwnQuestion"}
    schemas = page["components"]["schemas"]
    assert schemas["OwnAnswer"]["properties"]["risky"]["items"] == {"type": "integer"}
    Draft202012Validator.check_schema(schemas["OwnQuestion"])


def test_a_broken_rule_of_the_question_is_named_and_nothing_is_repeated(own: Parts) -> None:
    own.good("route")
    reply = make_service().post(PATH, {"customers": [], "limit": "private-marker"})
    assert reply.status == 422
    places = [each["place"] for each in reply.json["error"]["details"]]
    assert places == [["customers"], ["limit"]]
    assert "private-marker" not in reply.text


STRICT = """
from typing import Annotated, Literal
from pydantic import BaseModel, ConfigDict, Field, InstanceOf
PATH = "/v1/own/risky"
class Mail(BaseModel):
    kind: Literal["mail"]
    to: str
class Call(BaseModel):
    kind: Literal["call"]
    number: int
class Question(BaseModel):
    model_config = ConfigDict(extra="forbid")
    customers: list[dict[str, float]] = []
    ways: list[Annotated[Mail | Call, Field(discriminator="kind")]] = []
class Answer(BaseModel):
    asked: int
def respond(question: Question, predict) -> Answer:
    return Answer(asked=0)
"""


@pytest.mark.parametrize(
    ("question", "place", "rule"),
    [
        ({"private-marker": 1}, ["?"], "there is no such field"),
        ({"customers": [{}, {"private-marker": "x"}]}, ["customers", 1, "?"], "valid number"),
        ({"ways": [{"kind": "call", "number": "x"}]}, ["ways", 0, "?", "number"], "valid integer"),
        ({"ways": [{"kind": "private-marker"}]}, ["ways", 0], "there is no such kind"),
    ],
)
def test_a_place_holds_what_is_declared_and_nothing_of_the_callers(
    own: Parts, question: object, place: list[object], rule: str
) -> None:
    own.write("route", STRICT)
    reply = make_service().post(PATH, question)
    assert reply.status == 422
    [detail] = reply.json["error"]["details"]
    assert detail["place"] == place
    assert rule in detail["rule"]
    assert "private-marker" not in reply.text


def test_types_that_no_schema_can_say_are_refused_without_a_name(own: Parts) -> None:
    own.write(
        "route",
        STRICT.replace("class Answer", "    odd: InstanceOf[property] = None\nclass Answer"),
    )
    reply = make_service().post(PATH, {"customers": 1})
    assert reply.status == 422
    assert [each["place"] for each in reply.json["error"]["details"]] == [["?"]]


def test_only_the_first_broken_rules_are_told(own: Parts) -> None:
    own.good("route")
    reply = make_service().post(PATH, {"customers": [1] * 20_000})
    assert reply.status == 422
    places = [each["place"] for each in reply.json["error"]["details"]]
    assert places == [["customers", place] for place in range(100)]


@pytest.mark.parametrize("times", [1, 2])
def test_a_request_may_ask_about_so_many_records_and_no_more(own: Parts, times: int) -> None:
    body = """
    def respond(question: Q, predict) -> A:
        record = {"age": 1, "plan": "basic"}
        return A(n=sum(len(predict(iter([record] * question.n))) for _ in range(TIMES)))
    """
    write_route(own, textwrap.dedent(body).replace("TIMES", str(times)))
    service = make_service()
    most = 1000 // times
    assert service.post(PATH, {"n": most}).json == {"n": 1000}
    before = len(list(service.store.list("captured/")))
    reply = service.post(PATH, {"n": most + 1})
    assert reply.status == 422
    [detail] = reply.json["error"]["details"]
    assert detail == {
        "place": ["records", 1000],
        "rule": "is one too many: a request may ask about 1000 records",
    }
    assert len(list(service.store.list("captured/"))) == before + times - 1


def test_a_record_that_breaks_the_contract_is_told_as_predict_tells_it(own: Parts) -> None:
    own.good("route")
    reply = make_service().post(PATH, {"customers": [{**make_record(), "age": "private-marker"}]})
    assert reply.status == 422
    assert reply.json["error"]["details"][0]["place"] == ["records", 0, "age"]
    assert "private-marker" not in reply.text


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            "def respond(question: Q, predict) -> A: return A(n=[].pop())",
            "Your part route broke at line 7: IndexError.",
        ),
        (
            "def respond(question: Q, predict) -> A: return {'n': 'many'}",
            "Your part route returned what is no A, at n.",
        ),
        ("def respond(question: Q, predict) -> A: pass", "returned what is no A, at the top."),
        ("def respond(question, predict): pass", "needs a function respond(question: Question,"),
        ("def respond(question: Q) -> A: pass", "needs a function respond(question: Question,"),
        ("def respond(question: 'No', predict) -> A: pass", "has types that cannot be read"),
        ("import no_such_thing", "cannot be loaded at line 7: it imports 'no_such_thing'"),
        ("def answer(question: Q, predict) -> A: pass", "has no function 'respond'"),
        (
            "def respond(question: Q, predict) -> A: return A(n=len(predict([3])))",
            "Your part route broke at line 7: ",
        ),
    ],
)
def test_a_broken_part_answers_in_one_sentence_and_nobody_else_is_touched(
    own: Parts, body: str, said: str
) -> None:
    write_route(own, body)
    service = make_service()
    reply = service.post(PATH, {"n": 1})
    assert reply.status == 500
    assert reply.json["error"]["code"] == "part_failed"
    assert said in reply.json["error"]["message"]
    assert service.post("/v1/predict", {"records": [make_record()]}).status == 200
    assert service.get("/v2/health/live").status == 200
    assert service.get("/openapi.json").status == 200


@pytest.mark.parametrize("path", ["/v1/predict", "/v1/own/", "/v1/own/{name}", "v1/own/a", 3])
def test_rejects_a_path_that_is_not_the_learners(own: Parts, path: object) -> None:
    write_route(own, "def respond(question: Q, predict) -> A: ...", head=f"PATH = {path!r}")
    service = make_service()
    reply = service.post("/v1/own/anything", {})
    assert reply.status == 500
    assert "has no PATH of the form '/v1/own/risk'" in reply.json["error"]["message"]
    assert service.post("/v1/predict", {"records": [make_record()]}).status == 200


def test_a_loop_that_never_ends_is_stopped(own: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    write_route(own, "def respond(question: Q, predict) -> A:\n    while True: pass")
    monkeypatch.setattr("lambdas.inference.own_route.read_remaining_s", lambda: 0.2)
    reply = make_service().post(PATH, {})
    assert reply.status == 500
    assert "at line 8: the time of its step was up." in reply.json["error"]["message"]


def test_without_the_part_the_path_is_not_there_and_its_code_is_not_loaded() -> None:
    service = make_service()
    assert service.post(PATH, {}).status == 404
    assert not any(
        path.startswith("/v1/own") for path in service.get("/openapi.json").json["paths"]
    )
    code = (
        "import sys, lambdas.inference.handler;"
        " sys.exit('lambdas.inference.own_route' in sys.modules or 'core.parts' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

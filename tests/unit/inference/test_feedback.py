import json
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from core.contract import Task
from core.events import Feedback, new_prediction_id
from lambdas.inference.deadline import MARGIN_S
from tests.fixtures.bundles import make_champion, make_contract, make_record
from tests.unit.inference.doubles import FaultyStore
from tests.unit.inference.service import Service, make_event

if TYPE_CHECKING:
    from mangum.types import LambdaContext

FEEDBACK = "/v1/feedback"
FUTURE_ID = "ffffffff0000" + "7" + "0" * 3 + "8" + "0" * 15


def make_service(task: Task = "binary") -> Service:
    service = Service()
    make_champion(service.store, make_contract(task=task))
    return service


def test_feedback_lies_in_the_hour_of_its_prediction() -> None:
    service = make_service()
    predicted = service.post("/v1/predict", {"records": [make_record()]})
    prediction_id = predicted.json["predictions"][0]["prediction_id"]
    item = {
        "prediction_id": prediction_id,
        "outcome": "Yes",
        "observed_at": "2026-01-31T14:00:00+02:00",
    }
    reply = service.post(FEEDBACK, {"feedback": [item]})
    assert (reply.status, reply.json) == (202, {"accepted": 1, "duplicates": 0})
    [captured] = service.store.list("captured/")
    [kept] = service.store.list("feedback/")
    assert kept.key.rpartition("/")[0].removeprefix("feedback/subscriptions") == (
        captured.key.rpartition("/")[0].removeprefix("captured")
    )
    feedback = Feedback.model_validate_json(service.store.get(kept.key).body)
    assert (feedback.prediction_id, feedback.outcome) == (prediction_id, "Yes")
    assert feedback.observed_at.isoformat() == "2026-01-31T12:00:00+00:00"


@pytest.mark.parametrize("observed_at", [{}, {"observed_at": "2026-01-31T12:00:00Z"}])
def test_first_outcome_stays_and_others_are_counted_when_they_repeat(
    observed_at: dict[str, str],
) -> None:
    service = make_service()
    item = {"prediction_id": new_prediction_id(), "outcome": "Yes", **observed_at}
    assert service.post(FEEDBACK, {"feedback": [item, item]}).json == {
        "accepted": 1,
        "duplicates": 1,
    }
    for again in (item, {**item, "outcome": "No"}):
        reply = service.post(FEEDBACK, {"feedback": [again]})
        assert (reply.status, reply.json) == (202, {"accepted": 0, "duplicates": 1})
    [kept] = service.store.list("feedback/")
    assert json.loads(service.store.get(kept.key).body)["outcome"] == "Yes"


@pytest.mark.parametrize(
    ("late", "status"), [(timedelta(minutes=4), 202), (timedelta(minutes=6), 422)]
)
def test_outcome_may_be_observed_as_late_as_clocks_may_differ(late: timedelta, status: int) -> None:
    observed_at = (datetime.now(UTC) + late).isoformat()
    row = {"prediction_id": new_prediction_id(), "outcome": "Yes", "observed_at": observed_at}
    reply = make_service().post(FEEDBACK, {"feedback": [row]})
    assert reply.status == status
    assert status == 202 or reply.json["error"]["details"] == [
        {"place": ["feedback", 0, "observed_at"], "rule": "must not lie in the future"}
    ]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2000-01-01T00:00:00Z", "2000-01-01T00:00:00+00:00"),
        ("2026-01-31T12:00:00+00:00", "2026-01-31T12:00:00+00:00"),
        ("2026-01-31T12:00:00.5-03:30", "2026-01-31T15:30:00.500000+00:00"),
        ("2026-01-31T12:00:00.123456789Z", "2026-01-31T12:00:00.123456+00:00"),
    ],
)
def test_time_is_read_as_the_page_says_it_is_written(written: str, read: str) -> None:
    service = make_service()
    shown = service.get("/openapi.json").json["components"]["schemas"]["Outcome"]
    assert Draft202012Validator(shown["properties"]["observed_at"]).is_valid(written)
    row = {"prediction_id": new_prediction_id(), "outcome": "Yes", "observed_at": written}
    assert service.post(FEEDBACK, {"feedback": [row]}).status == 202
    [kept] = service.store.list("feedback/")
    feedback = Feedback.model_validate_json(service.store.get(kept.key).body)
    assert feedback.observed_at.isoformat() == read


def test_page_refuses_what_python_reads_but_the_service_does_not() -> None:
    shown = make_service().get("/openapi.json").json["components"]["schemas"]["Outcome"]
    validator = Draft202012Validator(shown["properties"]["observed_at"])
    assert not validator.is_valid("2026-W05-6T12:00:00Z")


class FirstIsLastStore(FaultyStore):
    """A bucket that takes a request's first outcome after all others."""

    def create(self, key: str, body: bytes, *, exclusive: bool = False) -> str:
        if key.startswith("feedback/") and json.loads(body)["outcome"] == "No":
            time.sleep(0.2)
        return super().create(key, body, exclusive=exclusive)


def test_first_outcome_of_a_request_stays_whichever_is_written_sooner() -> None:
    service = Service(store=FirstIsLastStore())
    make_champion(service.store, make_contract())
    repeated, other = new_prediction_id(), new_prediction_id()
    rows = [
        {"prediction_id": repeated, "outcome": "No"},
        {"prediction_id": other, "outcome": "Yes"},
        {"prediction_id": repeated, "outcome": "Yes"},
    ]
    reply = service.post(FEEDBACK, {"feedback": rows})
    assert (reply.status, reply.json) == (202, {"accepted": 2, "duplicates": 1})
    kept = [
        json.loads(service.store.get(info.key).body) for info in service.store.list("feedback/")
    ]
    assert {one["prediction_id"]: one["outcome"] for one in kept} == {repeated: "No", other: "Yes"}


def test_feedback_is_taken_when_prediction_was_never_captured() -> None:
    service = make_service()
    rows = [{"prediction_id": new_prediction_id(), "outcome": "No"} for _ in range(40)]
    assert service.post(FEEDBACK, {"feedback": rows}).json["accepted"] == 40


def test_feedback_goes_to_the_model_that_is_named() -> None:
    service = make_service()
    make_champion(service.store, make_contract(dataset="wine", task="multiclass"))
    rows = [{"prediction_id": new_prediction_id(), "outcome": "high"}]
    assert service.post("/v1/models/wine/feedback", {"feedback": rows}).status == 202
    assert service.post("/v1/feedback", {"feedback": rows}).status == 422
    [kept] = service.store.list("feedback/")
    assert kept.key.startswith("feedback/wine/")


@pytest.mark.parametrize("outcome", [1, -1.5, 1e30])
def test_outcome_is_a_number_when_model_is_a_regression(outcome: float) -> None:
    service = make_service("regression")
    rows = [{"prediction_id": new_prediction_id(), "outcome": outcome}]
    assert service.post(FEEDBACK, {"feedback": rows}).status == 202
    [kept] = service.store.list("feedback/")
    assert json.loads(service.store.get(kept.key).body)["outcome"] == outcome


@pytest.mark.parametrize(
    ("task", "change", "field"),
    [
        ("binary", {"prediction_id": None}, "prediction_id"),
        ("binary", {"prediction_id": 1}, "prediction_id"),
        ("binary", {"prediction_id": "private"}, "prediction_id"),
        ("binary", {"prediction_id": "../private"}, "prediction_id"),
        ("binary", {"prediction_id": FUTURE_ID}, "prediction_id"),
        ("binary", {"outcome": None}, "outcome"),
        ("binary", {"outcome": "private"}, "outcome"),
        ("binary", {"outcome": True}, "outcome"),
        ("binary", {"outcome": ["Yes"]}, "outcome"),
        ("multiclass", {"outcome": "Yes"}, "outcome"),
        ("regression", {"outcome": "1.5"}, "outcome"),
        ("regression", {"outcome": True}, "outcome"),
        ("regression", {"outcome": 10**400}, "outcome"),
        ("regression", {"outcome": None}, "outcome"),
        ("binary", {"observed_at": "private"}, "observed_at"),
        ("binary", {"observed_at": "2026-01-31"}, "observed_at"),
        ("binary", {"observed_at": "2026-01-31T12:00:00"}, "observed_at"),
        ("binary", {"observed_at": "0001-01-01T00:00:00+14:00"}, "observed_at"),
        ("binary", {"observed_at": "9999-12-31T23:59:59-14:00"}, "observed_at"),
        ("binary", {"observed_at": "2026-01-31T12:00:00Z\0"}, "observed_at"),
        ("binary", {"observed_at": "2026-01-31T12:00:00Z\n"}, "observed_at"),
        ("binary", {"observed_at": "2026-01-31\ud80012:00:00Z"}, "observed_at"),
        ("binary", {"observed_at": "2026-01-31X12:00:00Z"}, "observed_at"),
        ("binary", {"observed_at": "2026-W05-6T12:00:00Z"}, "observed_at"),
        ("binary", {"observed_at": "20260131T120000Z"}, "observed_at"),
        ("binary", {"observed_at": "2026-01-31T12:00Z"}, "observed_at"),
        ("binary", {"observed_at": "2026-01-31T12:00:00,5Z"}, "observed_at"),
        ("binary", {"observed_at": "2026-01-31T12:00:00+00:00:00.000001"}, "observed_at"),
        ("binary", {"observed_at": "2026-01-31T12:00:00+05:99"}, "observed_at"),
        ("binary", {"observed_at": "2026-01-31T12:00:00+24:00"}, "observed_at"),
        ("binary", {"observed_at": "2026-02-31T12:00:00Z"}, "observed_at"),
        ("binary", {"observed_at": "\u0662026-01-31T12:00:00Z"}, "observed_at"),
        ("binary", {"observed_at": "0001-01-02T00:00:00Z"}, "observed_at"),
        ("binary", {"observed_at": "1999-12-31T23:59:59Z"}, "observed_at"),
        ("binary", {"observed_at": "9999-12-30T00:00:00Z"}, "observed_at"),
        ("binary", {"observed_at": 5}, "observed_at"),
        ("binary", {"private": 5}, None),
    ],
)
def test_rejects_bad_feedback(task: Task, change: dict[str, object], field: str | None) -> None:
    service = make_service(task)
    outcome = {"binary": "Yes", "multiclass": "low", "regression": 1.0}[task]
    good = {"prediction_id": new_prediction_id(), "outcome": outcome}
    reply = service.post(FEEDBACK, {"feedback": [good, {**good, **change}]})
    assert reply.status == 422
    [detail] = reply.json["error"]["details"]
    assert detail["place"] == ["feedback", 1, *([field] if field else [])]
    assert "private" not in reply.text
    assert list(service.store.list("feedback/")) == []


def test_outcome_beyond_what_a_model_can_answer_is_refused() -> None:
    service = make_service("regression")
    for outcome, status in ((1e38, 202), (3.5e38, 422), (-1e300, 422), (10**400, 422)):
        item = {"prediction_id": new_prediction_id(), "outcome": outcome}
        assert service.post(FEEDBACK, {"feedback": [item]}).status == status


class SoonOver:
    """A call that has a third of a second left, and the time to say so."""

    def get_remaining_time_in_millis(self) -> int:
        return round((MARGIN_S + 0.3) * 1000)


class SlowStore(FaultyStore):
    """A bucket whose writes take a while."""

    def create(self, key: str, body: bytes, *, exclusive: bool = False) -> str:
        time.sleep(0.1)
        return super().create(key, body, exclusive=exclusive)


def test_many_outcomes_are_given_up_when_there_is_no_time_left() -> None:
    store = SlowStore()
    service = Service(store=store)
    make_champion(store, make_contract())
    items = [{"prediction_id": new_prediction_id(), "outcome": "Yes"} for _ in range(200)]
    event = make_event("POST", FEEDBACK, json.dumps({"feedback": items}))
    answer = service.handler(event, cast("LambdaContext", SoonOver()))
    assert (answer["statusCode"], json.loads(answer["body"])["error"]["code"]) == (504, "timeout")
    assert len(list(store.list("feedback/"))) < len(items)

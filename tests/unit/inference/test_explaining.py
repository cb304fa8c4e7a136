import math
from typing import Any

import numpy as np
import pytest

from core.contract import Column, Task
from core.inputs import ModelInputs
from core.profile import build_profile
from lambdas.inference import explaining
from lambdas.inference.explaining import find_reference
from lambdas.inference.registry import in_full
from tests.fixtures.bundles import make_champion, make_contract, make_manifest, make_record
from tests.unit.inference.service import Service

PREDICT = "/v1/predict"


def make_service(task: Task = "binary", columns: tuple[Column, ...] = ()) -> Service:
    service = Service(share=0.0)
    make_champion(service.store, make_contract(task=task, columns=columns))
    return service


def explain(service: Service, *records: dict[str, object]) -> list[dict[str, Any]]:
    reply = service.post(PREDICT, {"records": list(records), "explain": True})
    assert reply.status == 200, reply.text
    return [row["explanation"] for row in reply.json["predictions"]]


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_contributions_add_up_to_the_difference(task: Task) -> None:
    service = make_service(task)
    odd: dict[str, object] = {"age": 200, "plan": "new", "usage": None}
    for found in explain(service, make_record(), {"age": 1}, odd):
        assert list(found["contributions"]) == ["age", "plan", "usage", "active"]
        moved = math.fsum(found["contributions"].values())
        assert moved == pytest.approx(found["score"] - found["reference"], abs=1e-12)


def test_score_is_that_of_the_answer() -> None:
    service = make_service()
    body = {"records": [make_record()], "explain": True}
    [row] = service.post(PREDICT, body).json["predictions"]
    assert row["explanation"]["of"] == "Yes"
    assert row["explanation"]["score"] == pytest.approx(row["probability"]["Yes"], abs=1e-7)


def test_contributions_of_a_linear_model_are_its_terms() -> None:
    service = make_service("regression")
    reference = find_reference(service.models.get().predictor.manifest).numeric[0].tolist()
    [found] = explain(service, make_record())
    # The model adds up 0.01 of each number; the most frequent category is not "pro".
    contributions = found["contributions"]
    assert contributions["age"] == pytest.approx(0.01 * (40 - reference[0]), abs=1e-6)
    assert contributions["usage"] == pytest.approx(0.01 * (10.5 - reference[1]), abs=1e-6)
    assert contributions["active"] == pytest.approx(0.01 * (1 - reference[2]), abs=1e-6)
    assert contributions["plan"] in (pytest.approx(0), pytest.approx(1), pytest.approx(2))


def test_contributions_add_up_when_fields_are_too_many_for_all_orders() -> None:
    columns = tuple(Column(name=f"x{place}", kind="numeric") for place in range(30))
    service = make_service(columns=columns)
    records: list[dict[str, object]] = [
        {f"x{place}": (place * row) % 7 for place in range(30)} for row in range(1, 11)
    ]
    for found in explain(service, *records):
        moved = math.fsum(found["contributions"].values())
        assert moved == pytest.approx(found["score"] - found["reference"], abs=1e-12)
    assert explain(service, *records) == explain(service, *records)


def test_model_is_asked_a_bounded_number_of_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    columns = tuple(Column(name=f"x{place}", kind="numeric") for place in range(60))
    service = make_service(columns=columns)
    predictor = service.models.get().predictor
    score, asked = predictor.score, []

    def count(inputs: ModelInputs) -> object:
        asked.append(len(inputs))
        return score(inputs)

    monkeypatch.setattr(predictor, "score", count)
    records: list[dict[str, object]] = [{f"x{place}": -1 for place in range(60)}] * 10
    explain(service, *records)
    assert sum(asked) <= explaining.MAX_MODEL_ROWS + 10


def test_nothing_contributes_when_the_record_is_the_reference() -> None:
    service = make_service()
    reference = find_reference(service.models.get().predictor.manifest)
    age, usage, active = reference.numeric[0].tolist()
    record = {"age": age, "usage": usage, "active": bool(active), "plan": reference.strings[0, 0]}
    [found] = explain(service, record)
    assert set(found["contributions"].values()) == {0.0}
    assert found["score"] == found["reference"]


def test_reference_is_what_is_usual_in_training() -> None:
    manifest = in_full(make_service().models.get().predictor.manifest)
    reference = find_reference(manifest)
    # The fixture draws numbers evenly from 0 to 100.
    assert reference.numeric[0, :2] == pytest.approx([50, 50], abs=5)
    assert reference.numeric[0, 2] in (0, 1)
    assert reference.strings[0, 0] == manifest.profile.categorical[0].levels[0]


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        ("numeric", [*range(101)], 50),
        ("numeric", [0] * 49 + [1] * 51, 1),
        ("numeric", [0] * 51 + [1] * 49, 0),
        ("numeric", [*range(30), *[99] * 70], 99),
        ("numeric", [7] * 5, 7),
        ("numeric", [math.nan] * 49 + [3] * 51, 3),
        ("numeric", [math.nan] * 51 + [3] * 49, math.nan),
        ("boolean", [0] * 49 + [1] * 51, 1),
        ("boolean", [math.nan] * 40 + [0] * 40 + [1] * 20, 0),
        ("boolean", [math.nan] * 80 + [1] * 20, math.nan),
    ],
)
def test_reference_is_the_middle_of_the_training_rows(
    kind: str, values: list[float], expected: float
) -> None:
    contract = make_contract(columns=[Column.model_validate({"name": "x", "kind": kind})])
    numeric = np.array(values, np.float32).reshape(-1, 1)
    inputs = ModelInputs(numeric, np.empty((len(values), 0), np.object_))
    profile = build_profile(contract, inputs, np.zeros(len(values)))
    manifest = make_manifest(contract, b"graph").model_copy(update={"profile": profile})
    assert find_reference(manifest).numeric.tolist() == [[pytest.approx(expected, nan_ok=True)]]


def test_answer_has_no_explanation_unless_it_is_asked_for() -> None:
    service = make_service()
    for more in ({}, {"explain": False}):
        [row] = service.post(PREDICT, {"records": [make_record()], **more}).json["predictions"]
        assert "explanation" not in row


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ({"records": [make_record()], "explain": 1}, ["explain"]),
        ({"records": [make_record()], "explain": None}, ["explain"]),
        ({"records": [make_record()] * 11, "explain": True}, ["records"]),
        ({"records": [], "explain": True}, ["records"]),
        ({"records": [{}], "explain": True}, ["records", 0, "age"]),
    ],
)
def test_rejects_what_cannot_be_explained(content: dict[str, object], place: list[object]) -> None:
    reply = make_service().post(PREDICT, content)
    assert reply.status == 422
    assert reply.json["error"]["details"][0]["place"] == place


def test_rejects_record_when_a_record_on_the_way_has_no_answer() -> None:
    columns = tuple(Column(name=name, kind="numeric") for name in "abc")
    service = make_service(columns=columns)
    records = [{"a": 3e38, "b": -3e38, "c": 3e38}]
    assert service.post(PREDICT, {"records": records}).status == 200
    reply = service.post(PREDICT, {"records": records, "explain": True})
    assert reply.status == 422
    [detail] = reply.json["error"]["details"]
    assert detail["place"] == ["records", 0]
    assert "cannot be explained" in detail["rule"]

"""A challenger answers its share of the callers, and each caller stays with one version."""

import itertools
import json
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from core.assignment import draw
from core.contract import Column, Task
from lambdas.inference import mirroring
from tests.fixtures.bundles import make_record
from tests.unit.inference.service import CONTEXT, make_event
from tests.unit.inference.trial_world import MODEL, NAMES, World, expect


def test_rows_are_answered_by_the_arm_that_their_identifier_draws(world: World) -> None:
    state = world.start(0.4)
    answer = world.predict(*NAMES)
    arms = [one["arm"] for one in answer["predictions"]]
    assert arms == [expect(state, name) for name in NAMES]
    assert 0 < arms.count("challenger") < len(NAMES)
    for name, one in zip(NAMES, answer["predictions"], strict=True):
        assert one["model_version"] == (1 if one["arm"] == "challenger" else 2)
        # The same alone as in company, and each version says what it says alone.
        alone = world.predict(name)
        assert (alone["predictions"][0]["arm"], alone["model_version"]) == (
            one["arm"], one["model_version"],
        )  # fmt: skip
        assert alone["predictions"][0]["probability"] == one["probability"]
    assert answer["model_version"] == 2
    assert len({json.dumps(one["probability"]) for one in answer["predictions"]}) == 2


def test_raising_the_share_moves_callers_to_the_challenger_only(world: World) -> None:
    seen = []
    for share in (0.2, 0.6, 1.0):
        world.start(share)
        answer = world.predict(*NAMES)
        seen.append(
            {n for n, one in zip(NAMES, answer["predictions"], strict=True)
             if one["arm"] == "challenger"}
        )  # fmt: skip
    assert seen[0] < seen[1] < seen[2] == set(NAMES)


def test_header_names_the_caller_when_the_rows_do_not(world: World) -> None:
    state = world.start(0.5)
    for name in NAMES[:10]:
        answer = world.predict(None, None, key=name)
        assert {one["arm"] for one in answer["predictions"]} == {expect(state, name)}
    ids = {one["prediction_id"]: one["arm"] for one in world.predict(*[None] * 20)["predictions"]}
    assert all(arm == expect(state, prediction_id) for prediction_id, arm in ids.items())


def test_answers_are_as_ever_while_nothing_is_tried(world: World) -> None:
    answer = world.predict("C-1")
    assert "arm" not in answer["predictions"][0]
    world.start(0.5)
    world.start(0.0)
    assert "arm" not in world.predict("C-1")["predictions"][0]
    [one, other] = world.captured()
    assert (one.arm, one.experiment, one.unit) == ("champion", None, None)
    assert "customer_id" not in one.features
    assert other.features == make_record()


def test_captures_tell_arm_experiment_share_and_unit(world: World) -> None:
    state = world.start(0.4)
    answer = world.predict(*NAMES)
    captured = {one.prediction_id: one for one in world.captured()}
    for name, one in zip(NAMES, answer["predictions"], strict=True):
        kept = captured[one["prediction_id"]]
        assert (kept.arm, kept.model_version) == (one["arm"], one["model_version"])
        assert (kept.experiment, kept.share) == (state.experiment, 0.4)
        assert kept.unit == draw(f"{MODEL}/{state.experiment}", name).unit
        assert kept.probabilities == one["probability"]
        assert kept.took_ms is not None
        assert "customer_id" not in kept.features


@pytest.mark.parametrize("name", [True, ["C-1"], {"a": 1}])
def test_rejects_an_identifier_that_is_no_name(world: World, name: object) -> None:
    event = make_event(
        "POST", "/v1/predict", json.dumps({"records": [make_record() | {"customer_id": name}]})
    )
    answer = world.handler(event, CONTEXT)
    assert answer["statusCode"] == 422
    [detail] = json.loads(answer["body"])["error"]["details"]
    assert detail["place"] == ["records", 0, "customer_id"]
    table = {"dataframe_records": [make_record() | {"customer_id": name}]}
    answer = world.handler(make_event("POST", "/invocations", json.dumps(table)), CONTEXT)
    assert answer["statusCode"] == 400
    assert "customer_id" in json.loads(answer["body"])["message"]


def test_a_broken_rule_is_told_at_its_own_row(world: World) -> None:
    world.start(0.5)
    records = [make_record() | {"customer_id": name} for name in NAMES]
    records[7]["age"] = "forty"
    event = make_event("POST", "/v1/predict", json.dumps({"records": records}))
    answer = world.handler(event, CONTEXT)
    assert answer["statusCode"] == 422
    assert json.loads(answer["body"])["error"]["details"][0]["place"] == ["records", 7, "age"]


def test_warnings_stay_with_their_rows(world: World) -> None:
    world.start(0.5)
    records = [make_record() | {"customer_id": name} for name in NAMES]
    records[5]["plan"] = records[33]["plan"] = "unheard of"
    found = world.post("/v1/predict", {"records": records})["predictions"]
    assert [row for row, one in enumerate(found) if one["warnings"]] == [5, 33]


def test_open_inference_protocol_is_split_by_its_identifier_tensor(world: World) -> None:
    state = world.start(0.4)
    answer = world.post("/v2/models/subscriptions/infer", make_tensors(NAMES))
    arms = [expect(state, name) for name in NAMES]
    assert answer["parameters"] == {
        "arms": ",".join(arms),
        "model_versions": ",".join("1" if arm == "challenger" else "2" for arm in arms),
    }
    assert answer["model_version"] == "2"


def test_a_version_that_is_named_is_not_split(world: World) -> None:
    world.start(1.0)
    for version in ("1", "2"):
        path = f"/v2/models/subscriptions/versions/{version}/infer"
        answer = world.post(path, make_tensors(NAMES[:3]))
        assert answer["model_version"] == version
        assert "parameters" not in answer
    assert {one.experiment for one in world.captured()} == {None}
    metadata = world.handler(make_event("GET", "/v2/models/subscriptions"), CONTEXT)
    assert json.loads(metadata["body"])["versions"] == ["2", "1"]
    gone = make_event("POST", "/v2/models/subscriptions/versions/3/infer", "{}")
    assert world.handler(gone, CONTEXT)["statusCode"] == 404


def make_tensors(names: list[str]) -> dict[str, Any]:
    rows = len(names)
    columns = {"age": ("FP64", 40), "plan": ("BYTES", "pro"), "usage": ("FP64", 10.5),
               "active": ("BOOL", True)}  # fmt: skip
    inputs = [
        {"name": column, "datatype": datatype, "shape": [rows], "data": [value] * rows}
        for column, (datatype, value) in columns.items()
    ]
    named = {"name": "customer_id", "datatype": "BYTES", "shape": [rows], "data": names}
    return {"inputs": [*inputs, named]}


def test_mlflow_tables_are_split_by_their_identifier(world: World) -> None:
    state = world.start(0.4)
    records = [make_record() | {"customer_id": name} for name in NAMES]
    answer = world.post("/invocations", {"dataframe_records": records})
    assert answer["arms"] == [expect(state, name) for name in NAMES]
    assert answer["model_versions"] == [1 if arm == "challenger" else 2 for arm in answer["arms"]]
    one = world.post(
        "/invocations", {"instances": [make_record()]}, headers={"x-split-key": NAMES[0]}
    )
    assert one["arms"] == [expect(state, NAMES[0])]


def test_csv_is_split_like_json(world: World) -> None:
    state = world.start(0.4)
    lines = ["customer_id,age,plan,usage,active", *[f"{n},40,pro,10.5,true" for n in NAMES]]
    event = make_event(
        "POST", "/invocations", "\n".join(lines), headers={"Content-Type": "text/csv"}
    )
    answer = json.loads(world.handler(event, CONTEXT)["body"])
    assert answer["arms"] == [expect(state, name) for name in NAMES]


def test_explanations_are_those_of_the_version_that_answered(world: World) -> None:
    world.start(0.5)
    records = [make_record() | {"customer_id": name} for name in NAMES[:10]]
    found = world.post("/v1/predict", {"records": records, "explain": True})["predictions"]
    assert {one["arm"] for one in found} == {"champion", "challenger"}
    for one in found:
        assert one["explanation"]["score"] == pytest.approx(one["probability"]["Yes"], abs=1e-6)


def test_row_that_cannot_be_explained_is_counted_among_all_rows() -> None:
    world = World(columns=tuple(Column(name=name, kind="numeric") for name in "abc"))
    state = world.start(0.5)
    records: list[dict[str, object]] = [
        {"customer_id": name, "a": 1, "b": 1, "c": 1} for name in NAMES[:10]
    ]
    arms = [expect(state, name) for name in NAMES[:10]]
    row = max(place for place, arm in enumerate(arms) if arm == "challenger")
    assert "champion" in arms[:row]
    records[row] |= {"a": 3e38, "b": -3e38, "c": 3e38}  # two of them are too large a sum
    content = json.dumps({"records": records, "explain": True})
    answer = world.handler(make_event("POST", "/v1/predict", content), CONTEXT)
    assert answer["statusCode"] == 422
    [detail] = json.loads(answer["body"])["error"]["details"]
    assert detail["place"] == ["records", row]


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_other_tasks_are_split_too(task: Task) -> None:
    world = World(task=task)
    world.start(0.5)
    found = world.predict(*NAMES)["predictions"]
    assert len({one["prediction"] if task == "regression" else json.dumps(one["probability"])
                for one in found}) == 2  # fmt: skip


def test_arms_are_counted_now_and_then(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mirroring, "TOLD_EVERY_S", 0.0)
    state = world.start(0.4)
    world.predict(*NAMES)
    meant = Counter(expect(state, name) for name in NAMES)
    told = world.counts["ChampionPredictions"] + world.counts["ChallengerPredictions"]
    assert world.counts["ChampionPredictions"] in (0, meant["champion"])
    assert told >= min(meant.values())


def test_no_caller_changes_arms_and_none_fails_while_shares_and_champions_move() -> None:
    """Callers ask while the share is raised and champions move: each only ever goes one way."""
    world = World()
    world.start(0.05)
    world.predict("C-1")
    seen: dict[str, list[str]] = {name: [] for name in NAMES}
    shares = itertools.cycle([0.1, 0.25, 0.5, 0.75, 1.0])
    ended = threading.Event()

    def ask(names: list[str]) -> None:
        while not ended.is_set():
            answer = world.predict(*names)
            for name, one in zip(names, answer["predictions"], strict=True):
                seen[name].append(one["arm"])

    with ThreadPoolExecutor(4) as callers:
        asking = [callers.submit(ask, NAMES[start::4]) for start in range(4)]
        for share in itertools.islice(shares, 5):
            world.start(share)
            for _ in range(5):
                world.predict("C-1")
        ended.set()
        for one in asking:
            one.result(10)
    for arms in seen.values():
        changes = sum(a != b for a, b in itertools.pairwise(arms))
        assert changes <= 1
        assert arms[-1] == "challenger"

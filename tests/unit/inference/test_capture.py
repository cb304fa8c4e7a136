import json
import threading
from typing import TYPE_CHECKING, Any

import pytest

from core.events import new_prediction_ids, parse_lines, time_of
from core.store import open_memory
from lambdas.inference import backlog
from lambdas.inference.capture import ZERO_EVERY_S, Batch, Recorder
from lambdas.inference.keeping import PAUSE_S
from lambdas.inference.prometheus import Counts
from tests.fixtures.bundles import make_champion, make_contract, make_record
from tests.unit.inference.doubles import FaultyStore
from tests.unit.inference.service import Service, make_event

if TYPE_CHECKING:
    from collections.abc import Callable


def predict(service: Service, records: int = 2) -> list[dict[str, Any]]:
    reply = service.post("/v1/predict", {"records": [make_record()] * records})
    assert reply.status == 200
    predictions: list[dict[str, Any]] = reply.json["predictions"]
    return predictions


def read_metrics(capsys: pytest.CaptureFixture[str]) -> list[tuple[list[str], dict[str, Any]]]:
    """Read the metric lines on stdout as (dimensions, line)."""
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [(line["_aws"]["CloudWatchMetrics"][0]["Dimensions"][0], line) for line in lines]


@pytest.fixture
def service() -> Service:
    service = Service(store=FaultyStore())
    make_champion(service.store, make_contract())
    return service


def test_request_becomes_one_object_with_a_line_for_each_prediction(service: Service) -> None:
    predictions = predict(service)
    [info] = service.store.list("captured/")
    at = time_of(predictions[0]["prediction_id"])
    first_id = predictions[0]["prediction_id"]
    assert info.key == f"captured/{at:%Y-%m-%d}/{at:%H}/{first_id}.jsonl"
    captures, broken = parse_lines(service.store.get(info.key).body)
    assert broken == 0
    assert [capture.prediction_id for capture in captures] == [
        prediction["prediction_id"] for prediction in predictions
    ]
    assert captures[0].features == make_record()
    assert captures[0].probabilities == predictions[0]["probability"]
    assert captures[0].prediction == "Yes"
    assert (captures[0].model, captures[0].model_version) == ("subscriptions", 1)


def test_success_is_counted_as_no_failure_for_the_alarm(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    predict(service)
    counted = read_metrics(capsys)
    assert [dimensions for dimensions, _ in counted] == [["Stage"], ["Stage", "Model"]]
    assert [line["CaptureFailures"] for _, line in counted] == [0, 0]
    assert counted[1][1]["Model"] == "subscriptions"
    assert counted[1][1]["Stage"] == "dev"


def test_answer_comes_and_failure_is_counted_when_nothing_can_be_captured(
    service: Service, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    assert isinstance(service.store, FaultyStore)
    service.store.down = ("captured/",)
    assert len(predict(service)) == 2
    assert [line["CaptureFailures"] for _, line in read_metrics(capsys)] == [1, 1]
    assert "wait in memory" in caplog.text
    assert "usage" not in caplog.text


def test_what_could_not_be_captured_is_written_when_the_bucket_answers_again(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    assert isinstance(service.store, FaultyStore)
    service.store.down = ("captured/",)
    ids = [predict(service, 1)[0]["prediction_id"]]
    service.store.down = ()
    ids += [predict(service, 1)[0]["prediction_id"]]  # within the pause nothing is tried
    assert list(service.store.list("captured/")) == []
    service.now_s += PAUSE_S
    ids += [predict(service, 1)[0]["prediction_id"]]
    captures = [one for info in service.store.list("captured/")
                for one in parse_lines(service.store.get(info.key).body)[0]]  # fmt: skip
    assert sorted(one.prediction_id for one in captures) == sorted(ids)
    failures = [line["CaptureFailures"] for names, line in read_metrics(capsys) if len(names) == 1]
    assert failures == [1, 1, 0]


@pytest.mark.parametrize(("share", "least", "most"), [(1.0, 200, 200), (0.0, 0, 0), (0.3, 25, 95)])
def test_share_of_the_requests_is_captured(share: float, least: int, most: int) -> None:
    service = Service(share=share)
    make_champion(service.store, make_contract())
    for _ in range(200):
        predict(service, 1)
    assert least <= len(list(service.store.list("captured/"))) <= most


def test_request_is_captured_or_not_by_the_id_of_its_first_prediction() -> None:
    few, most = (Recorder(open_memory(), stage="dev", share=share) for share in (0.2, 0.8))
    ids = new_prediction_ids(1000)
    assert [few.draws(one) for one in ids] == [few.draws(one) for one in ids]
    assert all(most.draws(one) for one in ids if few.draws(one))
    assert 700 < sum(map(most.draws, ids)) < 900


@pytest.mark.parametrize("body", ['{"records": [%s]}', '{\n "records":\r\n[%s]\n}'])
def test_captured_record_is_the_one_that_was_asked(service: Service, body: str) -> None:
    record = make_record() | {"plan": 'a "quoted"\nline \u2028 \u00e9'}
    asked = body % json.dumps(record)
    assert service.send(make_event("POST", "/v1/predict", asked)).status == 200
    [info] = service.store.list("captured/")
    [capture], broken = parse_lines(service.store.get(info.key).body)
    assert (capture.features, broken) == (record, 0)


def test_features_that_look_like_captures_stay_in_their_line(service: Service) -> None:
    records = [make_record() | {"plan": '},{"prediction_id":"x"},{"prediction_id":'}] * 3
    assert service.post("/v1/predict", {"records": records}).status == 200
    [info] = service.store.list("captured/")
    captures, broken = parse_lines(service.store.get(info.key).body)
    assert broken == 0
    assert [capture.features for capture in captures] == records


def test_success_is_told_now_and_then_and_failure_always(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(3):
        predict(service)
    assert len(read_metrics(capsys)) == 2
    service.now_s += ZERO_EVERY_S
    predict(service)
    assert len(read_metrics(capsys)) == 2


def test_captures_are_written_beside_the_requests_when_a_server_asks_for_it() -> None:
    store = open_memory()
    recorder = Recorder(store, stage="dev", share=1.0)
    recorder.write_beside()
    for _ in range(5):
        recorder.capture(
            Batch("subscriptions", 1, new_prediction_ids(2), ["Yes", "No"], None,
                  [make_record()] * 2)
        )  # fmt: skip
    recorder.drain(within_s=10.0)
    captures = [
        one for info in store.list("captured/") for one in parse_lines(store.get(info.key).body)[0]
    ]
    assert len({one.prediction_id for one in captures}) == 10


class SlowStore(FaultyStore):
    """A bucket that takes nothing, and says so when a test lets it."""

    def __init__(self) -> None:
        super().__init__()
        self.down = ("captured/",)
        self.is_asked = threading.Event()
        self.says_so = threading.Event()

    def put(self, key: str, body: bytes) -> str:
        self.is_asked.set()
        self.says_so.wait()
        return super().put(key, body)


@pytest.mark.parametrize(("padding", "lost"), [(0, 0), (1_000_000, 4)], ids=["small", "large"])
def test_each_request_that_waits_or_is_lost_beside_is_counted(padding: int, lost: int) -> None:
    store, counts = SlowStore(), Counts()
    now_s = 0.0
    recorder = Recorder(store, stage="dev", share=1.0, emit=counts.emit, clock=lambda: now_s)
    recorder.write_beside()
    record = make_record() | {"plan": "x" * padding}

    def capture() -> None:
        recorder.capture(Batch("m", 1, new_prediction_ids(1), ["Yes"], None, [record]))

    capture()
    assert store.is_asked.wait(10.0)
    for _ in range(11):
        capture()
    store.says_so.set()
    recorder.drain(within_s=10.0)
    assert f'{{event="CaptureFailures",model="m"}} {12 + lost}\n' in counts.write()
    store.down = ()
    now_s = PAUSE_S
    capture()
    recorder.drain(within_s=10.0)
    found = [one for info in store.list("captured/")
             for one in parse_lines(store.get(info.key).body)[0]]  # fmt: skip
    assert len(found) == 13 - lost


def test_request_that_finds_no_room_beside_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "MAX_BYTES", 1000)
    store, counts = SlowStore(), Counts()
    recorder = Recorder(store, stage="dev", share=1.0, emit=counts.emit)
    recorder.write_beside()
    record = make_record() | {"plan": "x" * 1000}
    for _ in range(3):
        recorder.capture(Batch("m", 1, new_prediction_ids(1), ["Yes"], None, [record]))
    assert '{event="CaptureFailures",model="m"} 2\n' in counts.write()
    store.says_so.set()
    recorder.drain(within_s=10.0)


def test_captures_are_kept_after_the_answer_where_a_host_works_then() -> None:
    store = open_memory()
    works: list[Callable[[], None]] = []
    recorder = Recorder(store, stage="dev", share=1.0, later=works.append)
    ids = new_prediction_ids(2)
    for one in ids:
        recorder.capture(Batch("subscriptions", 1, [one], ["Yes"], None, [make_record()]))
    assert list(store.list("captured/")) == []
    for work in works:
        work()
    # What was left together is kept together.
    [info] = store.list("captured/")
    captures, _ = parse_lines(store.get(info.key).body)
    assert [one.prediction_id for one in captures] == ids


def test_what_is_kept_after_the_answer_is_kept_together_up_to_a_size() -> None:
    store = open_memory()
    works: list[Callable[[], None]] = []
    recorder = Recorder(store, stage="dev", share=1.0, later=works.append)
    record = make_record() | {"plan": "x" * (backlog.MAX_TOGETHER_BYTES // 3)}
    ids = new_prediction_ids(4)
    for one in ids:
        recorder.capture(Batch("subscriptions", 1, [one], ["Yes"], None, [record]))
    works[0]()
    bodies = [store.get(info.key).body for info in store.list("captured/")]
    kept = [[one.prediction_id for one in parse_lines(body)[0]] for body in bodies]
    assert kept == [ids[:2], ids[2:]]


def test_refused_request_is_not_captured(service: Service) -> None:
    assert service.post("/v1/predict", {"records": [make_record(), {}]}).status == 422
    assert list(service.store.list("captured/")) == []


def test_feedback_answers_503_when_it_cannot_be_kept(service: Service) -> None:
    [prediction] = predict(service, 1)
    assert isinstance(service.store, FaultyStore)
    service.store.down = ("feedback/",)
    body = {"feedback": [{"prediction_id": prediction["prediction_id"], "outcome": "Yes"}]}
    reply = service.post("/v1/feedback", body)
    assert reply.status == 503
    service.store.down = ()
    assert service.post("/v1/feedback", body).json == {"accepted": 1, "duplicates": 0}

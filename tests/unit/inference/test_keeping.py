"""Nothing that was answered is lost, whatever the stream and the bucket do."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from core.errors import UnavailableError
from core.events import parse_lines
from core.keys import captured_hour
from core.prediction_ids import new_prediction_id, time_of
from core.store import open_memory
from lambdas.inference.capture import Batch, write_line
from lambdas.inference.keeping import MAX_WAITING_BYTES, PAUSE_S, Keeper, Objects
from lambdas.inference.signing import Credentials
from lambdas.inference.stream import MAX_RECORD_BYTES, Stream
from tests.unit.inference.doubles import FaultyStore
from tests.unit.inference.fault_server import (
    Fault,
    FaultyFirehose,
    make_certificate,
    serve_firehose,
)

WAIT_S = 0.3
FAULTS: tuple[Fault, ...] = get_args(Fault)
ACKNOWLEDGED = {"none", "closes", "closes_silently", "chunks", "splits"}


def make_id(hour: int) -> str:
    return f"{1_770_000_000_000 + hour * 3_600_000:012x}7000{'8':0<16}"


class World:
    """A stream, a bucket and a clock that a test moves."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.store = FaultyStore()
        self.now_s = 1000.0
        self.ids: list[str] = []
        self.server: FaultyFirehose
        self.keeper: Keeper

    def next_fault(self) -> Fault:
        return self.faults.pop(0) if self.faults else "none"

    def keep(self, *, padding: str = "") -> bool:
        prediction_id = new_prediction_id()
        self.ids.append(prediction_id)
        record = {"age": 1, "note": padding}
        line = write_line(Batch("m", 1, [prediction_id], ["Yes"], None, [record]))
        return self.keeper.keep(prediction_id, line) == 0

    def read_bucket(self) -> list[str]:
        bodies = [
            self.store.inner.get(info.key).body for info in self.store.inner.list("captured/")
        ]
        return [one.prediction_id for body in bodies for one in parse_lines(body)[0]]

    def read_stream(self) -> list[str]:
        read = [parse_lines(record) for record in self.server.records]
        assert not any(broken for _, broken in read)
        return [one.prediction_id for captures, _ in read for one in captures]


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    with serve_firehose(world.next_fault) as server:
        world.server = server
        stream = Stream(
            "captures",
            endpoint=server.url,
            region="eu-west-1",
            credentials=Credentials("key", "secret"),
            timeout_s=WAIT_S,
        )
        world.keeper = Keeper(Objects(world.store), stream, clock=lambda: world.now_s)
        yield world
        stream.close()


def test_record_goes_through_the_stream_over_one_connection(world: World) -> None:
    assert all(world.keep() for _ in range(20))
    assert world.read_stream() == world.ids
    assert world.read_bucket() == []
    assert world.server.connections == 1


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("earlier", [0, 1], ids=["new", "kept"])
def test_nothing_is_lost_when_the_stream_has_a_fault(
    world: World, fault: Fault, earlier: int
) -> None:
    world.faults = [*(["none"] * earlier), fault]  # type: ignore[list-item]
    for _ in range(earlier + 1):
        assert world.keep()
    known = world.read_stream() + world.read_bucket()
    assert set(known) == set(world.ids)
    if fault in ACKNOWLEDGED:
        assert world.read_bucket() == []
    elif fault in ("refuses", "forbids", "hangs"):
        assert world.read_bucket() == world.ids[-1:]


def test_stream_rests_after_a_fault_and_is_tried_again(world: World) -> None:
    world.faults = ["refuses"]
    world.keep()
    world.keep()
    assert world.read_bucket() == world.ids
    world.now_s += PAUSE_S
    world.keep()
    assert world.read_stream() == world.ids[-1:]


def test_lines_wait_when_neither_answers_and_go_first_when_one_does(world: World) -> None:
    world.faults = ["hangs"]
    world.store.down = ("captured/",)
    assert not world.keep()
    assert not world.keep()
    world.store.down = ()
    world.now_s += PAUSE_S
    assert world.keep()
    assert sorted(world.read_stream() + world.read_bucket()) == world.ids


def test_stream_that_is_gone_costs_nothing_but_its_way(world: World) -> None:
    world.keep()
    world.server.close()
    assert all(world.keep() for _ in range(3))
    assert set(world.read_stream() + world.read_bucket()) == set(world.ids)


def test_what_is_dear_in_the_stream_goes_to_the_bucket(world: World) -> None:
    assert world.keep(padding="x" * MAX_RECORD_BYTES)
    assert world.read_bucket() == world.ids
    assert world.server.records == []


def test_oldest_goes_and_is_counted_when_too_much_waits(world: World) -> None:
    world.keeper = Keeper(Objects(world.store), clock=lambda: world.now_s)
    world.store.down = ("captured/",)
    padding = "x" * (MAX_WAITING_BYTES // 4)
    for _ in range(3):
        world.keep(padding=padding)
    ids = [new_prediction_id() for _ in range(2)]
    line = write_line(Batch("m", 1, ids[:1], ["Yes"], None, [{"note": padding}]))
    assert world.keeper.keep(ids[0], line) == 1 + 1
    assert world.keeper.keep(ids[1], line) == 1 + 1
    world.store.down = ()
    world.now_s += PAUSE_S
    assert world.keep()
    assert world.ids[0] not in world.read_bucket()
    assert world.ids[-1] in world.read_bucket()


def test_requests_that_go_for_newer_ones_are_counted_each(world: World) -> None:
    world.keeper = Keeper(Objects(world.store), clock=lambda: world.now_s)
    world.store.down = ("captured/",)
    most = b"x" * (MAX_WAITING_BYTES - 1)
    assert world.keeper.keep(new_prediction_id(), most, requests=30) == 30
    assert world.keeper.keep(new_prediction_id(), most, requests=4) == 4 + 30


def test_nothing_goes_for_lines_that_can_not_wait_themselves(world: World) -> None:
    world.keeper = Keeper(Objects(world.store), clock=lambda: world.now_s)
    world.store.down = ("captured/",)
    world.keep()
    too_much = b"x" * (MAX_WAITING_BYTES + 1)
    assert world.keeper.keep(new_prediction_id(), too_much, requests=3) == 3
    world.store.down = ()
    world.now_s += PAUSE_S
    assert world.keep()
    assert sorted(world.read_bucket()) == world.ids


def test_what_was_written_makes_room_when_the_bucket_fails_on_the_rest() -> None:
    store = FaultyStore()
    store.down = ("captured/",)
    now_s = 0.0
    keeper = Keeper(Objects(store), clock=lambda: now_s)
    half = b"x" * (MAX_WAITING_BYTES // 2)
    for hour in (0, 1):
        keeper.keep(make_id(hour), half)
    now_s = PAUSE_S
    store.down = (captured_hour(time_of(make_id(1))),)
    assert keeper.keep(make_id(2), b"{}\n") == 1
    assert keeper.keep(make_id(1), half) == 1


def test_lines_of_two_hours_are_written_where_their_readers_look() -> None:
    store = FaultyStore()
    store.down = ("captured/",)
    now_s = 0.0
    keeper = Keeper(Objects(store), clock=lambda: now_s)
    ids = [make_id(hour) for hour in (0, 1, 0)]
    for place, one in enumerate(ids):
        keeper.keep(one[:-1] + str(place), b"{}\n")
    store.down = ()
    now_s = PAUSE_S
    assert keeper.keep(ids[0][:-1] + "9", b"{}\n") == 0
    assert len({info.key.rpartition("/")[0] for info in store.inner.list("captured/")}) == 2
    lines = b"".join(store.inner.get(info.key).body for info in store.inner.list("captured/"))
    assert lines.count(b"\n") == 4


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_lost_in_a_storm_of_faults(world: World, seed: int) -> None:
    rng = random.Random(seed)
    calm = sorted(ACKNOWLEDGED)
    for _ in range(40):
        fault = rng.choice(FAULTS if rng.random() < 0.4 else calm)
        world.faults = [fault]  # type: ignore[list-item]
        world.store.down = ("captured/",) if rng.random() < 0.3 else ()
        world.keep()
        world.now_s += rng.choice([0.0, 1.0, PAUSE_S])
    world.faults, world.store.down = [], ()
    world.now_s += PAUSE_S
    assert world.keep()
    known = world.read_stream() + world.read_bucket()
    assert set(known) == set(world.ids)


def test_store_in_memory_is_a_place_too() -> None:
    keeper = Keeper(Objects(open_memory()))
    assert keeper.keep(new_prediction_id(), b"{}\n") == 0


def test_record_goes_over_an_encrypted_connection_that_is_verified(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = make_certificate(tmp_path)
    with serve_firehose(lambda: "none", certificate=certificate) as server:
        stream = Stream(
            "captures",
            endpoint=server.url,
            region="eu-west-1",
            credentials=Credentials("key", "secret"),
            timeout_s=5.0,
        )
        with pytest.raises(UnavailableError):  # nobody vouches for it yet
            stream.send(b"{}\n")
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        stream.send(b"{}\n")
        stream.send(b"{}\n")
        stream.close()
        assert (len(server.records), server.connections) == (2, 2)

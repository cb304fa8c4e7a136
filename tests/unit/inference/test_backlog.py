import threading
from collections import deque

from lambdas.inference.backlog import (
    MAX_BYTES,
    MAX_TOGETHER_BYTES,
    Backlog,
    Lines,
    take_together,
)
from lambdas.inference.keeping import MAX_WAITING_BYTES
from lambdas.inference.looks import start_thread

QUARTER = b"x" * (MAX_BYTES // 4)


def make_lines(body: bytes, *, requests: int = 1) -> Lines:
    return Lines("m", "an id", body, requests)


def test_what_is_written_at_once_fits_where_it_may_have_to_wait() -> None:
    assert MAX_TOGETHER_BYTES <= MAX_WAITING_BYTES


def test_lines_are_written_together_in_their_order_up_to_a_size() -> None:
    third = MAX_TOGETHER_BYTES // 3
    bodies = [b"a" * third, b"b" * third, b"c" * third, b"d" * third, b"e"]
    waiting = deque(make_lines(body, requests=2) for body in bodies)
    first, second = take_together(waiting), take_together(waiting)
    assert (first.body, first.requests) == (b"".join(bodies[:3]), 6)
    assert (second.body, second.requests) == (b"".join(bodies[3:]), 4)
    assert not waiting


def test_lines_that_are_more_than_is_written_at_once_are_written_alone() -> None:
    large = make_lines(b"x" * (MAX_TOGETHER_BYTES + 1))
    small = make_lines(b"y")
    waiting = deque([small, large, small])
    assert [take_together(waiting) for _ in range(3)] == [small, large, small]


def test_bytes_that_wait_or_are_being_written_are_bounded() -> None:
    begins, goes_on = threading.Event(), threading.Event()
    written: list[Lines] = []

    def write(lines: Lines) -> None:
        begins.set()
        goes_on.wait()
        written.append(lines)

    backlog = Backlog(write)
    assert [backlog.add(make_lines(QUARTER)) for _ in range(5)] == [True] * 4 + [False]
    start_thread(backlog.run)
    assert begins.wait(10.0)
    assert not backlog.add(make_lines(b"y"))
    backlog.drain(within_s=0.01)
    assert written == []
    goes_on.set()
    backlog.drain(within_s=10.0)
    assert len(written) == 4
    assert backlog.add(make_lines(QUARTER))


def test_lines_that_are_larger_than_all_the_room_wait_alone() -> None:
    backlog = Backlog(lambda _: None)
    assert backlog.add(make_lines(QUARTER * 5))
    assert not backlog.add(make_lines(b"y"))

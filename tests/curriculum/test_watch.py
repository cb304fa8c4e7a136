import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from curriculum.checker.watch import watch_file


def run_watch(place: Path, deeds: Sequence[Callable[[], object]]) -> int:
    """Do one deed at each wait, and count how often something was seen; the last is Ctrl-C."""
    left = list(deeds)

    def sleep(seconds: float) -> None:
        assert seconds > 0
        if not left:
            raise KeyboardInterrupt
        left.pop(0)()

    seen = 0
    try:
        for _ in watch_file(place, sleep=sleep):
            seen += 1
    except KeyboardInterrupt:
        return seen
    raise AssertionError("the watching ended by itself")


def nothing() -> None:
    return None


@pytest.fixture
def place(tmp_path: Path) -> Path:
    file = tmp_path / "work.py"
    file.write_text("one")
    return file


def test_the_file_is_seen_once_at_the_beginning(place: Path) -> None:
    assert run_watch(place, [nothing] * 5) == 1


def test_each_save_is_seen_once(place: Path) -> None:
    save = [lambda: place.write_text("two more"), nothing, nothing]
    again = [lambda: place.write_text("three and more"), nothing, nothing]
    assert run_watch(place, save + again) == 3


def test_a_save_in_several_goes_is_seen_once_when_it_is_whole(place: Path) -> None:
    goes = [lambda n=n: place.write_text("x" * n) for n in range(10, 14)]
    assert run_watch(place, [*goes, nothing, nothing]) == 2


def test_an_editor_that_replaces_the_file_is_seen(place: Path, tmp_path: Path) -> None:
    about = place.stat()

    def replace() -> None:
        new = tmp_path / "new"
        new.write_text("two")
        os.utime(new, ns=(about.st_atime_ns, about.st_mtime_ns))
        new.replace(place)

    assert run_watch(place, [replace, nothing, nothing]) == 2


def test_a_file_that_goes_and_comes_back_is_seen_twice(place: Path) -> None:
    deeds = [place.unlink, nothing, lambda: place.write_text("back"), nothing, nothing]
    assert run_watch(place, deeds) == 3


def test_a_folder_that_goes_away_ends_nothing(place: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved"

    def move() -> None:
        moved.mkdir()
        place.replace(moved / place.name)
        place.symlink_to(place)

    assert run_watch(place, [move, nothing, nothing]) == 2

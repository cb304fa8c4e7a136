import sys
import threading
import time
from pathlib import Path

import pytest

from core import parts
from core.errors import UnavailableError
from core.parts import PartError
from tests.fixtures.own_parts import Parts


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Parts:
    return Parts(tmp_path / "parts", monkeypatch)


def call(name: parts.PartName, *arguments: object) -> object:
    function = parts.load_function(name)
    assert function is not None
    with parts.guarded(name):
        return function(*arguments)


def test_there_are_no_parts_beside_the_code_of_a_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(parts.VARIABLE, raising=False)
    assert parts.find_folder() == Path(parts.__file__).parents[1] / "learner"
    assert parts.read_parts() == {}
    assert [parts.load_function(name) for name in parts.PARTS] == [None] * len(parts.PARTS)


def test_a_part_is_found_read_and_called(own: Parts) -> None:
    own.good("clean", "rule")
    assert list(parts.read_parts()) == ["clean", "rule"]
    assert set(parts.hash_parts(("rule", "route"))) == {"rule"}
    assert call("clean", {"charge": " € 9.50 "}) == {"charge": "9.50"}


def test_another_file_under_the_same_name_is_loaded_anew(own: Parts) -> None:
    own.write("clean", "def clean(row): return 1")
    assert call("clean", {}) == 1
    own.write("clean", "def clean(row): return 2")
    assert call("clean", {}) == 2


def test_loading_leaves_nothing_beside_the_file(own: Parts) -> None:
    own.good("clean")
    parts.load("clean")
    assert [path.name for path in own.folder.iterdir()] == ["clean.py"]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("def clean(row):\n    return row[", "cannot be loaded at line 2: SyntaxError."),
        ("import numbers\n1 / 0", "cannot be loaded at line 2: ZeroDivisionError."),
        (
            "import no_such_thing",
            (
                "cannot be loaded at line 1: it imports 'no_such_thing', which is not installed "
                "where it runs."
            ),
        ),
        ("raise SystemExit", "cannot be loaded at line 1: SystemExit."),
        ("def tidy(row): ...", "has no function 'clean'."),
        ("clean = 3", "has no function 'clean'."),
    ],
)
def test_says_in_one_sentence_why_a_part_cannot_be_loaded(own: Parts, code: str, said: str) -> None:
    own.write("clean", code)
    with pytest.raises(PartError) as raised:
        parts.load_function("clean")
    assert str(raised.value) == f"Your part clean {said}"


def test_tells_the_line_and_the_kind_of_error_and_never_its_text(own: Parts) -> None:
    own.write(
        "rule",
        """
        def judge(evaluation):
            return float("Ms Secret's salary")
        """,
    )
    with pytest.raises(PartError) as raised:
        call("rule", {})
    assert str(raised.value) == "Your part rule broke at line 2: ValueError."
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


def test_quotes_the_first_line_of_an_error_where_there_are_no_data() -> None:
    with (
        pytest.raises(PartError) as raised,
        parts.guarded("alarm", sees_data=False),
    ):
        raise ValueError("there is one of this name already.\nand more")
    said = "Your part alarm broke: ValueError: there is one of this name already."
    assert str(raised.value) == said


def test_the_systems_own_faults_pass_through_a_part(own: Parts) -> None:
    own.good("clean")
    with pytest.raises(UnavailableError, match="the bucket"), parts.guarded("clean"):
        raise UnavailableError("the bucket")
    with pytest.raises(KeyboardInterrupt), parts.guarded("clean"):
        raise KeyboardInterrupt


def test_a_part_that_never_ends_is_stopped_and_named(own: Parts) -> None:
    own.write(
        "clean",
        """
        def clean(row):
            while True:
                try:
                    row["n"] = len(row)
                except BaseException:
                    pass
        """,
    )
    parts.set_deadline(0.2)
    try:
        with pytest.raises(PartError) as raised:
            call("clean", {})
    finally:
        parts.set_deadline(None)
    said = str(raised.value)
    assert said.startswith("Your part clean was stopped after ")
    assert " at line " in said
    assert said.endswith("the time of its step was up. Does a loop in it never end?")


def test_a_part_that_ends_in_time_leaves_no_alarm_behind(own: Parts) -> None:
    own.good("clean")
    parts.set_deadline(0.2)
    try:
        assert call("clean", {"id": " 1"}) == {"id": "1"}
        time.sleep(0.3)
    finally:
        parts.set_deadline(None)


def test_a_part_runs_without_a_limit_where_there_is_no_alarm(own: Parts) -> None:
    own.good("clean")
    parts.set_deadline(5)
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(call("clean", {"id": " 1"})))
    thread.start()
    thread.join()
    parts.set_deadline(None)
    assert found == [{"id": "1"}]


def test_a_part_may_have_types_that_look_their_module_up(own: Parts) -> None:
    own.good("route")
    module = parts.load("route")
    assert module is not None
    assert sys.modules[module.__name__] is module
    assert module.Question(customers=[{}]).limit == 0.5

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.errors import UnavailableError
from curriculum.checker import manifest
from tests.curriculum.courses import RIGHT, STARTER, add_exercise
from tests.unit.cli.conftest import Loop
from tests.unit.cli.doubles import World

SLUG = "sums"


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "workspace"
    monkeypatch.setenv("LOOP_WORKSPACE", str(folder))
    return folder


@pytest.fixture(autouse=True)
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "stages"
    add_exercise(folder, SLUG)
    add_exercise(folder, "later", prerequisites=[SLUG])
    monkeypatch.setattr(manifest, "STAGES_FOLDER", folder)
    return folder


def solve(loop: Loop, text: str = RIGHT) -> Path:
    place = Path(json.loads(loop("learn", "show", SLUG, "--json").stdout)["file"])
    place.write_text(text)
    return place


def test_learn_shows_the_stages_and_lays_the_next_exercise_out(loop: Loop, workspace: Path) -> None:
    result = loop("learn")

    assert result.exit_code == 0, result.output
    for word in ("Foundations", "improvement cycle", "loop learn check", "About 20 min left"):
        assert word in result.stdout
    assert (workspace / "1_stage/01_sums/sums.py").read_text() == STARTER


def test_everything_is_one_document_for_programs(loop: Loop) -> None:
    for words in ((), ("next",), ("list",), ("show",), ("hint",), ("solution",), ("reset",),
                  ("check",), ("skip",)):  # fmt: skip
        json.loads(loop("learn", *words, "--json").stdout)


def test_next_says_what_to_do_now(loop: Loop) -> None:
    assert json.loads(loop("learn", "next", "--json").stdout)["slug"] == SLUG
    lines = loop("learn", "next").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["Now", "Read", "Edit", "Then", "Stuck"]


def test_list_names_every_exercise_and_what_is_to_come(loop: Loop) -> None:
    listed = loop("learn", "list").stdout
    for word in ("next     sums", "locked   later", "to come", "6 Improve"):
        assert word in listed


def test_show_gives_the_lesson_and_the_file(loop: Loop) -> None:
    told = loop("learn", "show", SLUG).stdout
    assert "# The lesson of sums" in told
    assert "sums.py" in told


def test_show_says_where_a_picture_lies_when_it_is_piped(loop: Loop, course: Path) -> None:
    lesson = "# See\n\n![a curve](curve.svg)\n"
    exercise = add_exercise(course, "seen", files={"lesson.md": lesson})
    assert f"Picture {exercise.folder / 'curve.svg'}" in loop("learn", "show", "seen").stdout


def test_check_says_that_it_works_on_what_takes_longer(loop: Loop, course: Path) -> None:
    probe = "def probe(bench):\n    bench.say('it is to ring, which takes 240 s')\n"
    add_exercise(course, "deed", mode="live", file=None, function=None, files={"check.py": probe})
    told = loop("learn", "check", "deed").stderr
    assert "checking deed" in told
    assert "it is to ring, which takes 240 s" in told
    assert "checking" not in loop("learn", "check", SLUG).stderr


def test_check_tells_what_was_expected_and_ends_with_its_status(loop: Loop) -> None:
    solve(loop, STARTER)
    failed = loop("learn", "check", SLUG)
    assert failed.exit_code == 1
    for word in ("FAIL", "expected", "observed", "where to look", "loop learn hint sums"):
        assert word in failed.stdout
    solve(loop)
    passed = loop("learn", "check")
    assert (passed.exit_code, "PASS" in passed.stdout) == (0, True)
    assert json.loads(loop("learn", "--json").stdout)["next_slug"] == "later"


def test_check_is_not_ready_when_nothing_runs(loop: Loop, world: World, course: Path) -> None:
    probe = "def probe(bench):\n    bench.store\n"
    add_exercise(course, "deed", mode="live", file=None, function=None, files={"check.py": probe})
    world.running = UnavailableError("Nothing is running.", next_step="make up")
    result = loop("learn", "check", "deed", "--json")

    assert result.exit_code == 6
    document = json.loads(result.stdout)
    assert (document["status"], document["next_step"]) == ("not ready", "make up")


def test_hints_come_one_after_another(loop: Loop) -> None:
    first = json.loads(loop("learn", "hint", "--json").stdout)
    second = json.loads(loop("learn", "hint", SLUG, "--json").stdout)

    assert (first["slug"], first["number"], second["number"]) == (SLUG, 1, 2)


def test_solution_is_shown_on_the_second_asking(loop: Loop) -> None:
    assert json.loads(loop("learn", "solution", SLUG, "--json").stdout)["shown"] is False
    assert "def " in loop("learn", "solution", SLUG).stdout


def test_reset_keeps_the_old_work(loop: Loop) -> None:
    place = solve(loop, "mine")
    told = loop("learn", "reset", SLUG)

    assert "yours is sums.py.old" in told.stdout
    assert place.with_name("sums.py.old").read_text() == "mine"


def test_what_is_done_by_commands_has_no_file(loop: Loop, course: Path) -> None:
    add_exercise(course, "deed", mode="live", file=None, function=None)
    assert "done by commands" in loop("learn", "reset", "deed").stdout
    watched = loop("learn", "watch", "deed")
    assert (watched.exit_code, "no file to watch" in watched.stderr) == (2, True)


def test_skip_goes_on_to_the_next(loop: Loop) -> None:
    assert "Now    later" in loop("learn", "skip").stdout


def test_rejects_an_unknown_exercise(loop: Loop) -> None:
    for word in ("hint", "show", "check", "skip", "reset", "solution", "watch"):
        assert loop("learn", word, "nothing").exit_code == 3


def read_until(terminal: int, word: str, *, seconds: float = 60.0) -> str:
    deadline, text = time.monotonic() + seconds, ""
    while word not in text:
        assert time.monotonic() < deadline, text
        if select.select([terminal], [], [], 0.2)[0]:
            text += os.read(terminal, 65_536).decode(errors="replace")
    return text


def test_watch_checks_on_save_and_ends_cleanly_with_ctrl_c(
    course: Path, workspace: Path, tmp_path: Path
) -> None:
    code = (
        "from pathlib import Path; from curriculum.checker import manifest; from cli.main import "
        f"main; manifest.STAGES_FOLDER = Path({str(course)!r}); main(['learn', 'watch', 'sums'])"
    )
    ours, theirs = pty.openpty()
    environment = os.environ | {"COLUMNS": "90", "TERM": "xterm", "LOOP_HOME": str(tmp_path)}
    watching = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs,
        env=environment, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    try:
        assert "where to look" in read_until(ours, "Ctrl-C to end")
        (workspace / "1_stage/01_sums/sums.py").write_text(RIGHT)
        assert "It behaves" in read_until(ours, "Ctrl-C to end")
        (workspace / "1_stage/01_sums/sums.py").unlink()
        assert "There is no file" in read_until(ours, "Ctrl-C to end")
        watching.send_signal(signal.SIGINT)
        assert "Stopped watching" in read_until(ours, "shows where you are")
        assert watching.wait(timeout=20) == 0
    finally:
        watching.kill()
        watching.wait()
        os.close(ours)

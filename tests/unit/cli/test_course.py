import io
import json
from pathlib import Path

import pytest
from rich.console import Console, RenderableType

from cli.ascii import Ascii
from cli.course import draw_course, say_minutes
from cli.lessons import draw_lesson, draw_result
from cli.ring import draw_bar
from curriculum.checker import Failure, Progress, Result, where_am_i
from curriculum.checker.manifest import load_exercises

FAILURE = Failure(expected="6", observed="0", where="the sign")


def draw(drawn: RenderableType, *, width: int, encoding: str = "utf-8") -> list[str]:
    body = io.BytesIO()
    file = io.TextIOWrapper(body, encoding=encoding)
    console = Console(file=file, width=width, force_terminal=True, color_system=None)
    console.print(drawn)
    file.flush()
    return body.getvalue().decode(encoding).splitlines()


def walk(workspace: Path, passes: int) -> Progress:
    """Record passes of the first exercises."""
    workspace.mkdir()
    slugs = [each.manifest.slug for each in load_exercises()[:passes]]
    deeds = ({"slug": slug, "event": "check", "status": "pass"} for slug in slugs)
    lines = [json.dumps(deed | {"at": "2026-11-01T10:00:00Z"}) for deed in deeds]
    (workspace / "progress.jsonl").write_text("\n".join(lines) + "\n")
    return where_am_i(workspace)


@pytest.fixture
def progress(tmp_path: Path) -> Progress:
    return walk(tmp_path / "workspace", 1)


@pytest.mark.parametrize("width", [40, 60, 76, 80, 100, 118, 124, 200])
def test_the_screen_fits_and_says_everything(progress: Progress, width: int) -> None:
    lines = draw(draw_course(progress, width=width), width=width)
    assert max(map(len, lines)) <= width
    text = "\n".join(lines)
    for word in ("1 Foundations", "6 Improve", "improvement cycle", "loop learn hint", "to come"):
        assert word in text, word
    assert progress.next_slug is not None
    assert progress.next_slug in text


@pytest.mark.parametrize("width", [60, 80, 124])
def test_the_screen_has_no_other_characters_than_the_terminal(
    progress: Progress, width: int
) -> None:
    drawing = draw_course(progress, width=width)
    lines = draw(Ascii(drawing), width=width, encoding="ascii")
    # What has no likeness in ASCII would be a question mark.
    assert "".join(lines).count("?") == "".join(draw(drawing, width=width)).count("?")
    assert max(map(len, lines)) <= width


def test_where_the_learner_is_shows_without_colour(progress: Progress) -> None:
    text = "\n".join(draw(draw_course(progress, width=80), width=80))
    assert "▸ 1 Foundations" in text
    assert "╔═" in text


def test_the_loop_is_closed(progress: Progress) -> None:
    lines = draw(draw_course(progress, width=80), width=80)[:14]
    assert [line[1:2] for line in lines[2:11]] == ["╭", *"│││││││", "╰"]
    assert sum(line.count("▶") + line.count("◀") for line in lines) == 6


def test_a_finished_course_says_so(tmp_path: Path) -> None:
    progress = walk(tmp_path / "workspace", len(load_exercises()))
    for width in (60, 80, 124):
        text = "\n".join(draw(draw_course(progress, width=width), width=width))
        assert "You have done all exercises" in text


def test_a_damaged_record_is_named_on_the_screen(progress: Progress) -> None:
    damaged = progress.model_copy(update={"damaged_lines": (3,)})
    assert "Line 3 of" in "\n".join(draw(draw_course(damaged, width=80), width=80))


@pytest.mark.parametrize("status", ["pass", "fail", "error", "not ready"])
@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_result_is_a_panel_with_what_comes_next(status: str, width: int) -> None:
    failure = FAILURE if status == "fail" else None
    result = Result.model_validate(
        {"slug": "sums", "status": status, "message": "so it is", "failure": failure}
        | {"next_step": "loop learn", "printed": "my words", "metrics": {"auc": 0.75}}
    )
    lines = draw(draw_result(result, width=width), width=width)
    text = "\n".join(lines)
    assert max(map(len, lines)) <= min(width, 96)
    for word in ("sums", "So it is", "loop learn", "my words", "auc 0.75"):
        assert word in text
    assert ("where to look" in text) == (status == "fail")


def test_the_questions_of_a_text_say_that_nobody_else_can_judge_them() -> None:
    result = Result(slug="card", status="pass", message="ok", rubric=("Would you sign it?",))
    text = "\n".join(draw(draw_result(result, width=80), width=80))
    assert "Would you sign it?" in text
    assert "no check did" in text


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_lesson_is_as_wide_as_one_likes_to_read(width: int, tmp_path: Path) -> None:
    lesson = (
        "# Why\n\n" + "Many words. " * 60 + "\n\n    loop learn check\n\n![A plot](picture.svg)"
    )
    drawing = draw_lesson(lesson, folder=tmp_path, file="/somewhere/work.py", width=width)
    lines = draw(drawing, width=width)
    assert max(len(line.rstrip()) for line in lines) <= min(width, 96)
    text = "".join(line.strip(" │") for line in lines)
    for word in ("work.py", "picture.svg", "A plot"):
        assert word in text


@pytest.mark.parametrize(
    ("minutes", "said"),
    [(0, "0 min"), (59, "59 min"), (60, "1 h"), (75, "1 h 15 min"), (179, "2 h 59 min"),
     (200, "3 h"), (1300, "22 h")],
)  # fmt: skip
def test_time_is_said_no_more_exactly_than_it_is_known(minutes: int, said: str) -> None:
    assert say_minutes(minutes) == said


@pytest.mark.parametrize(
    ("done", "of", "drawn"),
    [(0, 0, "╌╌╌╌"), (0, 9, "╌╌╌╌"), (1, 90, "━╌╌╌"), (89, 90, "━━━╌"), (9, 9, "━━━━")],
)
def test_a_bar_shows_any_progress_and_no_end_before_the_end(done: int, of: int, drawn: str) -> None:
    assert draw_bar(done, of, 4).plain == drawn

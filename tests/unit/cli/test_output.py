import io
import json
import sys
import time

import pytest

from cli.output import Output
from core.errors import InvalidInputError


def test_report_is_one_json_document_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(width=60)
    output.json = True
    output.progress("working")
    output.report({"rows": 3}, lambda: output.say("3 rows"))

    captured = capsys.readouterr()
    assert json.loads(captured.out) == {"rows": 3}
    assert "working" in captured.err


def test_report_is_text_when_json_is_not_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(width=60)
    output.report({"rows": 3}, lambda: output.say("3 rows"))

    assert capsys.readouterr().out == "3 rows\n"


def test_table_keeps_its_width_and_sets_numbers_right(capsys: pytest.CaptureFixture[str]) -> None:
    Output(width=40).table(["name", "rows"], [["a", 5], ["b", 1200]])

    assert capsys.readouterr().out.splitlines() == [
        "name  rows",
        "──────────",
        "a        5",
        "b     1200",
    ]


def test_words_stay_whole_in_a_narrow_table(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [["undelivered-captures", "OK", "one or more of them", "it broke and it lasts"]]
    Output(width=48).table(["alarm", "state", "since", "reason"], rows)

    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == [
        "alarm                 state  since     reason",
        "───────────────────────────────────────────────",
        "undelivered-captures  OK     one or    it broke",
        "                             more of   and it",
        "                             them      lasts",
    ]


def test_only_the_longest_words_are_cut_where_all_words_are_too_wide(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = [["0123456789abcdef", "subscriptions", "ok"]]
    Output(width=24).table(["id", "model", "end"], rows)

    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()[2:]] == [
        "01234567  subscrip  ok",
        "89abcdef  tions",
    ]


def test_markup_in_data_is_shown_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(width=40)
    output.say("[bold]not markup[/bold]")
    output.table(["x"], [["[red]a[/red]"]])

    captured = capsys.readouterr().out
    assert "[bold]not markup[/bold]" in captured
    assert "[red]a[/red]" in captured


def test_progress_begins_with_the_seconds_since_the_start(
    capsys: pytest.CaptureFixture[str],
) -> None:
    times = iter([100.0, 112.9])
    Output(width=60, clock=lambda: next(times)).progress("deploying")

    assert capsys.readouterr().err == "  12s  deploying\n"


def test_last_progress_is_repeated_when_nothing_is_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    output = Output(width=60)
    with output.never_silent(silence_s=0.05):
        output.progress("storage: done")
        time.sleep(0.4)

    lines = capsys.readouterr().err.splitlines()
    assert lines[0].endswith("  storage: done")
    assert {line[7:] for line in lines[1:]} == {"still at work; last: storage: done"}


def test_error_says_what_and_what_next(capsys: pytest.CaptureFixture[str]) -> None:
    Output(width=60).fail(InvalidInputError("a.csv is empty", next_step="send rows"))

    captured = capsys.readouterr()
    assert captured.err == "Stopped: a.csv is empty\nNext: send rows\n"
    assert captured.out == ""


def test_error_is_a_document_too_when_json_is_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    output = Output(width=60)
    output.json = True
    output.fail(InvalidInputError("a.csv is empty", next_step="send rows"))

    document = json.loads(capsys.readouterr().out)
    assert document == {"error": "a.csv is empty", "next_step": "send rows"}


@pytest.mark.parametrize(("no_color", "colored"), [("", True), ("1", False)])
def test_colors_follow_no_color(
    no_color: str,
    colored: bool,  # noqa: FBT001 - a parameter of the test
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", no_color)
    Output(width=60).fail(InvalidInputError("wrong"))

    assert ("\x1b[1;31m" in capsys.readouterr().err) is colored


def test_nothing_fails_where_a_terminal_has_no_more_than_ascii(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", page)
    monkeypatch.setattr(sys, "stderr", page)
    output = Output(width=40)
    output.say("loop predict · loop status")
    output.facts({"city": "Zürich"})
    output.table(["city"], [["Zürich"]])
    output.panel("The loop runs", ["Zürich"])
    output.progress("reading Zürich.csv")
    output.fail(InvalidInputError("There is no column 'Größe'.", next_step="loop predict '{…}'"))
    page.seek(0)
    assert [line.rstrip() for line in page.read().splitlines()] == [
        "loop predict . loop status",
        "city  Z?rich",
        "city",
        "------",
        "Z?rich",
        "+- The loop runs -+",
        "| Z?rich          |",
        "+-----------------+",
        "   0s  reading Z?rich.csv",
        "Stopped: There is no column 'Gr??e'.",
        "Next: loop predict '{~}'",
    ]

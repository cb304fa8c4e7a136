from pathlib import Path

import pytest

from curriculum.author.pictures import MAX_BYTES, lint_picture, render, write_picture

PROGRAM = """
from curriculum.author.sheet import ONE, sheet, standalone

def draw():
    with sheet("A line that rises") as page:
        page.axes.plot([0, 1], [0, 1], color=ONE)
    return standalone(page)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "picture.py").write_text(PROGRAM)
    write_picture(tmp_path)
    return tmp_path


def problems(folder: Path) -> list[str]:
    return [finding.problem for finding in lint_picture(folder)]


def test_a_fresh_picture_is_let_be_and_not_written_again(folder: Path) -> None:
    assert problems(folder) == []
    assert not write_picture(folder)


def test_a_picture_has_a_description_and_a_light_and_a_dark_face(folder: Path) -> None:
    drawn = (folder / "picture.svg").read_text()
    assert drawn.startswith("<svg")
    assert "<title>A line that rises</title>" in drawn
    assert "prefers-color-scheme:dark" in drawn
    assert drawn.count("--one:") == 2
    assert "#111213" not in drawn


def test_a_stale_picture_is_told(folder: Path) -> None:
    program = folder / "picture.py"
    program.write_text(PROGRAM.replace("[0, 1], [0, 1]", "[0, 1], [1, 0]"))
    assert problems(folder) == [
        "It is stale: picture.py now draws another one; write it anew with --fix."
    ]


def test_a_picture_that_was_not_drawn_yet_is_told(folder: Path) -> None:
    (folder / "picture.svg").unlink()
    assert problems(folder) == ["There is no picture.svg beside it; write it with --fix."]


def test_a_picture_that_nobody_draws_is_told(folder: Path) -> None:
    (folder / "picture.py").unlink()
    assert problems(folder) == ["No picture.py draws it."]
    assert not write_picture(folder)


def test_a_program_that_breaks_is_told(folder: Path) -> None:
    (folder / "picture.py").write_text("def draw():\n    raise ValueError('no data')\n")
    assert problems(folder) == ["draw() broke: ValueError: no data."]


def test_a_picture_of_too_many_points_is_told(folder: Path) -> None:
    (folder / "picture.py").write_text(f"def draw():\n    return 'x' * {MAX_BYTES + 1}\n")
    write_picture(folder)
    assert problems(folder)[0].endswith("Draw fewer points.")


def test_a_figure_of_matplotlib_is_drawn_the_same_twice(tmp_path: Path) -> None:
    program = tmp_path / "picture.py"
    program.write_text(
        "from matplotlib.figure import Figure\n\n"
        "def draw():\n"
        "    figure = Figure()\n"
        "    figure.add_subplot().plot([0, 1])\n"
        "    return figure\n"
    )
    assert render(program) == render(program)
    assert b"<svg" in render(program)

from pathlib import Path

import pytest

from tests.bench.pages import write_tables

HEADER = ("data", "score")


def write(path: Path, rows: list[list[str]], *, note: str = "A machine.") -> str:
    write_tables(path, "training", {"Quality": (HEADER, rows)}, note=note)
    return path.read_text()


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "page.md"
    path.write_text("before\n<!-- training: begin -->\n<!-- training: end -->\nafter\n")
    return path


def test_a_part_replaces_its_own_rows_and_keeps_the_others(page: Path) -> None:
    write(page, [["1,000,000 rows", "0.1"], ["wine", "0.9"]])
    text = write(page, [["10,000 rows", "0.3"], ["wine", "0.8"]])
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert table == [
        "| data | score |",
        "| --- | --- |",
        "| wine | 0.8 |",
        "| 10,000 rows | 0.3 |",
        "| 1,000,000 rows | 0.1 |",
    ]
    assert text.startswith("before\n")
    assert text.endswith("<!-- training: end -->\nafter\n")
    assert "**Quality**" in text
    assert "A machine." in text


def test_writing_the_same_twice_changes_nothing(page: Path) -> None:
    assert write(page, [["wine", "0.9"]]) == write(page, [["wine", "0.9"]])


def test_rows_of_another_shape_are_forgotten(page: Path) -> None:
    write(page, [["wine", "0.9"]])
    tables = {"Quality": (("data", "score", "gap"), [["digits", "1", "0"]])}
    write_tables(page, "training", tables, note="")
    assert "wine" not in page.read_text()


def test_rejects_a_page_without_the_marks(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text("nothing")
    with pytest.raises(ValueError, match="no place for the section training"):
        write(path, [])
    assert path.read_text() == "nothing"

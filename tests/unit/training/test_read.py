import tracemalloc
from pathlib import Path
from unittest.mock import patch

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.contract import FileFormat
from core.errors import InvalidInputError
from tests.unit.training.worlds import to_csv
from training.data import careful, csv_file, csv_place, structure, table
from training.data.csv_place import MAX_FIELD_CHARACTERS, Place
from training.data.encoding import Encoding, guess_encoding
from training.data.read import open_raw
from training.data.table import RaggedRow

MANY_ROWS = b"a,b\n" + b"1,2\n" * 100


def read(
    body: bytes, written: FileFormat | None = None
) -> tuple[tuple[str, ...], list[tuple[object, ...]], tuple[RaggedRow, ...]]:
    with open_raw(body, name="f.csv", written=written or FileFormat()) as raw:
        rows = raw.connection.execute("SELECT * FROM raw ORDER BY row_number").fetchall()
        return raw.columns, rows, raw.ragged


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "f.csv is empty"),
        (b" \r\n \n", "f.csv is empty"),
        (b"a,b\n", "header and no rows"),
        (b"a,b", "header and no rows"),
        (b"\na,b\n1,2\n", "row 1: blank where the header should be"),
        (b"a,b,a\n1,2,3\n", "row 1: columns 1 and 3 have the same name"),
        (b"Age,age\n1,2\n", "row 1: columns 1 and 2 have the same name"),
        (b"a,b\n1,2\n3,\x00\n", "row 3: a NUL byte"),
        ("a,b\n1,2\n".encode("utf-16"), "is UTF-16 text"),
        ("a,b\n1,2\n".encode("utf-16-le"), "row 1: a NUL byte"),
        (b"PK\x03\x04\x14\x00", "is a spreadsheet"),
        (b"\x1f\x8b\x08\x00", "is compressed"),
        (b"a,b\n1,2\n3,caf\xe9\n", "row 3: not UTF-8"),
        (b"a,b\r1,2\r3,caf\xe9\r", "row 3: not UTF-8"),
        (MANY_ROWS + b'3,"never closed\n1,2\n', "row 102: a quotation mark is opened and never"),
        (b'a,b\n1,"x"y\n', "row 2: a quotation mark inside a quoted field"),
        (b"PAR1 and then something else", "begins like a Parquet file"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_rejects_a_broken_file_with_one_line_that_names_the_row(body: bytes, said: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read(body)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.next_step


@pytest.mark.parametrize("quote", [b"", b'"'])
def test_rejects_a_field_of_100_megabytes_when_it_is_in_row_3(quote: bytes) -> None:
    body = b"a,b\n1,2\n3," + quote + b"secret\n"[: 6 if not quote else 7] * 16_000_000 + quote
    assert len(body) > 90_000_000
    with pytest.raises(InvalidInputError, match="row 3: a field of more than") as caught:
        read(body)
    assert "secret" not in str(caught.value)


def test_reads_a_field_when_it_is_as_long_as_allowed() -> None:
    longest = "x" * MAX_FIELD_CHARACTERS
    _, rows, _ = read(f"a,b\n1,{longest}\n".encode())
    assert rows == [(2, "1", longest)]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("lead", ["", "\ufeff"])
def test_reads_every_delimiter_and_line_end_when_a_byte_order_mark_leads(
    mark: str, end: str, lead: str
) -> None:
    body = lead + end.join([mark.join(["a", "b"]), mark.join(["1", "x y"]), mark.join(["2", ""])])
    columns, rows, _ = read(body.encode())
    assert columns == ("a", "b")
    assert rows == [(2, "1", "x y"), (3, "2", None)]


def test_reads_rows_with_mixed_line_ends() -> None:
    assert read(b"a,b\r\n1,2\n3,4\r\n")[1] == [(2, "1", "2"), (3, "3", "4")]


def test_sets_ragged_rows_aside_with_their_numbers_and_keeps_the_others() -> None:
    body = b'a,b,c\n1,2,3\n4,5\n"x\ny",6,7\n\n8,9,10,11\n12,13,14\n'
    _, rows, ragged = read(body)
    assert [row[0] for row in rows] == [2, 4, 7]
    assert rows[1][1] == "x\ny"
    assert ragged == (RaggedRow(3, ("4", "5")), RaggedRow(6, ("8", "9", "10", "11")))


def test_names_a_column_by_its_place_when_it_has_no_name() -> None:
    assert read(b",b\n1,2\n")[0] == ("unnamed_1", "b")


def test_keeps_names_out_of_statements_when_they_look_like_sql() -> None:
    name = 'x"); DROP TABLE raw; --'
    columns, rows, _ = read(to_csv([["1", "2"]], header=[name, "row_number"]))
    assert columns == (name, "row_number")
    assert rows == [(2, "1", "2")]


def test_reads_parquet_as_text_with_rows_from_1(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    with duckdb.connect(":memory:") as connection:
        values = "SELECT * FROM (VALUES (1.5, true, 'x'), (NULL, false, NULL)) t(a, b, c)"
        connection.execute(f"COPY ({values}) TO '{path}'").fetchall()
    columns, rows, _ = read(path.read_bytes())
    assert columns == ("a", "b", "c")
    assert rows == [(1, "1.5", "true", "x"), (2, None, "false", None)]


CELL = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=8)


@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=8))
def test_reads_back_what_a_csv_writer_wrote(cells: list[tuple[str, str]]) -> None:
    _, rows, ragged = read(to_csv(cells, header=("a", "b")))
    assert ragged == ()
    assert [(row[1] or "", row[2] or "") for row in rows] == cells


def test_needs_no_more_memory_than_a_few_copies_when_a_field_is_huge() -> None:
    body = b"a,b\n1," + b"x" * 20_000_000
    tracemalloc.start()
    with pytest.raises(InvalidInputError):
        read(body)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 12 * len(body)


ODD = st.lists(st.sampled_from(["a", '"', '""', ",", "\n", "é", " ", "1"]), max_size=24)


@settings(max_examples=40, deadline=None)
@given(ODD)
def test_reads_the_same_at_a_glance_as_record_by_record(pieces: list[str]) -> None:
    body = ("h,i\n1,2\n" + "".join(pieces)).encode()
    with patch.object(csv_file, "find_structure", return_value=None):
        slow = _try(body)
    assert _try(body) == slow


def _try(body: bytes) -> object:
    try:
        columns, rows, ragged = read(body)
    except InvalidInputError as error:
        return str(error)
    return columns, [[cell or "" for cell in row] for row in rows], ragged


def test_finds_records_over_many_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    body = b'a,b\n1,"x,""\ny"\n\n3,4,5\n6,7'
    whole = structure.find_structure(body, delimiter=",")
    assert whole is not None
    assert whole.fields.tolist() == [2, 2, 0, 3, 2]
    for size in range(1, 12):
        monkeypatch.setattr(structure, "_CHUNK_BYTES", size)
        cut = structure.find_structure(body, delimiter=",")
        assert cut is not None
        assert (cut.starts.tolist(), cut.ends.tolist()) == (
            whole.starts.tolist(),
            whole.ends.tolist(),
        )
        assert cut.fields.tolist() == whole.fields.tolist()


@pytest.mark.parametrize("quirk", ["", '3,x"y"\n'])
def test_names_columns_by_their_place_when_there_is_no_header(quirk: str) -> None:
    body = f"1,2\n\n{quirk}3,4,5\n6,7\n".encode()
    columns, rows, ragged = read(body, FileFormat(header=False))
    assert columns == ("column_1", "column_2")
    assert (rows[0], rows[-1][1:]) == ((1, "1", "2"), ("6", "7"))
    place = 3 + bool(quirk)
    assert ragged == (RaggedRow(place, ("3", "4", "5")),)
    assert rows[-1][0] == place + 1
    with pytest.raises(InvalidInputError, match="row 2: a quotation mark"):
        read(b'1,2\n3,"x\n', FileFormat(header=False))


@pytest.mark.parametrize(
    ("body", "encoding", "cell"),
    [
        ("a,b\n1,café\n".encode("latin-1"), "latin-1", "café"),
        ("a,b\n1,5 €\n".encode("windows-1252"), "windows-1252", "5 €"),
        ("a,b\n1,café\n".encode(), "latin-1", "café"),
    ],
)
def test_reads_other_encodings_when_told_so(body: bytes, encoding: Encoding, cell: str) -> None:
    assert read(body, FileFormat(encoding=encoding))[1] == [(2, "1", cell)]


def test_rejects_bytes_that_the_encoding_does_not_know() -> None:
    with pytest.raises(InvalidInputError, match="row 2: not windows-1252"):
        read(b"a,b\n1,\x81\n", FileFormat(encoding="windows-1252"))


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        ("a,café".encode(), "utf-8"),
        ("a,café".encode("latin-1"), "latin-1"),
        ("a,5 €".encode("windows-1252"), "windows-1252"),
        ("é,è,à".encode() + b",\xff", "utf-8"),
    ],
)
def test_the_encoding_is_guessed(body: bytes, encoding: str) -> None:
    assert guess_encoding(body) == encoding


def test_reads_the_declared_delimiter_though_another_cuts_more() -> None:
    body = b"a;b,c,d\n1;2,3,4\n"
    assert read(body, FileFormat(delimiter=";"))[1] == [(2, "1", "2,3,4")]


def _view_wrongly(times: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let duckdb see a record too few in the first views of a file."""
    view = csv_place.view_cells
    left = iter(range(times))

    def view_one_less(place: Place, *, width: int, longest_bytes: int, delimiter: str = "") -> None:
        view(place, width=width, longest_bytes=longest_bytes, delimiter=delimiter)
        if next(left, None) is not None:
            query = "SELECT * FROM read_csv('{}', header = false, skip = 1, columns = {{}})"
            types = {"a": "VARCHAR", "b": "VARCHAR"}
            query = query.format(place.path).replace("{}", str(types))
            place.connection.execute(f"CREATE OR REPLACE VIEW cells AS {query}").fetchall()

    monkeypatch.setattr(csv_file, "view_cells", view_one_less)
    monkeypatch.setattr(careful, "view_cells", view_one_less)


@pytest.mark.parametrize("times", [1, 2])
def test_reads_in_a_slower_way_when_duckdb_sees_other_records(
    times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    _view_wrongly(times, monkeypatch)
    assert [row[0] for row in read(b"a,b\n1,2\n3,4\n")[1]] == [2, 3]


def test_says_so_when_no_way_of_reading_gives_the_records_of_the_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _view_wrongly(3, monkeypatch)
    with pytest.raises(InvalidInputError, match="was read as 1 of 2 rows"):
        read(b"a,b\n1,2\n3,4\n")


def test_says_nothing_of_a_cell_when_duckdb_cannot_read_the_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise duckdb.InvalidInputException("secret")

    monkeypatch.setattr(table, "count_rows", fail)
    with pytest.raises(InvalidInputError, match="cannot be read") as caught:
        read(b"a,b\n1,2\n")
    assert caught.value.__cause__ is None


def test_lines_are_told_apart_at_once_when_nothing_is_quoted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(csv_file, "find_structure", lambda *_, **__: pytest.fail("too slow"))
    assert read(b"a,b\r\n1,2\r\n3,")[1] == [(2, "1", "2"), (3, "3", None)]

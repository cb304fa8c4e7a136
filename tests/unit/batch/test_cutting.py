"""However a file is cut, its shards are the file: the same records, once each, in their order."""

import csv
import io
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from core.contract import Column, Contract, FileFormat
from core.errors import InvalidInputError
from core.store import open_memory
from lambdas.batch import cutting, row_groups
from lambdas.batch.layout import Layout, Shard
from lambdas.batch.origin import FileOrigin, ObjectOrigin
from lambdas.batch.shards import begin_cutting, cut_file, fetch_shard
from tests.fixtures.bundles import make_contract
from tests.unit.batch.batches import write_parquet
from training.data.table import fetch, number_rows

NAMES = ("age", "plan")
CELLS = st.text(st.sampled_from('ab1 é"\r\n,;'), max_size=6)
BARE = st.text(st.sampled_from("ab1 é;"), min_size=1, max_size=6)
Encoding = Literal["utf-8", "latin-1", "windows-1252"]
LINE_ENDS = st.sampled_from(["\n", "\r\n", "\r"])


@dataclass(frozen=True)
class Held:
    """A file in memory."""

    body: bytes
    name: str = "rows.csv"

    @property
    def size(self) -> int:
        return len(self.body)

    def read(self, start: int, end: int) -> bytes:
        return self.body[start:end]


@st.composite
def files(draw: st.DrawFn) -> tuple[str, Encoding]:
    """Draw a CSV and its encoding: quoted and bare cells, blank rows, any line end, or none."""
    encoding: Encoding = draw(st.sampled_from(get_args(Encoding)))
    end = draw(LINE_ENDS)
    records = draw(st.lists(st.tuples(CELLS | BARE, BARE, st.booleans()), min_size=1, max_size=25))
    lines = [",".join(NAMES)]
    for first, second, quoted in records:
        bare = not set(first) & set('"\r\n,;') and not quoted
        left = first if bare else '"' + first.replace('"', '""') + '"'
        lines.append(f"{left},{second}")
        lines += [""] * draw(st.integers(0, 1))
    text = end.join(lines) + draw(st.sampled_from(["", end]))
    mark = draw(st.sampled_from(["", "\ufeff"])) if encoding == "utf-8" else ""
    return mark + text, encoding


@contextmanager
def shards_of(size: int) -> Iterator[None]:
    """Cut into shards of this size, whatever a record then takes of them."""
    with (
        patch.object(cutting, "SHARD_BYTES", (size, size)),
        patch.object(cutting, "_LONGEST_SHARDS", 1000),
    ):
        yield


def cut(body: bytes, written: FileFormat, *, size: int) -> tuple[Layout, list[Shard]]:
    with shards_of(size):
        stretch = cut_file(Held(body), written)
    return stretch.layout, stretch.shards


def records_of(body: bytes, encoding: str) -> list[list[str]]:
    """Read records as Python does, with every line end as one and the same."""
    text = body.decode(encoding).removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    return list(csv.reader(io.StringIO(text, newline="\n")))


@settings(deadline=None, max_examples=300)
@given(files(), st.integers(1, 90))
@example(('age,plan\r\n"a\r\nb",x\r\n\r\nc,d', "utf-8"), 1)
@example(("age,plan\ra,b\rc,d\r", "utf-8"), 10)
@example(("age,plan\n\n\n\na,b\n\n\n", "utf-8"), 2)
@example(("age,plan\na,\u00e9", "latin-1"), 50)
@example(("\ufeffage,plan\n\u00e9,b\nc,d", "utf-8"), 3)
def test_shards_are_the_file_however_it_is_cut(file: tuple[str, Encoding], size: int) -> None:
    text, encoding = file
    body = text.encode(encoding)
    layout, shards = cut(body, FileFormat(encoding=encoding, delimiter=","), size=size)
    whole = records_of(body, layout.encoding)
    found = [record for shard in shards for record in records_of(
        body[shard.start : shard.end], layout.encoding)]  # fmt: skip
    assert [record for record in found if record] == [record for record in whole[1:] if record]
    assert records_of(layout.header, layout.encoding) == whole[:1] == [list(NAMES)]
    assert [shard.number for shard in shards] == list(range(len(shards)))
    for shard in shards:
        piece = records_of(body[shard.start : shard.end], layout.encoding)
        assert len(piece) == shard.rows
        assert piece == whole[shard.first_row - 1 : shard.first_row - 1 + shard.rows]
    for before, after in itertools.pairwise(shards):
        # What lies between two shards are blank rows.
        assert body[before.end : after.start].strip(b"\r\n") == b""


@settings(deadline=None, max_examples=60)
@given(files(), st.integers(1, 60), st.integers(1, 4))
def test_stretches_are_the_whole_when_they_are_cut_one_by_one(
    file: tuple[str, Encoding], size: int, at_most: int
) -> None:
    text, encoding = file
    written = FileFormat(encoding=encoding, delimiter=",")
    origin = Held(text.encode(encoding))
    layout, expected = cut(origin.body, written, size=size)
    with shards_of(size):
        stretch = begin_cutting(origin, written, at_most=at_most)
        shards = list(stretch.shards)
        following = stretch.following
        while following is not None:
            _, more, following = cutting.cut_csv(
                origin, written, stretch.layout, following, at_most=at_most
            )
            shards += more
    assert shards == expected
    assert layout.header == stretch.layout.header


def cells_of(
    origin: Held | FileOrigin | ObjectOrigin, contract: Contract, *, size: int
) -> Iterator[tuple[object, ...]]:
    with shards_of(size):
        stretch = cut_file(origin, contract.file)
    for shard in stretch.shards:
        with (
            fetch_shard(origin, stretch.layout, shard) as fetched,
            fetched.open(contract) as raw,
        ):
            ragged = [(row.row_number, *row.cells) for row in raw.ragged]
            raw, _ = fetch(raw, "FROM cells")  # noqa: PLW2901 - as it was found to be
            placed = "(SELECT row_number() OVER () - 1 AS place, * FROM cells)"
            rows = raw.connection.execute(number_rows(placed)).fetchall()
            yield from sorted(rows + ragged)


@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.too_slow])
@given(files(), st.integers(20, 90))
def test_cells_and_row_numbers_are_the_same_however_a_file_is_cut(
    file: tuple[str, Encoding], size: int
) -> None:
    text, encoding = file
    contract = make_contract().model_copy(
        update={"file": FileFormat(encoding=encoding, delimiter=","), "identifier": None}
    )
    origin = Held(text.encode(encoding))
    whole = list(cells_of(origin, contract, size=1_000_000))
    assert list(cells_of(origin, contract, size=size)) == whole


@settings(deadline=None, max_examples=20)
@given(
    rows=st.integers(1, 6000),
    group=st.sampled_from([2048, 4096]),
    size=st.integers(500, 3000),
)
def test_row_groups_are_the_file_however_it_is_cut(
    tmp_path_factory: pytest.TempPathFactory, rows: int, group: int, size: int
) -> None:
    path = tmp_path_factory.mktemp("groups") / "rows.parquet"
    query = f"SELECT i AS age, 'p' || i AS plan, 'x' AS other FROM range({rows}) t(i)"
    write_parquet(path, query, group=group)
    store = open_memory()
    etag = store.put("raw/rows.parquet", path.read_bytes())
    there = ObjectOrigin(store, "raw/rows.parquet", etag, path.stat().st_size)
    contract = make_contract().model_copy(update={"identifier": None})
    expected = [(i + 1, i, f"p{i}") for i in range(rows)]
    with patch.object(row_groups, "SHARD_ROWS", (size, size)):
        assert list(cells_of(FileOrigin(path), contract, size=1)) == expected
        assert list(cells_of(there, contract, size=1)) == expected


def test_a_record_of_many_lines_may_take_several_shards() -> None:
    body = ("age,plan\n" + '1,"' + "x\n" * 100 + '"\n' + "2,b\n" * 50).encode()
    _, shards = cut(body, FileFormat(), size=60)
    assert len(shards) > 2
    assert sum(shard.rows for shard in shards) == 51


def test_rejects_a_quotation_mark_that_is_never_closed() -> None:
    body = ("age,plan\n1,a\n" + '2,"b\n' + "3,c\n" * 200).encode()
    with (
        patch.object(cutting, "SHARD_BYTES", (50, 50)),
        pytest.raises(InvalidInputError, match="row 3"),
    ):
        cut_file(Held(body), FileFormat())


@pytest.mark.parametrize(("head", "row"), [("", 1), ("\n\r\n", 3)])
def test_rows_are_counted_from_the_top_when_there_is_no_header(head: str, row: int) -> None:
    layout, shards = cut((head + "1,2\n3,4\n").encode(), FileFormat(header=False), size=4)
    assert layout.header == b"column_1,column_2\n"
    assert [shard.first_row for shard in shards] == [row, row + 1]


def test_rejects_letters_that_the_contract_does_not_say(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(b"age,plan\n1,\xe9\n")
    with pytest.raises(InvalidInputError, match="row 2: not UTF-8"):
        cut_file(FileOrigin(path), FileFormat())
    path.write_bytes(b"\xe9,plan\n1,a\n")
    with pytest.raises(InvalidInputError, match="row 1: not UTF-8"):
        cut_file(FileOrigin(path), FileFormat())
    assert cut_file(FileOrigin(path), FileFormat(encoding="latin-1")).layout.encoding == "latin-1"


def test_rejects_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="cannot be read"):
        cut_file(FileOrigin(tmp_path / "none.csv"), FileFormat())


def test_a_wide_parquet_file_is_cut_into_shards_of_fewer_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_groups, "MAX_SHARD_CELLS", 1000)
    path = tmp_path / "wide.parquet"
    columns = ", ".join(f"i AS c{place}" for place in range(50))
    write_parquet(path, f"SELECT {columns} FROM range(100) AS t(i)")
    stretch = cut_file(FileOrigin(path), FileFormat())
    assert [shard.rows for shard in stretch.shards] == [20] * 5


def test_a_parquet_file_of_long_texts_is_cut_into_shards_of_fewer_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_groups, "MAX_SHARD_TEXT_BYTES", 100_000)
    path = tmp_path / "long.parquet"
    write_parquet(path, "SELECT hash(i)::VARCHAR || repeat('x', 980) AS a FROM range(500) AS t(i)")
    sizes = [shard.rows for shard in cut_file(FileOrigin(path), FileFormat()).shards]
    assert sum(sizes) == 500
    assert 80 <= sizes[0] <= 100


def test_rows_have_their_numbers_when_the_header_ends_with_a_carriage_return(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cutting, "SHARD_BYTES", (4, 4))
    contract = make_contract(columns=[Column(name="a", kind="numeric")])
    path = tmp_path / "rows.csv"
    path.write_bytes(b"a,b\r1,2\n1,2\n\n3,4\n\n5,6\n")
    origin = FileOrigin(path)
    stretch = cut_file(origin, contract.file)
    found = []
    for shard in stretch.shards:
        with (
            fetch_shard(origin, stretch.layout, shard) as fetched,
            fetched.open(contract) as raw,
        ):
            placed = "(SELECT row_number() OVER () - 1 AS place, * FROM cells)"
            found += raw.connection.execute(number_rows(placed)).fetchall()
    assert found == [(2, "1", "2"), (3, "1", "2"), (5, "3", "4"), (7, "5", "6")]

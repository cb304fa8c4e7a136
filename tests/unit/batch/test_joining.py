from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import IntegrityError
from lambdas.batch.joining import join_files
from lambdas.batch.thrift import (
    BINARY,
    BYTE,
    DOUBLE,
    FALSE,
    I16,
    I32,
    I64,
    LIST,
    SET,
    STRUCT,
    TRUE,
    Struct,
    Typed,
    read_struct,
    write_struct,
)


def write_parts(folder: Path, queries: Sequence[str], *, group_rows: int = 2048) -> list[Path]:
    paths = [folder / f"{place}.parquet" for place in range(len(queries))]
    with duckdb.connect(":memory:") as connection:
        for path, query in zip(paths, queries, strict=True):
            connection.execute(
                f"COPY ({query}) TO '{path}' (FORMAT parquet, ROW_GROUP_SIZE {group_rows})"
            ).fetchall()
    return paths


def ask(query: str, *parameters: object) -> list[tuple[Any, ...]]:
    with duckdb.connect(":memory:") as connection:
        return connection.execute(query, list(parameters)).fetchall()


def read_footer(path: Path) -> Struct:
    body = path.read_bytes()
    assert body[:4] == body[-4:] == b"PAR1"
    return read_struct(body[-8 - int.from_bytes(body[-8:-4], "little") : -8])


def write_footer(path: Path, footer: Struct, *, content: bytes = b"") -> None:
    body = write_struct(footer)
    path.write_bytes(b"PAR1" + content + body + len(body).to_bytes(4, "little") + b"PAR1")


ROWS = (
    "SELECT i AS number, 'k' || i % 7 AS kind, CASE WHEN i % 3 > 0 THEN i / 7 END AS share,"
    " struct_pack(a := i::FLOAT, b := ['x' || i, NULL]) AS nested FROM range({}, {}) t(i)"
)


def test_joined_files_hold_the_rows_of_all_in_their_order(tmp_path: Path) -> None:
    ranges = ((0, 5000), (5000, 5001), (5001, 12000))
    parts = write_parts(tmp_path, [ROWS.format(*each) for each in ranges])
    whole = tmp_path / "whole.parquet"
    join_files(parts, whole)
    assert ask("FROM read_parquet(?)", str(whole)) == ask(ROWS.format(0, 12000))
    groups = ask("SELECT num_row_groups FROM parquet_file_metadata(?)", str(whole))
    assert groups == [(3 + 1 + 4,)]


def test_readers_find_what_helps_them_to_skip_row_groups(tmp_path: Path) -> None:
    parts = write_parts(tmp_path, [ROWS.format(0, 5000), ROWS.format(5000, 9000)])
    whole = tmp_path / "whole.parquet"
    join_files(parts, whole)
    looked_up = "SELECT bloom_filter_excludes FROM parquet_bloom_probe(?, 'kind', ?)"
    assert {excluded for (excluded,) in ask(looked_up, str(whole), "k3")} == {False}
    assert {excluded for (excluded,) in ask(looked_up, str(whole), "k8")} == {True}
    ranges = "SELECT stats_min, stats_max FROM parquet_metadata(?) WHERE path_in_schema = 'number'"
    assert ask(ranges, str(whole)) == [row for part in parts for row in ask(ranges, str(part))]


def test_one_file_alone_is_joined_to_itself(tmp_path: Path) -> None:
    [part] = write_parts(tmp_path, [ROWS.format(0, 3000)])
    whole = tmp_path / "whole.parquet"
    join_files([part], whole)
    assert whole.read_bytes() == part.read_bytes()


def test_every_place_moves_and_nothing_else_does(tmp_path: Path) -> None:
    content = {1: (I32, 2), 5: (I64, 7), 7: (I64, 9)}
    places = {9: (I64, 4), 10: (I64, 5), 11: (I64, 6), 14: (I64, 8)}
    column = {
        2: (I64, 0),
        3: (STRUCT, {**content, **places}),
        4: (I64, 9), 5: (I32, 1), 6: (I64, 10), 7: (I32, 1),
    }  # fmt: skip
    group = {1: (LIST, (STRUCT, [column])), 2: (I64, 6), 3: (I64, 7), 5: (I64, 4), 7: (I16, 0)}
    schema = (LIST, (STRUCT, [{4: (BINARY, b"age")}]))
    footer = {1: (I32, 1), 2: schema, 3: (I64, 7), 4: (LIST, (STRUCT, [group]))}
    parts = [tmp_path / name for name in ("a", "b")]
    for part, body in zip(parts, (b"12345678", b"12"), strict=True):
        # Who wrote a file may differ: parts of one answer may be of two releases.
        write_footer(part, {**footer, 6: (BINARY, part.name.encode())}, content=body)
    join_files(parts, tmp_path / "whole")
    found = read_footer(tmp_path / "whole")
    assert {**found, 4: 0} == {1: (I32, 1), 2: schema, 3: (I64, 14), 4: 0, 6: (BINARY, b"a")}
    first, second = found[4][1][1]
    # Which row group of its file it is may be left out.
    assert first == {number: value for number, value in group.items() if number != 7}
    moved = {number: (I64, place + 8) for number, (_, place) in places.items()}
    assert second == {
        **first,
        1: (
            LIST,
            (
                STRUCT,
                [{**column, 3: (STRUCT, {**content, **moved}), 4: (I64, 17), 6: (I64, 18)}],
            ),
        ),
        5: (I64, 12),
    }
    assert (tmp_path / "whole").read_bytes()[4:14] == b"1234567812"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"PAR1",
        b"PAR1\xff\xff\x00\x00PAR1",
        b"PAR1\x00\x00\x00\x00PAR1",
        b"PAR1\x00\x01\x00\x00\x00PAR1",
        b"PAR1\x15\x02\x02\x00\x00\x00PAR1",
        b"x" * 99,
    ],
)
def test_a_file_that_is_not_whole_is_named_when_files_are_joined(
    tmp_path: Path, body: bytes
) -> None:
    parts = write_parts(tmp_path, [ROWS.format(0, 10), ROWS.format(10, 20)])
    parts[1].write_bytes(body)
    with pytest.raises(IntegrityError, match=r"^1\.parquet is not a whole Parquet file\.$") as told:
        join_files(parts, tmp_path / "whole.parquet")
    assert told.value.next_step == f"Delete {parts[1]}, and run the same command again."


def test_files_of_other_columns_are_not_joined(tmp_path: Path) -> None:
    parts = write_parts(tmp_path, [ROWS.format(0, 10), "SELECT 1 AS number"])
    with pytest.raises(IntegrityError, match=r"^1\.parquet has other columns than 0\.parquet\.$"):
        join_files(parts, tmp_path / "whole.parquet")


def make_value(children: st.SearchStrategy[Typed]) -> st.SearchStrategy[Typed]:
    whole = st.integers(-(2**63), 2**63 - 1)
    lists = st.sampled_from([I16, I32, I64]).flatmap(
        lambda kind: st.tuples(st.just(kind), st.lists(whole, max_size=40))
    )
    structs = make_struct(children)
    nested = st.tuples(st.just(STRUCT), st.lists(structs, max_size=17))
    truths = st.tuples(st.sampled_from([TRUE, FALSE]), st.lists(st.sampled_from([1, 2])))
    texts = st.tuples(st.just(BINARY), st.lists(st.binary(), max_size=3))
    return st.one_of(
        st.tuples(st.sampled_from([LIST, SET]), lists | nested | truths | texts),
        st.tuples(st.just(STRUCT), structs),
    )


def make_struct(values: st.SearchStrategy[Typed]) -> st.SearchStrategy[Struct]:
    fields = st.dictionaries(st.integers(1, 2**15 - 1), values, max_size=5)
    return fields.map(lambda found: dict(sorted(found.items())))


VALUES = st.recursive(
    st.one_of(
        st.sampled_from([(TRUE, True), (FALSE, False)]),
        st.tuples(st.just(BYTE), st.integers(0, 255)),
        st.tuples(st.sampled_from([I16, I32, I64]), st.integers(-(2**63), 2**63 - 1)),
        st.tuples(st.just(DOUBLE), st.binary(min_size=8, max_size=8)),
        st.tuples(st.just(BINARY), st.binary(max_size=300)),
    ),
    make_value,
    max_leaves=8,
)


@given(struct=make_struct(VALUES))
def test_what_is_written_is_read_back(struct: Struct) -> None:
    assert read_struct(write_struct(struct)) == struct


@given(body=st.binary(max_size=60))
def test_any_bytes_are_a_structure_or_said_to_be_damaged(body: bytes) -> None:
    try:
        found = read_struct(body)
    except IntegrityError as error:
        assert "footer" in str(error)  # noqa: PT017 - either is right
    else:
        assert read_struct(write_struct(found)) == found


def test_every_footer_that_is_cut_off_is_damaged(tmp_path: Path) -> None:
    [part] = write_parts(tmp_path, [ROWS.format(0, 10)])
    body = write_struct(read_footer(part))
    for length in range(len(body)):
        with pytest.raises(IntegrityError, match="damaged"):
            read_struct(body[:length])
    with pytest.raises(IntegrityError, match="goes on"):
        read_struct(body + b"\0")


def test_a_list_that_says_it_is_endless_ends() -> None:
    endless = bytes([1 * 16 + LIST, 15 * 16 + DOUBLE, *b"\xff" * 8, 127])
    with pytest.raises(IntegrityError, match="damaged"):
        read_struct(endless)
    deep = bytes([1 * 16 + STRUCT]) * 100_000
    with pytest.raises(IntegrityError, match="damaged"):
        read_struct(deep)

"""Parquet files are scored like their text, and what cannot be read of one is told."""

import random
import re
from pathlib import Path
from typing import Literal

import pytest

from core.contract import Column, FileFormat, Policies
from core.errors import InvalidInputError
from lambdas.batch import row_groups
from tests.fixtures.bundles import make_contract
from tests.unit.batch.batches import RECORDS, Batch, write_parquet


def test_parquet_is_cut_into_rows(
    batch: Batch, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "rows.parquet"
    write_parquet(
        path,
        "SELECT i AS customer_id, i::DOUBLE AS age, 'pro' AS plan, 0.1::FLOAT AS usage,"
        " i % 2 = 0 AS active FROM range(100) t(i)",
    )
    monkeypatch.setattr(row_groups, "SHARD_ROWS", (1, 30))
    report = batch.score_path(path)
    found = batch.read()
    wanted = batch.ask(
        [{"age": i, "plan": "pro", "usage": 0.1, "active": i % 2 == 0} for i in range(100)]
    )
    assert report.shards == 8
    assert [row["row_number"] for row in found] == list(range(1, 101))
    assert [row["probability"] for row in found] == [row["probability"] for row in wanted]


@pytest.mark.parametrize("markers", [(), ("-999", "nan")])
@pytest.mark.parametrize("nullable", [True, False])
@pytest.mark.parametrize(
    "policies", [Policies(), Policies(out_of_range="as_missing", unseen_category="as_missing")]
)
def test_numbers_of_parquet_are_those_of_their_text(
    tmp_path: Path, markers: tuple[str, ...], policies: Policies, *, nullable: bool
) -> None:
    columns = (
        Column(name="age", kind="numeric", nullable=nullable, minimum=0, maximum=120),
        Column(name="plan", kind="categorical", categories=("basic", "pro")),
        Column(name="usage", kind="numeric"),
        Column(name="active", kind="boolean", nullable=nullable),
    )
    contract = make_contract(missing=markers, policies=policies, columns=columns)
    contract = contract.model_copy(update={"identifier": None})
    batch = Batch(contract, tmp_path)
    values = "0.1, 130, NULL, -999, 16777217, 3e38, -0.0, 1e-300"
    for more in ("", ", 'nan'::DOUBLE", ", 1e39, 'inf'::DOUBLE"):
        found = []
        for kind in ("DOUBLE", "VARCHAR"):
            path = tmp_path / f"{kind}.parquet"
            number = "x" if kind != "VARCHAR" else "x::DOUBLE::VARCHAR"
            truth = "BOOLEAN" if kind == "DOUBLE" else "VARCHAR"
            write_parquet(
                path,
                f"SELECT CAST({number} AS {kind}) AS age, 'pro' AS plan,"
                f" (i * 7)::{'INTEGER' if kind == 'DOUBLE' else 'VARCHAR'} AS usage,"
                f" CAST(CASE WHEN i % 3 > 0 THEN i % 3 = 1 END AS {truth}) AS active"
                f" FROM (SELECT unnest([{values}{more}]::DOUBLE[]) AS x,"
                f" generate_subscripts([{values}{more}], 1) AS i)",
            )
            batch.score_path(path)
            found.append(
                [
                    {name: value for name, value in row.items() if name != "prediction_id"}
                    for row in batch.read()
                ]
            )
        assert found[0] == found[1]


def test_whole_numbers_of_parquet_may_be_as_large_as_they_are(batch: Batch) -> None:
    path = batch.folder / "rows.parquet"
    write_parquet(
        path,
        "SELECT 30 AS age, 'pro' AS plan, x::BIGINT AS usage, TRUE AS active"
        " FROM (VALUES (-9223372036854775808), (9223372036854775807)) t(x)",
    )
    assert batch.score_path(path).failures == 0
    wanted = batch.ask([{**RECORDS[0], "plan": "pro", "usage": x} for x in (-(2.0**63), 2.0**63)])
    assert [row["probability"] for row in batch.read()] == [row["probability"] for row in wanted]


def test_a_damaged_parquet_file_is_told_in_one_sentence(batch: Batch) -> None:
    path = batch.folder / "rows.parquet"
    write_parquet(
        path,
        "SELECT i / 7 AS age, ['pro', 'basic'][1 + i % 2] AS plan, i AS usage,"
        " i % 3 = 0 AS active FROM range(300) t(i)",
    )
    whole = path.read_bytes()
    places = random.Random(7).sample(range(4, len(whole) - 8), 50)
    told = set()
    for place in places:
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        batch.answer.unlink(missing_ok=True)
        try:
            batch.score_path(path)
        except InvalidInputError as error:
            told.add(str(error))
            assert not batch.answer.exists()
    assert "rows.parquet cannot be read" in told
    assert all(re.fullmatch(r"rows\.parquet [^\n]+", sentence) for sentence in told)


def test_the_largest_number_of_float32_is_in_range(batch: Batch) -> None:
    path = batch.folder / "rows.parquet"
    write_parquet(
        path,
        "SELECT 30 AS age, 'pro' AS plan, x::FLOAT AS usage, TRUE AS active"
        " FROM (VALUES (3.4028234663852886e38), (0.1), (NULL)) t(x)",
    )
    assert batch.score_path(path).failures == 0


@pytest.mark.parametrize(
    "name", ["age=99/rows.parquet", "plan=pro/rows.parquet", "rows[1].parquet"]
)
def test_where_a_parquet_file_lies_says_nothing_of_its_rows(tmp_path: Path, name: str) -> None:
    batch = Batch(make_contract(), tmp_path)
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    columns = "'c1' AS customer_id, {} AS age, 'basic' AS plan, 1.5 AS usage, true AS active"
    write_parquet(tmp_path / "rows1.parquet", f"SELECT {columns.format(7)}")
    write_parquet(tmp_path / "plain.parquet", f"SELECT {columns.format(30)}")
    (tmp_path / "plain.parquet").rename(path)
    batch.score_path(path)
    [row] = batch.read()
    [asked] = batch.ask([{"age": 30, "plan": "basic", "usage": 1.5, "active": True}])
    assert row["probability"] == pytest.approx(asked["probability"], abs=1e-6)


@pytest.mark.parametrize("kind", ["DOUBLE", "FLOAT", "DECIMAL(10, 3)", "INTEGER", "VARCHAR"])
@pytest.mark.parametrize("thousands", [None, "."])
def test_numbers_of_parquet_have_no_decimal_comma(
    tmp_path: Path, kind: str, thousands: Literal["."] | None
) -> None:
    contract = make_contract(task="regression", columns=[Column(name="x", kind="numeric")])
    written = FileFormat(delimiter=";", decimal=",", thousands=thousands)
    batch = Batch(contract.model_copy(update={"file": written}), tmp_path)
    values = [1234, 2] if kind == "INTEGER" else [1.25, 0.125, 1000.0, 2.0]
    texts = [str(value).replace(".", "," if kind == "VARCHAR" else ".") for value in values]
    rows = ", ".join(f"('{text}'::{kind})" for text in texts)
    path = tmp_path / "rows.parquet"
    write_parquet(path, f"SELECT x FROM (VALUES {rows}) AS t(x)")
    assert batch.score_path(path).failures == 0
    found = [row["prediction"] for row in batch.read()]
    wanted = [row["prediction"] for row in batch.ask([{"x": value} for value in values])]
    assert found == pytest.approx(wanted, rel=1e-6)


def test_a_text_with_a_nul_keeps_its_place_and_is_refused_as_the_endpoint_does(
    tmp_path: Path,
) -> None:
    columns = [
        Column(name="plan", kind="categorical", categories=("pro", "basic")),
        Column(name="city", kind="categorical"),
        Column(name="note", kind="text"),
    ]
    batch = Batch(make_contract(columns=columns), tmp_path)
    path = tmp_path / "rows.parquet"
    bad = "'a' || chr(0) || 'b'"
    rows = f"('pro', 'x', 'hello'), ({bad}, 'x', ''), ('pro', {bad}, ''), ('pro', 'x', {bad})"
    write_parquet(path, f"SELECT * FROM (VALUES {rows}) AS t(plan, city, note)")
    report = batch.score_path(path)
    assert (report.rows, report.failures) == (4, 3)
    told = [(row["failure"], row["failure_field"]) for row in batch.read()]
    fields = [column.name for column in columns]
    assert told == [(None, None), *(("holds a NUL character", field) for field in fields)]


def test_a_name_that_the_reader_needs_is_refused(batch: Batch) -> None:
    path = batch.folder / "rows.parquet"
    write_parquet(path, "SELECT 1 AS age, 'pro' AS plan, 1 AS file_row_number")
    with pytest.raises(InvalidInputError, match="a name that its reader needs"):
        batch.score_path(path)


@pytest.mark.parametrize("name", ["age", "AGE"])
def test_two_columns_of_one_name_are_refused(batch: Batch, name: str) -> None:
    path = batch.folder / "rows.parquet"
    write_parquet(path, "SELECT 1 AS age, 2 AS agx")  # duckdb writes no two of one name
    path.write_bytes(path.read_bytes().replace(b"agx", name.encode()))
    with pytest.raises(InvalidInputError, match="of the same name"):
        batch.score_path(path)

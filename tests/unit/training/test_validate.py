from pathlib import Path
from unittest.mock import patch

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import keys
from core.contract import MISSING_MARKERS, Column, Contract, Policies
from core.store import Bucket, open_memory
from tests.unit.training.worlds import (
    CLASSES,
    FEATURES,
    HEADER,
    land,
    make_contract,
    make_landed,
    make_rows,
    read_json,
    to_csv,
)
from training.data.read import connect
from training.data.rules import describe_feature, describe_target
from training.data.start import start_run
from training.data.validate import Validation, validate_raw

# A carriage return ends a line, a NUL is refused: neither can be in a cell.
CELL = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=6)
GOOD = ["id-x", "12", "plus", "yes", "9.5", "Yes"]


def validate(
    rows: list[list[str]], contract: Contract | None = None, header: tuple[str, ...] = HEADER
) -> tuple[Bucket, Validation]:
    store, contract = open_memory(), contract or make_contract()
    key = land(store, to_csv(rows, header=header), contract)
    return store, validate_raw(store, raw_key=key, contract=contract)


def read_parquet(store: Bucket, key: str, tmp_path: Path) -> list[tuple[object, ...]]:
    path = tmp_path / "read.parquet"
    path.write_bytes(store.get(key).body)
    with duckdb.connect(":memory:") as connection:
        return connection.execute(f"SELECT * FROM '{path}'").fetchall()


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        ("id", "", "missing identifier"),
        ("id", "row-7", "duplicate identifier"),
        ("tenure", "twelve", "not a number"),
        ("tenure", "1,5", "not a number"),
        ("tenure", "1_000", "not a number"),
        ("tenure", "+-5", "not a number"),
        ("tenure", "0x10", "not a number"),
        ("tenure", "inf", "not a number"),
        ("tenure", "-1", "out of range"),
        ("tenure", "1000.01", "out of range"),
        ("tenure", "1e400", "out of range"),
        ("charge", "1e39", "out of range"),
        ("charge", "", "missing"),
        ("charge", " - ", "missing"),
        ("plan", "Basic", "unknown category"),
        ("autopay", "maybe", "not a boolean"),
        ("autopay", "2", "not a boolean"),
        ("churn", "NA", "missing target"),
        ("churn", "yes", "unknown class"),
    ],
)
def test_quarantines_a_row_with_reason_row_and_column_when_a_cell_breaks_the_contract(
    column: str, cell: str, reason: str, tmp_path: Path
) -> None:
    bad = [*GOOD]
    bad[HEADER.index(column)] = cell
    store, found = validate([*make_rows(rows=100), bad])
    assert (found.status, found.rows, found.quarantined) == ("ok", 100, 1)
    rows = read_parquet(store, keys.quarantine("small", found.version), tmp_path)
    cells = [text or None for text in bad]
    assert rows == [(102, reason, column, cells)]
    summary = read_json(store, keys.dataset_summary("small", found.version))
    assert summary["reasons"] == {reason: 1}
    assert summary["faults"] == [{"reason": reason, "column": column, "rows": 1}]


@pytest.mark.parametrize(
    ("cells", "reason"), [(GOOD[:4], "too few fields"), ([*GOOD, "more"], "too many fields")]
)
def test_quarantines_a_ragged_row_with_all_its_cells(
    cells: list[str], reason: str, tmp_path: Path
) -> None:
    store, found = validate([cells, *make_rows(rows=60)])
    rows = read_parquet(store, keys.quarantine("small", found.version), tmp_path)
    assert rows == [(2, reason, "", cells)]
    assert found.rows == 60


@pytest.mark.parametrize("marker", [*MISSING_MARKERS, "  ", " NaN\t", "\u00a0"])
def test_reads_a_cell_as_missing_when_it_holds_a_marker(marker: str, tmp_path: Path) -> None:
    row = ["id-x", marker, marker, marker, "9.5", "Yes"]
    store, found = validate([row, *make_rows(rows=60)])
    clean = read_parquet(store, keys.dataset_data("small", found.version), tmp_path)
    assert clean[0] == ("id-x", None, None, None, 9.5, "Yes")
    assert not found.quarantined


def test_keeps_a_marker_when_the_contract_declares_it_as_a_category(tmp_path: Path) -> None:
    column = Column(name="plan", kind="categorical", categories=("NA", "plus", "basic", "pro"))
    contract = make_contract().model_copy(update={"columns": (FEATURES[0], column, *FEATURES[2:])})
    row = ["id-x", "1", "NA", "no", "9.5", "Yes"]
    store, found = validate([row, *make_rows(rows=60)], contract)
    clean = read_parquet(store, keys.dataset_data("small", found.version), tmp_path)
    assert clean[0][2] == "NA"


@pytest.mark.parametrize(
    ("word", "value"),
    [("TRUE", True), ("t", True), ("Y", True), ("1", True), ("No", False), ("0", False)],
)
def test_reads_booleans_in_any_case_and_trims_blanks(
    word: str, value: object, tmp_path: Path
) -> None:
    row = ["id-x", " 1 ", "\tplus ", f" {word} ", " +9.5e0 ", " Yes "]
    store, found = validate([row, *make_rows(rows=60)])
    clean = read_parquet(store, keys.dataset_data("small", found.version), tmp_path)
    assert clean[0] == ("id-x", 1.0, "plus", value, 9.5, "Yes")


def test_keeps_the_first_good_row_when_an_identifier_repeats(tmp_path: Path) -> None:
    bad, first, second = [*GOOD], [*GOOD], [*GOOD]
    bad[4], first[4], second[4] = "nothing", "1", "2"
    store, found = validate([bad, first, second, *make_rows(rows=60)])
    clean = read_parquet(store, keys.dataset_data("small", found.version), tmp_path)
    assert clean[0][4] == 1.0
    reasons = [
        row[1] for row in read_parquet(store, keys.quarantine("small", found.version), tmp_path)
    ]
    assert reasons == ["not a number", "duplicate identifier"]


def test_counts_whole_numbers_that_float32_rounds() -> None:
    rows = make_rows(rows=60)
    rows[0][4], rows[1][4], rows[2][4] = "16777217", "16777216", "0.1"
    store, found = validate(rows)
    summary = read_json(store, keys.dataset_summary("small", found.version))
    assert summary["rounded_numbers"] == {"charge": 1}


@pytest.mark.parametrize(
    ("policies", "cells", "kept", "changed"),
    [
        ({"out_of_range": "clip"}, ["-1", "plus"], (0.0, "plus"), {"tenure": 1}),
        ({"out_of_range": "clip"}, ["2000", ""], (1000.0, None), {"tenure": 1}),
        ({"out_of_range": "as_missing"}, ["-1", "plus"], (None, "plus"), {"tenure": 1}),
        ({"unseen_category": "as_missing"}, ["5", "gold"], (5.0, None), {"plan": 1}),
        ({"unseen_category": "as_missing"}, ["", " "], (None, None), {}),
    ],
)
def test_changes_a_value_as_the_contracts_policy_says_and_counts_it(
    policies: dict[str, str],
    cells: list[str],
    kept: tuple[object, object],
    changed: dict[str, int],
    tmp_path: Path,
) -> None:
    contract = make_contract().model_copy(update={"policies": Policies.model_validate(policies)})
    row = ["id-x", *cells, "yes", "9.5", "Yes"]
    store, found = validate([row, *make_rows(rows=60)], contract)
    clean = read_parquet(store, keys.dataset_data("small", found.version), tmp_path)
    assert clean[0][1:3] == kept
    summary = read_json(store, keys.dataset_summary("small", found.version))
    assert summary["changed"] == changed
    assert found.quarantined == 0


@pytest.mark.parametrize(
    ("place", "cell", "reason"),
    [(1, "1e39", "out of range"), (2, "gold", "unknown category"), (4, "-5", "out of range")],
)
def test_quarantines_what_a_policy_cannot_mend(place: int, cell: str, reason: str) -> None:
    charge = Column(name="charge", kind="numeric", nullable=False, minimum=0)
    columns = tuple(
        column.model_copy(update={"nullable": column.name == "tenure"})
        for column in (*FEATURES[:3], charge)
    )
    policies = Policies(unseen_category="as_missing", out_of_range="as_missing")
    contract = make_contract().model_copy(update={"policies": policies, "columns": columns})
    good = [["1", "2", "plus", "yes", "3", "No"], ["2", "2", "pro", "no", "3", "Yes"]] * 40
    rows = [[f"r{i}", *row[1:]] for i, row in enumerate(good)]
    rows[0][place] = cell
    store, found = validate(rows, contract)
    assert found.quarantined == 1
    summary = read_json(store, keys.dataset_summary("small", found.version))
    assert summary["reasons"] == {reason: 1}


def test_keeps_group_and_time_beside_the_features(tmp_path: Path) -> None:
    contract = Contract(
        dataset="small",
        task="binary",
        target="t",
        classes=("n", "y"),
        columns=(Column(name="a", kind="numeric"),),
        group="house",
        time="seen",
    )
    rows = [[str(i), "ny"[i % 2], f"h{i % 7}", "1970-01-02"] for i in range(60)]
    bad = [["1", "n", "", "1970-01-02"], ["1", "n", "h", "infinity"], ["1", "n", "h", ""]]
    store, found = validate(rows + bad, contract, ("a", "t", "house", "seen"))
    clean = read_parquet(store, keys.dataset_data("small", found.version), tmp_path)
    assert clean[8] == (8.0, "n", "h1", 86400.0)
    wrong = read_parquet(store, keys.quarantine("small", found.version), tmp_path)
    assert [row[1] for row in wrong] == ["missing group", "not a time", "missing time"]


ROWS = make_rows(rows=100)
REJECTED: dict[str, tuple[list[list[str]], tuple[str, ...]]] = {
    "bad": ([*ROWS[:50], *([*row[:4], "x", row[5]] for row in ROWS[49:])], HEADER),
    "few": (ROWS[:49], HEADER),
    "one class": ([[*row[:5], "No"] for row in ROWS], HEADER),
    "small class": ([[*row[:5], "Yes" if i < 9 else "No"] for i, row in enumerate(ROWS)], HEADER),
    "target": (ROWS, (*HEADER[:5], "left")),
    "column": (ROWS, ("id", "months", *HEADER[2:])),
    "delimiter": ([["/".join(row)] for row in ROWS], ("/".join(HEADER),)),
}


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("bad", "51 of 101 rows break the data contract, more than half; most often: not a number"),
        ("few", "The file has 49 good rows; a model needs at least 50."),
        ("one class", "Class 2 of the 2 in the data contract has 0 good rows"),
        ("small class", "Class 2 of the 2 in the data contract has 9 good rows"),
        ("target", "no target 'churn'"),
        ("column", "no column 'tenure'"),
        ("delimiter", "it has 1 column: is the delimiter a comma"),
    ],
)
def test_rejects_a_file_with_one_reason_and_registers_nothing(case: str, said: str) -> None:
    rows, header = REJECTED[case]
    store, found = validate(rows, header=header)
    assert found.status == "rejected"
    assert said in found.reason
    assert not list(store.list("datasets/"))


def test_rejects_a_file_that_cannot_be_read_when_started_as_a_run() -> None:
    store = open_memory()
    key = land(store, b"a,b\n1,\xff\n", make_contract())
    found = start_run(store, raw_key=key, run_id="r")
    assert (found.status, found.dataset) == ("rejected", "small")
    assert "row 2: not UTF-8" in found.reason


@pytest.mark.parametrize(
    ("raw_key", "said"),
    [
        ("raw/unknown/000000000000-file.csv", "no data contract"),
        ("raw/file.csv", "raw/{dataset}/{file}"),
        ("raw/small/000000000000-absent.csv", "There is no object"),
    ],
)
def test_rejects_a_run_when_its_file_or_contract_is_absent(raw_key: str, said: str) -> None:
    store, _, _ = make_landed()
    found = start_run(store, raw_key=raw_key, run_id="r")
    assert found.status == "rejected"
    assert said in found.reason


def test_rejects_a_run_when_the_contract_is_another_datasets() -> None:
    store, key, contract = make_landed()
    store.put(keys.contract("small"), contract.model_copy(update={"dataset": "other"}).to_json())
    assert "another dataset" in start_run(store, raw_key=key, run_id="r").reason


def test_gives_the_same_version_when_the_same_rows_come_in_another_file() -> None:
    rows = make_rows(rows=60)
    _, first = validate(rows)
    _, spaced = validate([[f" {cell} " for cell in row] for row in rows])
    moved = [[row[5], *row[:5]] for row in rows]
    _, reordered = validate(moved, header=("churn", *HEADER[:5]))
    _, other = validate([[*rows[0][:4], "1.25", rows[0][5]], *rows[1:]])
    assert first.version == spaced.version == reordered.version != other.version


def test_gives_other_versions_when_values_move_between_cells() -> None:
    # Joined without care, ("ab", "c") and ("a", "bc") would look the same.
    columns = (Column(name="a", kind="categorical"), Column(name="b", kind="categorical"))
    contract = Contract(
        dataset="small", task="binary", target="t", classes=("n", "y"), columns=columns
    )
    filler = [["q", "r", "ny"[i % 2]] for i in range(60)]
    header = ("a", "b", "t")
    _, one = validate([['x","y', "z", "n"], *filler], contract, header)
    _, two = validate([["x", 'y","z', "n"], *filler], contract, header)
    assert one.version != two.version


def test_writes_the_summary_after_the_data_and_again_the_same_when_validated_twice() -> None:
    store, key, contract = make_landed()
    first = validate_raw(store, raw_key=key, contract=contract)
    objects = [(info.key, store.get(info.key).body) for info in store.list("datasets/")]
    assert validate_raw(store, raw_key=key, contract=contract) == first
    again = dict(objects)[keys.dataset_summary("small", first.version)]
    assert store.get(keys.dataset_summary("small", first.version)).body == again
    written = {info.key: info.modified_at for info in store.list("datasets/")}
    data, summary = (
        make(contract.dataset, first.version) for make in (keys.dataset_data, keys.dataset_summary)
    )
    assert written[data] <= written[summary]


def test_leaves_no_summary_when_the_bucket_fails_at_the_data() -> None:
    store, key, contract = make_landed()

    class Failing(Bucket):
        def put(self, key: str, body: bytes) -> str:
            if key.endswith("data.parquet"):
                raise OSError("the disk is full")
            return super().put(key, body)

    failing = Failing(store._backend)
    with pytest.raises(OSError, match="disk"):
        validate_raw(failing, raw_key=key, contract=contract)
    assert not list(store.list("datasets/"))


def test_says_nothing_of_a_cell_when_it_breaks_the_contract() -> None:
    rows = [[f"id{i}", "1", "s3cret", "yes", "1", "Yes"] for i in range(60)]
    _, found = validate(rows)
    assert found.status == "rejected"
    assert "s3cret" not in found.reason


@settings(max_examples=25, deadline=None)
@given(st.lists(CELL, min_size=1, max_size=20))
def test_every_row_is_either_kept_or_quarantined(cells: list[str]) -> None:
    extra = [[f"x{i}", cell, cell, cell, "1", "Yes"] for i, cell in enumerate(cells)]
    store, found = validate([*make_rows(rows=60), *extra])
    assert found.rows + found.quarantined == 60 + len(cells)
    assert found.status == "ok"
    assert list(store.list("quarantine/")) or not found.quarantined


def test_classes_of_the_worlds_are_those_of_their_contracts() -> None:
    assert {task: make_contract(task).classes for task in CLASSES} == CLASSES


def test_looks_closely_only_at_cells_that_a_cast_cannot_read() -> None:
    # The same trimming and matching for every cell made validation twenty times as slow.
    contract = make_contract()
    cells = [describe_feature(column, "c0", contract) for column in contract.columns]
    cells.append(describe_target(contract, "c0"))
    for cell in cells:
        assert "trim" not in cell.first + cell.doubt
        assert "regexp" not in cell.first + cell.doubt
        question, _, closely = cell.read.partition(" THEN ")
        assert "trim" not in question
        assert "regexp" not in question
        assert "trim" in closely


@pytest.mark.timeout(120)
def test_reads_a_thousand_columns_in_little_memory() -> None:
    names = [f"c{place}" for place in range(999)]
    columns = tuple(Column(name=name, kind="numeric") for name in names)
    contract = Contract(
        dataset="wide", task="binary", target="y", classes=("no", "yes"), columns=columns
    )
    store, key = open_memory(), keys.raw("wide", "0" * 64, "f.csv")
    rows = [",".join([str(row / 8)] * 999) + (",yes" if row % 2 else ",no") for row in range(100)]
    store.put(key, "\n".join([",".join([*names, "y"]), *rows]).encode())
    with patch("training.data.read.connect", _connect_with_little_memory):
        assert validate_raw(store, raw_key=key, contract=contract).rows == 100


def _connect_with_little_memory(folder: str | Path) -> duckdb.DuckDBPyConnection:
    connection = connect(folder)
    connection.execute("SET memory_limit = '1500MB'")  # what the function's 2,048 MB leave to it
    return connection

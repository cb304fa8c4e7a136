import json
import tempfile
from pathlib import Path

import pytest

from core import keys, parts
from core.store import Bucket, open_memory
from tests.fixtures.own_parts import Parts
from tests.unit.training.worlds import HEADER, land, make_contract, make_rows, to_csv
from training.data import own_clean
from training.data.read import connect
from training.data.start import start_run
from training.data.validate import Validation


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Parts:
    return Parts(tmp_path / "parts", monkeypatch)


def make_messy(rows: int = 120) -> list[list[str]]:
    """Rows whose charges are written as people write them; CHARGE is the fifth column."""
    return [[*row[:4], f"€ {row[4]}", row[5]] for row in make_rows(rows=rows)]


def validate(store: Bucket, body: bytes) -> Validation:
    raw_key = land(store, body, make_contract())
    return start_run(store, raw_key=raw_key, run_id="r")


def read(store: Bucket, key: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(store.get(key).body)
    return found


def test_what_the_learner_cleans_is_what_the_contract_sees(own: Parts) -> None:
    store = open_memory()
    assert validate(store, to_csv(make_messy())).status == "rejected"
    own.good("clean")
    found = validate(store, to_csv(make_messy()))
    assert (found.status, found.rows, found.quarantined) == ("ok", 120, 0)
    summary = read(store, keys.dataset_summary("small", found.version))
    sha256 = parts.hash_parts(["clean"])["clean"]
    assert summary["own_clean"] == {"sha256": sha256, "rows_changed": 120}
    assert read(store, "runs/r/spec.json")["parts"] == {"clean": sha256}


def test_the_same_rows_written_cleanly_are_the_same_dataset_version(own: Parts) -> None:
    clean = validate(open_memory(), to_csv(make_rows(rows=120)))
    own.good("clean")
    assert validate(open_memory(), to_csv(make_messy())).version == clean.version


def test_without_the_part_nothing_is_said_of_it() -> None:
    store = open_memory()
    found = validate(store, to_csv(make_rows(rows=120)))
    assert "own_clean" not in read(store, keys.dataset_summary("small", found.version))
    assert "parts" not in read(store, "runs/r/spec.json")


def test_rows_keep_their_numbers_and_ragged_ones_their_quarantine(own: Parts) -> None:
    own.good("clean")
    rows = make_messy()
    rows[7][1] = "many"
    rows[20] = rows[20][:3]
    lines = to_csv(rows).decode().splitlines(keepends=True)
    lines.insert(4, "\n")
    store = open_memory()
    found = validate(store, "".join(lines).encode())
    assert (found.status, found.rows, found.quarantined) == ("ok", 118, 2)
    place = keys.quarantine("small", found.version)
    assert sorted(read_row_numbers(store.get(place).body)) == [10, 23]


def read_row_numbers(parquet: bytes) -> list[int]:
    with tempfile.TemporaryDirectory() as folder, connect(folder) as connection:
        path = Path(folder) / "rows.parquet"
        path.write_bytes(parquet)
        found = connection.execute("SELECT row_number FROM read_parquet(?)", [str(path)])
        return [row[0] for row in found.fetchall()]


def test_rows_come_in_pieces_and_in_order(own: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    own.good("clean")
    whole = validate(open_memory(), to_csv(make_messy()))
    monkeypatch.setattr(own_clean, "ROWS_AT_ONCE", 7)
    assert validate(open_memory(), to_csv(make_messy())) == whole


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (
            "def clean(row):\n    if row['id'] == 'row-3':\n        row['no']\n    return row",
            "Your part clean broke in row 5 of the file at line 3: KeyError.",
        ),
        (
            "def clean(row): print",
            (
                "Your part clean returned nothing; it must return a dict, the row."
                " It was row 2 of the file."
            ),
        ),
        (
            "def clean(row): return [row]",
            (
                "Your part clean returned a list; it must return a dict, the row."
                " It was row 2 of the file."
            ),
        ),
        (
            "def clean(row): return {'id': row['id']}",
            "Your part clean returned a row without the column 'tenure'. It was row 2 of the file.",
        ),
        (
            "def clean(row): return {**row, 'charge': 3.5}",
            (
                "Your part clean returned a float in the column 'charge'; every cell is a text, "
                "and '' where it is missing. It was row 2 of the file."
            ),
        ),
        (
            "def clean(row): return {**row, 'a': '', 'b': ''}",
            (
                "Your part clean returned 2 columns more than the row has; new features are made "
                "by a candidate. It was row 2 of the file."
            ),
        ),
        (
            "import pandas_of_old\ndef clean(row): return row",
            (
                "Your part clean cannot be loaded at line 1: it imports 'pandas_of_old', which is "
                "not installed where it runs."
            ),
        ),
    ],
)
def test_a_broken_part_is_a_rejection_with_one_sentence(own: Parts, code: str, said: str) -> None:
    own.write("clean", code)
    found = validate(open_memory(), to_csv(make_rows(rows=120)))
    assert (found.status, found.reason) == ("rejected", said)


def test_a_loop_that_never_ends_is_a_rejection_with_one_sentence(own: Parts) -> None:
    own.write("clean", "def clean(row):\n    while True: pass")
    parts.set_deadline(0.3)
    try:
        found = validate(open_memory(), to_csv(make_rows(rows=120)))
    finally:
        parts.set_deadline(None)
    assert found.status == "rejected"
    assert "was stopped after 0 s at line 2: the time of its step was up." in found.reason


def test_an_empty_cell_is_an_empty_text_and_becomes_missing_again(own: Parts) -> None:
    own.write(
        "clean",
        """
        def clean(row):
            assert all(isinstance(text, str) for text in row.values())
            return {**row, "plan": "" if row["plan"] == "pro" else row["plan"]}
        """,
    )
    rows = [[*row[:2], "" if row[2] == "pro" else row[2], *row[3:]] for row in make_rows(rows=120)]
    store = open_memory()
    found = validate(store, to_csv(make_rows(rows=120), header=HEADER))
    assert found.status == "ok"
    own.write("clean", "def clean(row): return row")
    assert validate(open_memory(), to_csv(rows)).version == found.version

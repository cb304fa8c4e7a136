import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import keys
from core.errors import IntegrityError
from core.inputs import encode_records
from core.store import open_memory
from tests.unit.training.worlds import land, make_contract, make_landed, make_rows, to_csv
from training.data.arrays import Rows, load_split, pack_arrays, unpack_arrays
from training.data.runs import RunData, load_data
from training.data.split import is_holdout, split_dataset
from training.data.start import start_run


@given(st.lists(st.text(), max_size=20))
def test_a_row_stays_on_its_side_whatever_the_others_are(identities: list[str]) -> None:
    together = is_holdout(identities)
    assert together.tolist() == [bool(is_holdout([one])[0]) for one in identities]


def test_holds_out_a_fifth_of_many_identities() -> None:
    share = is_holdout([f"customer-{i}" for i in range(20_000)]).mean()
    assert abs(share - 0.2) < 0.01


def test_the_sides_never_change_between_releases() -> None:
    identities = ["a", "b", "c", "d", "e", "row-0", "row-1", "row-2", "row-3", "customer"]
    held_out = [identities[place] for place in np.flatnonzero(is_holdout(identities))]
    assert held_out == ["c", "d", "row-1"]


def _split(rows: list[list[str]]) -> tuple[RunData, set[float], set[float]]:
    contract, store = make_contract(), open_memory()
    found = start_run(store, raw_key=land(store, to_csv(rows), contract), run_id="r")
    data = split_dataset(store, run_id="r", version=found.version)
    split = load_split(store, "r", contract)
    return data, _charges(split.training), _charges(split.holdout)


def _charges(side: Rows) -> set[float]:
    return set(side.inputs.numeric[:, 2].tolist())


def test_no_row_changes_sides_when_the_dataset_grows() -> None:
    rows = make_rows(rows=400)
    small, small_training, small_holdout = _split(rows[:200])
    _, training, holdout = _split(rows)
    assert small_training <= training
    assert small_holdout <= holdout
    assert small.training_rows + small.holdout_rows == 200


def test_reads_rows_as_serving_reads_records() -> None:
    store, key, contract = make_landed()
    found = start_run(store, raw_key=key, run_id="r")
    split_dataset(store, run_id="r", version=found.version)
    split = load_split(store, "r", contract)
    rows = make_rows()
    holdout = is_holdout([row[0] for row in rows])
    for side, chosen in ((split.training, ~holdout), (split.holdout, holdout)):
        records = [
            _as_record(row) for row, is_chosen in zip(rows, chosen, strict=True) if is_chosen
        ]
        inputs, _ = encode_records(contract, records)
        np.testing.assert_array_equal(side.inputs.numeric, inputs.numeric)
        np.testing.assert_array_equal(side.inputs.strings, inputs.strings)
        outcomes = [
            float(row[5] == "Yes") for row, is_chosen in zip(rows, chosen, strict=True) if is_chosen
        ]
        assert side.target.tolist() == outcomes


def _as_record(row: list[str]) -> dict[str, object]:
    return {
        "tenure": float(row[1]) if row[1] else None,
        "plan": row[2] or None,
        "autopay": {"yes": True, "no": False, "NA": None}[row[3]],
        "charge": float(row[4]),
    }


def test_splits_by_content_when_there_is_no_identifier() -> None:
    rows = make_rows(rows=200)
    contract = make_contract().model_copy(update={"identifier": None, "ignored": ("id",)})
    store = open_memory()
    # The same rows twice: both copies must fall on the same side.
    found = start_run(store, raw_key=land(store, to_csv([*rows, *rows]), contract), run_id="r")
    split_dataset(store, run_id="r", version=found.version)
    split = load_split(store, "r", contract)
    assert not _charges(split.training) & _charges(split.holdout)
    assert load_data(store, "r").rows == 400


def test_writes_the_same_bytes_when_it_is_tried_again() -> None:
    store, key, _ = make_landed()
    found = start_run(store, raw_key=key, run_id="r")
    split_dataset(store, run_id="r", version=found.version)
    first = store.get(keys.run("r", "split.npz")).body
    split_dataset(store, run_id="r", version=found.version)
    assert store.get(keys.run("r", "split.npz")).body == first


def test_rejects_a_version_when_it_has_no_summary() -> None:
    store, key, _ = make_landed()
    start_run(store, raw_key=key, run_id="r")
    with pytest.raises(IntegrityError, match="not complete"):
        split_dataset(store, run_id="r", version="0" * 64)


def test_rejects_arrays_that_hold_pickled_objects() -> None:
    with pytest.raises(ValueError, match="Object arrays"):
        pack_arrays(strings=np.array(["a"], dtype=object))


@pytest.mark.parametrize("body", [b"", b"PK not a zip", b"{}"])
def test_rejects_arrays_that_no_step_wrote(body: bytes) -> None:
    with pytest.raises(IntegrityError, match="not what a training step wrote"):
        unpack_arrays(body, key="runs/r/split.npz")

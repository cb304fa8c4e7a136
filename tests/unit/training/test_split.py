from collections import Counter
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import keys
from core.contract import Column, Contract
from core.errors import IntegrityError, InvalidInputError
from core.inputs import encode_records
from core.store import open_memory
from tests.unit.training.worlds import (
    HEADER,
    land,
    make_contract,
    make_landed,
    make_rows,
    to_csv,
)
from training.data.arrays import Rows, Split, load_split, pack_arrays, unpack_arrays
from training.data.runs import RunData, load_data
from training.data.split import find_latest, is_holdout, keep_rare_classes, split_dataset
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


def _split(
    rows: list[list[str]], contract: Contract | None = None
) -> tuple[RunData, set[float], set[float]]:
    contract, store = contract or make_contract(), open_memory()
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


@given(st.randoms(use_true_random=False), st.integers(120, 300), st.booleans(), st.integers(0, 5))
@settings(max_examples=8, deadline=None)
def test_the_holdout_stays_whatever_rows_are_added_and_in_whatever_order(
    random: Random,
    first: int,
    named: bool,  # noqa: FBT001 (drawn by hypothesis)
    seed: int,
) -> None:
    rows = make_rows(rows=300, seed=seed)
    few, many = rows[:first], random.sample(rows, len(rows))
    contract = make_contract()
    if not named:  # a row's identity is then its content
        contract = contract.model_copy(update={"identifier": None, "ignored": ("id",)})
    _, some_training, some_holdout = _split(few, contract)
    _, training, holdout = _split(many, contract)
    assert some_holdout <= holdout
    assert some_training <= training
    assert not training & holdout


@given(st.integers(0, 999), st.integers(120, 280))
@settings(max_examples=8, deadline=None)
def test_of_rows_that_are_alike_none_changes_sides_either(seed: int, first: int) -> None:
    random = Random(seed)
    rows = [
        [
            str(place),
            "12",
            random.choice(("basic", "plus")),
            "yes",
            "20",
            random.choice(("Yes", "No")),
        ]
        for place in range(300)
    ]
    contract = make_contract().model_copy(update={"identifier": None, "ignored": ("id",)})
    _, few = _split_by_content(rows[:first], contract)
    _, many = _split_by_content(random.sample(rows, len(rows)), contract)
    for before, after in ((few.training, many.training), (few.holdout, many.holdout)):
        assert _count(before) <= _count(after)


def _split_by_content(rows: list[list[str]], contract: Contract) -> tuple[RunData, Split]:
    store = open_memory()
    found = start_run(store, raw_key=land(store, to_csv(rows), contract), run_id="r")
    data = split_dataset(store, run_id="r", version=found.version)
    return data, load_split(store, "r", contract)


def _count(side: Rows) -> Counter[tuple[str, float]]:
    return Counter(zip(side.inputs.strings[:, 0].tolist(), side.target.tolist(), strict=True))


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
    # The same rows twice: no copy of a held-out row may be trained on.
    found = start_run(store, raw_key=land(store, to_csv([*rows, *rows]), contract), run_id="r")
    split_dataset(store, run_id="r", version=found.version)
    split = load_split(store, "r", contract)
    assert not _charges(split.training) & _charges(split.holdout)
    assert load_data(store, "r").rows == 400


def test_rows_that_are_alike_by_chance_are_on_both_sides() -> None:
    """Else a side would hold all rows of one outcome, and the other side all of the other."""
    random = Random(3)
    rows = []
    for place in range(2000):
        plan, autopay = random.choice(("basic", "plus")), random.choice(("yes", "no"))
        left = random.random() < (0.7 if plan == "basic" else 0.2)
        rows.append([str(place), "12", plan, autopay, "20", "Yes" if left else "No"])
    contract = make_contract().model_copy(update={"identifier": None, "ignored": ("id",)})
    _, split = _split_by_content(rows, contract)
    shares = [
        {plan: side.target[side.inputs.strings[:, 0] == plan].mean() for plan in ("basic", "plus")}
        for side in (split.training, split.holdout)
    ]
    assert shares[1] == pytest.approx(shares[0], abs=0.1)
    assert 0.15 < len(split.holdout) / 2000 < 0.25


def test_writes_the_same_bytes_when_it_is_tried_again() -> None:
    store, key, _ = make_landed()
    found = start_run(store, raw_key=key, run_id="r")
    split_dataset(store, run_id="r", version=found.version)
    first = store.get(keys.run("r", "split.npz")).body
    split_dataset(store, run_id="r", version=found.version)
    assert store.get(keys.run("r", "split.npz")).body == first


def _split_by(
    rows: list[list[str]], header: tuple[str, ...], **named: object
) -> tuple[RunData, Split]:
    contract, store = make_contract().model_copy(update=named), open_memory()
    found = start_run(store, raw_key=land(store, to_csv(rows, header=header), contract), run_id="r")
    data = split_dataset(store, run_id="r", version=found.version)
    return data, load_split(store, "r", contract)


def test_no_group_is_on_both_sides() -> None:
    rows = [[*row, f"house-{place % 40}"] for place, row in enumerate(make_rows(rows=400))]
    data, split = _split_by(rows, (*HEADER, "house"), group="house")
    assert data.split == "group"
    assert split.training.groups is not None
    assert split.holdout.groups is not None
    assert not set(split.training.groups.tolist()) & set(split.holdout.groups.tolist())
    houses = np.array([row[-1] for row in rows])
    held_out = {house for house in houses.tolist() if is_holdout([house])[0]}
    assert data.holdout_rows == sum(house in held_out for house in houses.tolist())


def test_rejects_a_group_that_all_rows_share() -> None:
    rows = [[*row, "one"] for row in make_rows(rows=100)]
    with pytest.raises(InvalidInputError, match="too few groups in 'house'"):
        _split_by(rows, (*HEADER, "house"), group="house")


def test_the_latest_rows_are_held_out_when_there_is_a_time() -> None:
    rows = make_rows(rows=300)
    moments = np.random.default_rng(2).permutation(300)
    timed = [[*row, str(moment)] for row, moment in zip(rows, moments, strict=True)]
    data, split = _split_by(timed, (*HEADER, "day"), time="day", time_format="number")
    assert (data.split, data.holdout_from, data.holdout_rows) == ("time", 240.0, 60)
    latest = [float(row[4]) for row in sorted(timed, key=lambda row: int(row[-1]))]
    found = [*split.training.inputs.numeric[:, 2], *split.holdout.inputs.numeric[:, 2]]
    np.testing.assert_allclose(found, latest, rtol=1e-6)


def test_rows_of_one_moment_stay_together() -> None:
    holdout, start = find_latest(np.array([1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0]))
    assert (holdout.tolist(), start) == ([False] * 6 + [True] * 4, 2.0)
    holdout, start = find_latest(np.array([5.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0, 6.0]))
    assert (int(holdout.sum()), start) == (1, 6.0)


def test_rejects_times_that_are_all_the_same() -> None:
    with pytest.raises(InvalidInputError, match="same time"):
        find_latest(np.zeros(100))


@given(st.integers(2, 30), st.integers(0, 200))
def test_a_rare_class_is_held_out_too_and_no_row_of_training_ever_is(few: int, more: int) -> None:
    identities = [f"row-{place}" for place in range(few + more)]
    target = np.zeros(few + more)
    before = keep_rare_classes(is_holdout(identities[:few]), identities[:few], target[:few])
    after = keep_rare_classes(is_holdout(identities), identities, target)
    assert before.sum() >= min(2, few // 2)
    assert not (after[:few] & ~before).any() or few < 4


def test_a_near_duplicate_of_a_holdout_row_is_on_neither_side() -> None:
    rows = make_rows(rows=300)
    held_out = next(row for row in rows if is_holdout([row[0]])[0] and row[1])
    twin = next(f"twin-{i}" for i in range(99) if not is_holdout([f"twin-{i}"])[0])
    copy = [twin, *held_out[1:4], f"{float(held_out[4]) * 1.000001:.5f}", held_out[5]]
    before, _ = _split_by(rows, HEADER)
    after, split = _split_by([*rows, copy], HEADER)
    assert after.set_aside_rows == before.set_aside_rows + 1
    assert after.training_rows == before.training_rows == len(split.training)
    assert after.holdout_rows == before.holdout_rows


def test_a_leak_is_reported() -> None:
    rows = [[*row, row[5]] for row in make_rows(rows=300)]
    contract = make_contract()
    leaky = (*contract.columns, Column(name="reason", kind="categorical"))
    data, _ = _split_by(rows, (*HEADER, "reason"), columns=leaky)
    assert [leak.column for leak in data.leaks] == ["reason"]
    assert data.leaks[0].skill > 0.99


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

"""Properties that hold for any table: what is kept is kept again, and can be served as it is."""

import csv
import io
import math
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.contracts import read_contract, write_contract
from cli.datasets import Prepared
from core import keys
from core.contract import Column, Contract, Policies
from core.errors import LoopError
from core.inputs import ContractViolationError, ModelInputs, encode_records
from core.store import Bucket, open_memory
from training.data.infer import infer_contract
from training.data.validate import Validation, validate_raw
from training.data.version import read_version

CATEGORIES = ("a", "NA", "Ünï", "x y")
NUMBERS = st.sampled_from(
    [
        "0",
        "1.5",
        "-1",
        "-0.0",
        "3e2",
        " 7 ",
        "0.123456789",
        "1000.01",
        "1e39",
        "inf",
        "-999",
        "?",
        "",
    ]
) | st.floats(width=64, allow_nan=False, allow_infinity=False).map(repr)
TEXTS = st.sampled_from(
    [*CATEGORIES, " a ", "b", "?", "unknown", "", "-", "two  words\there"]
) | st.text(
    st.characters(codec="utf-8", exclude_characters="\0\r", exclude_categories=["Cs"]), max_size=9
)
TRUTHS = st.sampled_from(["yes", "No", "TRUE", "0", "", "maybe", "unknown"])
ROWS = st.lists(st.tuples(NUMBERS, NUMBERS, TRUTHS, TEXTS, TEXTS, TEXTS), min_size=1, max_size=8)
CONTRACTS = st.builds(
    lambda low, high, nullable, unseen, beyond, missing: Contract(
        dataset="any",
        task="binary",
        target="y",
        classes=("n", "p"),
        columns=(
            Column(name="n", kind="numeric", minimum=low, maximum=high, nullable=nullable),
            Column(name="m", kind="numeric"),
            Column(name="b", kind="boolean"),
            Column(name="t", kind="text", nullable=nullable),
            Column(name="c", kind="categorical", categories=CATEGORIES, nullable=nullable),
            Column(name="f", kind="categorical"),
        ),
        policies=Policies(unseen_category=unseen, out_of_range=beyond),
        missing=missing,
    ),
    st.none() | st.sampled_from([0.0, 0.1, -1e300]),
    st.none() | st.sampled_from([0.123456789, 1000.01, 1e300]),
    st.booleans(),
    st.sampled_from(["reject", "as_missing"]),
    st.sampled_from(["reject", "as_missing", "clip"]),
    st.sampled_from([(), ("-999", "unknown")]),
)
HEADER = ("n", "m", "b", "t", "c", "f", "y")
GOOD = ("0.11", "2", "yes", "some words", "a", "z")


def _validate(body: bytes, contract: Contract) -> tuple[Bucket, Validation]:
    store, key = open_memory(), keys.raw(contract.dataset, "0" * 64, "f")
    store.put(key, body)
    return store, validate_raw(store, raw_key=key, contract=contract)


def _write(rows: list[tuple[str, ...]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(HEADER)
    writer.writerows((*row, "np"[place % 2]) for place, row in enumerate([*rows, *[GOOD] * 60]))
    return text.getvalue().encode()


def _read_rows(body: bytes) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        path = Path(folder) / "data.parquet"
        path.write_bytes(body)
        rows = connection.execute("FROM read_parquet(?)", [str(path)])
        names = [column[0] for column in rows.description or ()]
        return [dict(zip(names, row, strict=True)) for row in rows.fetchall()]


def _same(one: ModelInputs, other: ModelInputs) -> bool:
    return bool(
        np.array_equal(one.numeric, other.numeric, equal_nan=True)
        and np.array_equal(one.strings, other.strings)
    )


def test_the_largest_number_is_kept_again() -> None:
    columns = (Column(name="m", kind="numeric"),)
    contract = Contract(
        dataset="any", task="binary", target="y", classes=("n", "p"), columns=columns
    )
    # float32 rounds the first and the second to its largest number.
    numbers = ("3.402823364973241e38", "-3.4028234663852886e38", "1e38", "7")
    body = "m,y\n" + "".join(f"{number},{label}\n" for number in numbers for label in "np" * 9)
    store, first = _validate(body.encode(), contract)
    assert first.quarantined == 0
    _, again = _validate(store.get(keys.dataset_data("any", first.version)).body, contract)
    assert (again.version, again.rows, again.quarantined) == (first.version, first.rows, 0)


@settings(max_examples=25, deadline=None)
@given(CONTRACTS, ROWS)
def test_what_was_kept_is_kept_again_unchanged_and_can_be_served(
    contract: Contract, rows: list[tuple[str, ...]]
) -> None:
    store, first = _validate(_write(rows), contract)
    assert first.status == "ok"
    data = store.get(keys.dataset_data("any", first.version)).body
    store, again = _validate(data, contract)
    assert (again.version, again.rows, again.quarantined) == (first.version, first.rows, 0)
    summary = store.get(keys.dataset_summary("any", first.version)).body
    assert b'"changed":{}' in summary

    features = [column.name for column in contract.columns]
    records = [{name: row[name] for name in features} for row in _read_rows(data)]
    inputs, warnings = encode_records(contract, records)
    assert _same(inputs, read_version(data, contract, rounded=()).rows.inputs)
    assert not warnings


@settings(max_examples=25, deadline=None)
@given(CONTRACTS, ROWS)
def test_training_and_serving_read_a_row_alike(
    contract: Contract, rows: list[tuple[str, ...]]
) -> None:
    store, found = _validate(_write(rows), contract)
    data = store.get(keys.dataset_data("any", found.version)).body
    trained = read_version(data, contract, rounded=()).rows.inputs
    bad = {0}
    if found.quarantined:
        quarantine = _read_rows(store.get(keys.quarantine("any", found.version)).body)
        bad = {row["row_number"] for row in quarantine}
    kept = [row for place, row in enumerate(rows) if place + 2 not in bad]
    records = [_as_json(row) for row in kept]
    served, _ = encode_records(contract, records)
    assert _same(served, ModelInputs(trained.numeric[: len(kept)], trained.strings[: len(kept)]))


def _as_json(row: tuple[str, ...]) -> Mapping[str, object]:
    """Write a row of a file as a caller would: only what JSON has of its own is translated."""
    number, other, truth, *texts = row
    truths = {"yes": True, "TRUE": True, "No": False, "0": False}
    record: dict[str, object] = {"n": _number(number), "m": _number(other), "b": truths.get(truth)}
    return record | {name: text or None for name, text in zip("tcf", texts, strict=True)}


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


@settings(max_examples=20, deadline=None)
@given(CONTRACTS, ROWS)
def test_a_row_that_training_turned_away_is_told_of_when_it_is_served(
    contract: Contract, rows: list[tuple[str, ...]]
) -> None:
    """Nothing that the contract does not expect is answered without a word."""
    store, found = _validate(_write(rows), contract)
    if not found.quarantined:
        return
    quarantine = _read_rows(store.get(keys.quarantine("any", found.version)).body)
    for bad in quarantine:
        if bad["reason"] not in ("out of range", "unknown category", "missing"):
            continue  # text where JSON has a number or a truth
        record = _as_json(rows[bad["row_number"] - 2])
        try:
            _, warnings = encode_records(contract, [record])
        except ContractViolationError:
            continue
        assert bad["column"] in {warning.field for warning in warnings}


@settings(max_examples=15, deadline=None)
@given(rows=ROWS, nullable=st.booleans())
def test_an_inferred_contract_is_the_same_when_written_for_a_person_and_read(
    *, rows: list[tuple[str, ...]], nullable: bool
) -> None:
    body = _write(rows + ([("", "", "", "", "", "")] if nullable else []))
    try:
        contract = infer_contract(body, filename="any.csv", target="y").contract
    except LoopError:
        return
    assert Contract.from_json(contract.to_json()) == contract
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "any.contract.json"
        write_contract(
            path, Prepared(contract=contract, source={}, filename="any.csv", body=body), force=False
        )
        assert read_contract(path) == contract
    assert infer_contract(body, filename="any.csv", target="y").contract == contract

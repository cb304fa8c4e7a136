"""The quick way and the careful one read records alike."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from core.contract import Column, Contract, Policies
from core.inputs import ContractViolationError, Encoder, InputWarning, ModelInputs

COLUMNS = (
    Column(name="age", kind="numeric", nullable=False, minimum=0, maximum=120),
    Column(name="usage", kind="numeric"),
    Column(name="active", kind="boolean"),
    Column(name="plan", kind="categorical", categories=("basic", "NA", "pro")),
    Column(name="city", kind="categorical"),
    Column(name="note", kind="text"),
)
VALUES: st.SearchStrategy[object] = st.one_of(
    st.sampled_from(
        [None, True, False, 0, 1, 40, 120, 121, -1, -999, 2**24 + 1, 2**53 + 1, 2**64, 10**300,
         10**400, 1.5, -0.0, 1e30, 3.5e38, 1e308, float("nan"), float("inf"), "", " ", "basic",
         " basic", "NA", "n/a", "other", "a\0", "\ud800", "a  b", [], {}]
    ),
    st.floats(allow_nan=False, width=32),
    st.integers(-200, 200),
)  # fmt: skip
USUAL = st.fixed_dictionaries(
    {"age": st.integers(0, 120)},
    optional={
        "usage": st.one_of(st.none(), st.floats(-1e6, 1e6), st.integers(-(2**25), 2**25)),
        "active": st.one_of(st.none(), st.booleans()),
        "plan": st.sampled_from([None, "basic", "pro", "NA", "other"]),
        "city": st.sampled_from([None, "x", "y", " z "]),
        "note": st.sampled_from([None, "some  words"]),
    },
)
ODD = st.dictionaries(
    st.sampled_from([*(column.name for column in COLUMNS), "unknown"]), VALUES, max_size=6
)
CONTRACTS = st.builds(
    lambda policies, missing: Contract(
        dataset="d", task="regression", target="t", columns=COLUMNS, policies=policies,
        missing=missing,
    ),
    st.builds(
        Policies,
        unseen_category=st.sampled_from(["reject", "as_missing"]),
        out_of_range=st.sampled_from(["reject", "as_missing", "clip"]),
    ),
    st.sampled_from([(), ("-999", "other")]),
)  # fmt: skip


def tell(found: tuple[ModelInputs, list[InputWarning]]) -> tuple[object, ...]:
    inputs, warnings = found
    numbers = inputs.numeric
    assert numbers.dtype == np.float32
    return numbers.shape, numbers.tobytes(), inputs.strings.tolist(), warnings


def run(work: object, *arguments: object, **named: object) -> object:
    try:
        return tell(work(*arguments, **named))  # type: ignore[operator]
    except ContractViolationError as error:
        return error.violations


@settings(max_examples=300)
@given(CONTRACTS, st.lists(st.one_of(USUAL, USUAL, USUAL, ODD), min_size=1, max_size=8))
def test_quick_and_careful_way_agree_on_records(
    contract: Contract, records: list[dict[str, object]]
) -> None:
    encoder = Encoder(contract)
    assert run(encoder.encode_records, records) == run(encoder._encode_carefully, records)


@settings(max_examples=150)
@given(CONTRACTS, st.lists(st.one_of(USUAL, USUAL, ODD), min_size=1, max_size=6))
def test_quick_and_careful_way_agree_on_columns(
    contract: Contract, records: list[dict[str, object]]
) -> None:
    encoder = Encoder(contract)
    names = list(dict.fromkeys(name for record in records for name in record))
    columns = {name: [record.get(name) for record in records] for name in names}
    whole = [{name: record.get(name) for name in names} for record in records]
    assert run(encoder.encode_columns, columns, rows=len(records)) == run(
        encoder._encode_carefully, whole
    )

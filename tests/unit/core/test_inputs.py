import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.contract import Column, Policies
from core.inputs import (
    MAX_VIOLATIONS,
    ContractViolationError,
    InputWarning,
    Violation,
    encode_records,
)
from core.values import MAX_WORDS
from tests.fixtures.bundles import CATEGORIES, make_contract

CONTRACT = make_contract()

numbers = (
    st.none()
    | st.floats(allow_nan=False, allow_infinity=False, width=32)
    | st.integers(-(2**24), 2**24)
)
good_records = st.fixed_dictionaries(
    {"age": numbers.filter(lambda value: value is not None)},
    optional={
        "plan": st.none() | st.sampled_from(CATEGORIES) | st.text("xyz", min_size=1),
        "usage": numbers,
        "active": st.none() | st.booleans(),
    },
)
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from([10**400, "\ud800", "", "1.5"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=3,
)


@given(st.lists(good_records, max_size=8))
def test_every_value_arrives_when_records_are_good(records: list[dict[str, Any]]) -> None:
    inputs, _ = encode_records(CONTRACT, records)
    assert len(inputs) == len(records)
    assert inputs.numeric.dtype == np.float32
    assert inputs.numeric.shape == (len(records), 3)
    assert inputs.strings.shape == (len(records), 1)
    for row, record in enumerate(records):
        for place, name in enumerate(("age", "usage", "active")):
            value = record.get(name)
            found = float(inputs.numeric[row, place])
            assert math.isnan(found) if value is None else found == float(value)
        assert inputs.strings[row, 0] == (record.get("plan") or "")


@given(
    st.lists(
        st.dictionaries(st.sampled_from(["age", "plan", "usage", "active", "zzz"]), anything),
        max_size=4,
    )
)
def test_inputs_are_finite_or_rules_are_told_when_records_are_anything(
    records: list[dict[str, Any]],
) -> None:
    try:
        inputs, _ = encode_records(CONTRACT, records)
    except ContractViolationError as error:
        places = {violation.field for violation in error.violations}
    else:
        places = set()
        assert not np.isinf(inputs.numeric).any()
        assert all(isinstance(text, str) for text in inputs.strings.ravel())
        assert "".join(inputs.strings.ravel()).encode("utf-8") is not None
    assert places <= {None, *(column.name for column in CONTRACT.columns)}


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("age", None, "is required"),
        ("age", True, "must be a number"),
        ("age", "1.5", "must be a number"),
        ("age", [1], "must be a number"),
        ("age", {}, "must be a number"),
        ("age", math.nan, "must be a finite number"),
        ("age", -math.inf, "must be a finite number"),
        ("age", 1e39, "must lie between -3.4e38 and 3.4e38"),
        ("age", -(10**400), "must lie between -3.4e38 and 3.4e38"),
        ("active", 1, "must be true or false"),
        ("active", "true", "must be true or false"),
        ("plan", 1, "must be a string"),
        ("plan", "", "must not be an empty string; send null when it is not known"),
        ("plan", "\ud800", "must be valid Unicode text"),
        ("plan", "a\0b", "must not hold a NUL character"),
    ],
)
def test_rejects_bad_value(field: str, value: object, rule: str) -> None:
    good = {"age": 1, "plan": "pro"}
    with pytest.raises(ContractViolationError) as caught:
        encode_records(CONTRACT, [good, {**good, field: value}])
    assert caught.value.violations == (Violation(1, field, rule),)
    assert f"row 1, field '{field}': {rule}" in str(caught.value)


def test_rejects_absent_field_when_it_is_not_nullable() -> None:
    with pytest.raises(ContractViolationError) as caught:
        encode_records(CONTRACT, [{}])
    assert caught.value.violations == (Violation(0, "age", "is required"),)


def test_rejects_unknown_field_without_repeating_it() -> None:
    with pytest.raises(ContractViolationError) as caught:
        encode_records(CONTRACT, [{"age": 1, "USAGEE": 1, "secret-marker": 1, "x" * 10**6: 1}])
    rules = [violation.rule for violation in caught.value.violations]
    plain = "holds a field that is not in the contract"
    assert rules == [f"{plain}; was 'usage' meant?", plain, plain]


def test_meant_field_is_looked_for_a_few_times_only() -> None:
    # Among 1,000 columns each takes a tenth of a second: a hundred would keep a server from others.
    with pytest.raises(ContractViolationError) as caught:
        encode_records(CONTRACT, [{"age": 1, **{f"usage{i}": 1 for i in range(6)}}])
    rules = [violation.rule for violation in caught.value.violations]
    assert [rule.endswith("; was 'usage' meant?") for rule in rules] == [True] * 3 + [False] * 3


def test_violations_are_bounded_when_everything_is_wrong() -> None:
    with pytest.raises(ContractViolationError) as caught:
        encode_records(CONTRACT, [{}] * 1000)
    assert len(caught.value.violations) == MAX_VIOLATIONS


def test_warnings_name_what_the_model_did_not_see() -> None:
    _, warnings = encode_records(
        CONTRACT,
        [
            {"age": 0, "plan": "pro", "usage": 2**24},
            {"age": -1, "plan": "unseen"},
            {"age": 120.5, "usage": 2**24 + 1},
        ],
    )
    assert warnings == [
        InputWarning(1, "age", "is below the contract's minimum of 0"),
        InputWarning(1, "plan", "is a category that the contract does not list"),
        InputWarning(2, "age", "is above the contract's maximum of 120"),
        InputWarning(2, "usage", "is rounded: the model reads about 7 digits"),
    ]


def test_text_comes_as_its_words_when_it_is_free() -> None:
    contract = make_contract(
        columns=[
            Column(name="note", kind="text"),
            Column(name="age", kind="numeric"),
            Column(name="plan", kind="categorical"),
        ]
    )
    records = [{"note": " Hello,\n  world ", "plan": " pro"}, {"note": "word " * 5000}, {}]
    inputs, warnings = encode_records(contract, records)
    assert inputs.strings.tolist() == [
        ["pro", "Hello, world"],
        ["", " ".join(["word"] * MAX_WORDS)],
        ["", ""],
    ]
    assert not warnings
    with pytest.raises(ContractViolationError, match="must be a string"):
        encode_records(contract, [{"note": 1}])


def test_missing_markers_are_missing_when_serving_too() -> None:
    columns = [
        Column(name="age", kind="numeric", nullable=False),
        Column(name="usage", kind="numeric"),
        Column(name="plan", kind="categorical", categories=("NA", "pro")),
        Column(name="city", kind="categorical"),
    ]
    contract = make_contract(columns=columns, missing=("-999", "unknown"))
    record = {"age": 1, "usage": -999, "plan": "NA", "city": " unknown "}
    inputs, warnings = encode_records(contract, [record, {**record, "plan": "?", "city": "NA"}])
    assert np.isnan(inputs.numeric[:, 1]).all()
    assert inputs.strings.tolist() == [["NA", ""], ["", ""]]
    assert not warnings
    with pytest.raises(ContractViolationError) as caught:
        encode_records(contract, [{**record, "age": -999.0}])
    assert caught.value.violations == (Violation(0, "age", "is required"),)


BELOW, UNSEEN = (
    "is below the contract's minimum of 0",
    "is a category that the contract does not list",
)


@pytest.mark.parametrize(
    ("policies", "age", "plan", "rules"),
    [
        (Policies(), -1, "new", [BELOW, UNSEEN]),
        (
            Policies(out_of_range="clip", unseen_category="as_missing"),
            0,
            "",
            [f"{BELOW}; read as that", f"{UNSEEN}; read as missing"],
        ),
        (
            Policies(out_of_range="as_missing"),
            math.nan,
            "new",
            [f"{BELOW}; read as missing", UNSEEN],
        ),
    ],
)
def test_unexpected_values_follow_the_policies_when_serving(
    policies: Policies, age: float, plan: str, rules: list[str]
) -> None:
    columns = [
        Column(name="age", kind="numeric", minimum=0),
        Column(name="plan", kind="categorical", categories=("pro",)),
    ]
    contract = make_contract(columns=columns, policies=policies)
    inputs, warnings = encode_records(contract, [{"age": -1, "plan": "new"}])
    np.testing.assert_array_equal(inputs.numeric, [[age]])
    assert inputs.strings.tolist() == [[plan]]
    assert [warning.rule for warning in warnings] == rules


def test_value_is_left_as_it_is_when_its_column_may_not_be_missing() -> None:
    columns = [Column(name="age", kind="numeric", minimum=0, nullable=False)]
    contract = make_contract(columns=columns, policies=Policies(out_of_range="as_missing"))
    inputs, warnings = encode_records(contract, [{"age": -1}])
    assert inputs.numeric.tolist() == [[-1]]
    assert [warning.rule for warning in warnings] == [BELOW]

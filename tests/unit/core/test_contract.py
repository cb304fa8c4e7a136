import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.contract import Column, Contract, Policies, Task
from core.errors import InvalidInputError
from tests.fixtures.bundles import make_contract

names = st.lists(
    st.text("abcdefgé _-.", min_size=1, max_size=12).map(str.strip).filter(bool),
    min_size=3,
    max_size=12,
    unique=True,
)
POLICIES = st.builds(
    Policies,
    unseen_category=st.sampled_from(["reject", "as_missing"]),
    out_of_range=st.sampled_from(["reject", "as_missing", "clip"]),
)
TASKS: list[tuple[Task, tuple[str, ...]]] = [
    ("binary", ("No", "Yes")),
    ("multiclass", ("a", "b", "c")),
    ("regression", ()),
]


@given(names, st.sampled_from(TASKS), st.data())
def test_contract_is_the_same_when_written_and_read(
    labels: list[str], task: tuple[Task, tuple[str, ...]], data: st.DataObject
) -> None:
    target, identifier, *features = labels
    kinds = st.sampled_from(["numeric", "boolean", "categorical", "text"])
    columns = tuple(
        Column(
            name=name,
            kind=data.draw(kinds),  # type: ignore[arg-type]
            nullable=data.draw(st.booleans()),
            sensitive=data.draw(st.booleans()),
        )
        for name in features
    )
    contract = Contract(
        dataset="d",
        task=task[0],
        classes=task[1],
        target=target,
        identifier=identifier,
        columns=columns,
        policies=data.draw(POLICIES),
        missing=tuple(data.draw(st.lists(st.sampled_from(["-999", "unknown"]), unique=True))),
    )
    again = Contract.from_json(contract.to_json())
    assert again == contract
    assert again.sha256() == contract.sha256()
    model_columns = {*contract.numeric_columns, *contract.string_columns}
    assert model_columns == set(contract.columns)


def test_hash_changes_when_a_field_changes() -> None:
    assert make_contract().sha256() != make_contract(dataset="other").sha256()


def test_columns_are_divided_by_kind_in_order() -> None:
    contract = make_contract()
    assert [c.name for c in contract.numeric_columns] == ["age", "usage", "active"]
    assert [c.name for c in contract.string_columns] == ["plan"]


def test_texts_come_after_categories_when_the_file_has_them_first() -> None:
    columns = [
        Column(name="note", kind="text"),
        Column(name="plan", kind="categorical"),
        Column(name="title", kind="text"),
    ]
    contract = make_contract(columns=columns)
    assert [c.name for c in contract.string_columns] == ["plan", "note", "title"]
    assert [c.name for c in contract.text_columns] == ["note", "title"]


def test_contract_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        make_contract().dataset = "other"  # type: ignore[misc]


NUMERIC = {"name": "secret", "kind": "numeric"}
CATEGORY = {"name": "secret", "kind": "categorical"}

BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"format": 2}, "format", "should be 1"),
    ({"format": None}, "format", ""),
    ({"dataset": "Secret"}, "dataset", "match pattern"),
    ({"dataset": 1}, "dataset", "string"),
    ({"task": "secret"}, "task", "'binary', 'multiclass' or 'regression'"),
    ({"target": ""}, "target", "at least 1 character"),
    ({"target": " secret"}, "target", "no space at either end"),
    ({"target": "sec\nret"}, "target", "printable"),
    ({"target": "x" * 257}, "target", "at most 256"),
    ({"target": "age"}, "the top", "name each column once"),
    ({"identifier": "age"}, "the top", "name each column once"),
    ({"ignored": ["age"]}, "the top", "name each column once"),
    ({"ignored": "secret"}, "ignored", "array"),
    ({"classes": ["secret"]}, "the top", "2 classes"),
    ({"classes": ["secret", "secret"]}, "the top", "named once"),
    ({"classes": [1, 2]}, "classes[0]", "string"),
    ({"task": "multiclass"}, "the top", "3 classes or more"),
    ({"task": "regression"}, "the top", "no classes"),
    ({"columns": []}, "columns", "at least 1 item"),
    ({"missing": [""]}, "missing[0]", "at least 1"),
    ({"missing": "secret"}, "missing", "array"),
    ({"columns": [NUMERIC, NUMERIC]}, "the top", "name each column once"),
    ({"columns": [{"name": "a"}]}, "columns[0].kind", "required"),
    ({"columns": [NUMERIC, {"name": "a", "kind": "date"}]}, "columns[1].kind", "'numeric'"),
    ({"columns": [{**NUMERIC, "nullable": "yes"}]}, "columns[0].nullable", "boolean"),
    ({"columns": [{**NUMERIC, "nullable": 1}]}, "columns[0].nullable", "boolean"),
    ({"columns": [{**NUMERIC, "minimum": "1.5"}]}, "columns[0].minimum", "number"),
    ({"columns": [{**NUMERIC, "minimum": True}]}, "columns[0].minimum", "number"),
    ({"columns": [{**NUMERIC, "minimum": 2, "maximum": 1}]}, "columns[0]", "above maximum"),
    ({"columns": [{**NUMERIC, "categories": ["a"]}]}, "columns[0]", "only a categorical"),
    ({"columns": [{**CATEGORY, "minimum": 1}]}, "columns[0]", "only a numeric"),
    ({"columns": [{**CATEGORY, "categories": []}]}, "columns[0]", "one or more"),
    ({"columns": [{**CATEGORY, "categories": ["secret"] * 2}]}, "columns[0]", "named once"),
    ({"columns": [{**CATEGORY, "categories": [""]}]}, "columns[0].categories[0]", "at least 1"),
    ({"columns": [{**CATEGORY, "sensitive": None}]}, "columns[0].sensitive", "boolean"),
    ({"columns": [{**NUMERIC, "colour": "secret"}]}, "columns[0].colour", "no such field"),
    ({"colour": "secret"}, "colour", "no such field"),
]


@pytest.mark.parametrize(("change", "place", "rule"), BAD)
def test_rejects_bad_field_with_one_line(change: dict[str, Any], place: str, rule: str) -> None:
    body = json.dumps({**json.loads(make_contract().to_json()), **change}).encode()
    with pytest.raises(InvalidInputError) as caught:
        Contract.from_json(body)
    message = str(caught.value)
    assert message.startswith(f"The data contract is wrong at {place}: ")
    assert rule in message
    assert "\n" not in message
    assert "secret" not in message
    assert caught.value.next_step


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"1", b'"x"', b"{}", b"{", b"\xff"])
def test_rejects_body_that_is_no_contract(body: bytes) -> None:
    with pytest.raises(InvalidInputError):
        Contract.from_json(body)

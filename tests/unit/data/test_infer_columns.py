"""A column is guessed to be what it is, and the evidence says why."""

import pytest

from core.contract import Column, Policies
from core.errors import InvalidInputError
from tests.unit.data.guessing import ROWS, column_of, cycle, infer, reason_of, to_bytes
from training.data.infer import infer_contract
from training.data.stated import Stated


@pytest.mark.parametrize("marker", ["", " ", "?", "NA", "N/A", "null", "NULL", "NaN", "-"])
def test_a_column_is_numeric_when_some_cells_are_missing(marker: str) -> None:
    inferred = infer(total=cycle("29.85", marker, " 1889.5 ", "0", "7", "1e2"))
    assert column_of(inferred, "total") == Column(
        name="total", kind="numeric", nullable=True, minimum=0.0
    )
    assert "20 missing" in reason_of(inferred, "total")


@pytest.mark.parametrize(
    ("said", "nullable"),
    [
        (Policies(), set()),
        (Policies(unseen_category="as_missing"), {"plan"}),
        (Policies(out_of_range="as_missing"), {"x"}),
        (Policies(out_of_range="clip"), set()),
    ],
)
def test_a_column_is_nullable_when_a_policy_makes_its_values_missing(
    said: Policies, nullable: set[str]
) -> None:
    table = {
        "x": cycle("1.5", "2.5", "4"),
        "free": cycle("-1.5", "2.5", "4.25"),
        "plan": cycle("pro", "basic"),
        "kept": cycle("a", "b"),
        "y": cycle("no", "no", "yes"),
    }
    stated = Stated(policies=said, columns={"kept": {"nullable": "no"}})
    inferred = infer_contract(to_bytes(table), filename="some.csv", target="y", stated=stated)
    assert {column.name for column in inferred.contract.columns if column.nullable} == nullable


def test_a_column_is_not_nullable_when_nothing_is_missing() -> None:
    assert not column_of(infer(), "x").nullable


@pytest.mark.parametrize(
    "words", [("Yes", "No"), ("true", "FALSE"), ("0", "1"), ("y", "n"), ("t", "f"), (" yes", "no ")]
)
def test_a_column_is_boolean_when_it_holds_words_for_true_and_false(words: tuple[str, str]) -> None:
    assert column_of(infer(flag=cycle(*words)), "flag").kind == "boolean"


def test_a_column_is_categorical_when_a_third_word_stands_beside_yes_and_no() -> None:
    column = column_of(infer(lines=cycle("Yes", "No", "No phone service")), "lines")
    assert column.categories == ("No", "No phone service", "Yes")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("children", "numeric"),
        ("region_code", "categorical"),
        ("ProductType", "categorical"),
        ("prototype", "numeric"),
    ],
)
def test_few_whole_numbers_are_judged_by_the_name_and_the_evidence_says_so(
    name: str, kind: str
) -> None:
    inferred = infer(**{name: cycle("1", "2", "3", "5")})
    assert column_of(inferred, name).kind == kind
    assert "4 different values" in reason_of(inferred, name)
    assert "name" in reason_of(inferred, name)


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("customerID", [f"{row:04d}-QX" for row in range(ROWS)]),
        ("PassengerId", [str(3 * row + 7) for row in range(ROWS)]),
        ("CUSTOMERID", [str(3 * row + 7) for row in range(ROWS)]),
        ("reference", [f"a{row}" for row in range(ROWS)]),
        ("client_id", [str(max(row, 3)) for row in range(ROWS)]),
    ],
)
def test_an_identifier_is_found_by_name_or_by_being_unique(name: str, texts: list[str]) -> None:
    assert infer(**{name: texts}).contract.identifier == name


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("income", [str(1000 + 37 * row) for row in range(ROWS)]),
        ("paid", [str(row % 40) for row in range(ROWS)]),
        ("weight", [f"{row / 7:.3f}" for row in range(ROWS)]),
    ],
)
def test_unique_amounts_are_no_identifiers(name: str, texts: list[str]) -> None:
    inferred = infer(**{name: texts})
    assert inferred.contract.identifier is None
    assert column_of(inferred, name).kind == "numeric"


@pytest.mark.parametrize(
    ("texts", "because"),
    [
        (cycle("same"), "one value only"),
        (cycle("same", ""), "one value only"),
        (cycle("", "?"), "every cell is missing"),
        (cycle("2024-01-31", "2024-02-29 10:30:00", ""), "dates and times"),
        (cycle("31.01.2024", "1/2/24"), "dates and times"),
        ([f"remark {row}" for row in range(ROWS)], "120 different texts in 120 rows"),
        ([f"town{row % 80}" for row in range(ROWS)], "80 different texts"),
        ([str(row) for row in range(ROWS)], "counts the rows"),
        ([str(row % 99) if row % 3 else f"w{row}" for row in range(ROWS)], "mixed"),
    ],
)
def test_what_cannot_be_a_feature_is_ignored_with_the_reason(
    texts: list[str], because: str
) -> None:
    inferred = infer(odd=texts)
    assert inferred.contract.ignored == ("odd",)
    assert because in reason_of(inferred, "odd")


def test_a_few_wrong_cells_do_not_hide_a_number() -> None:
    inferred = infer(bill=[*cycle("10", "20.5", "-3", rows=ROWS - 2), "12 EUR", "oops"])
    assert column_of(inferred, "bill") == Column(name="bill", kind="numeric", nullable=False)
    assert "2 rows" in reason_of(inferred, "bill")
    assert "oops" not in reason_of(inferred, "bill")


def test_sensitive_columns_are_marked_by_their_names() -> None:
    inferred = infer(
        SeniorCitizen=cycle("No", "Yes"), age_band=cycle("a", "b"), message=cycle("c", "d")
    )
    marked = {column.name for column in inferred.contract.columns if column.sensitive}
    assert marked == {"SeniorCitizen", "age_band"}


@pytest.mark.parametrize(
    ("texts", "time_format"),
    [
        (cycle("2024-01-31", "2024-02-29 10:30:00", "2023-12-01T08:00:00Z"), "iso"),
        (cycle("31.01.2024", "1.2.24"), "day_first"),
        (cycle("01/31/2024", "2/1/2024 10:30"), "month_first"),
        (cycle("01/02/2024", "2/1/2024"), "day_first"),
        (cycle("2023", "2024"), "number"),
    ],
)
def test_the_way_a_time_is_written_is_found(texts: list[str], time_format: str) -> None:
    body = to_bytes({"x": cycle("1", "2", "4"), "y": cycle("no", "yes"), "seen": texts})
    contract = infer_contract(
        body, filename="a.csv", target="y", stated=Stated(time="seen")
    ).contract
    assert (contract.time, contract.time_format) == ("seen", time_format)
    assert [column.name for column in contract.columns] == ["x"]


def test_rejects_a_time_that_is_none() -> None:
    body = to_bytes({"x": cycle("1", "2", "4"), "y": cycle("no", "yes"), "seen": cycle("a", "b")})
    with pytest.raises(InvalidInputError, match="at most 0 of its 120 cells"):
        infer_contract(body, filename="a.csv", target="y", stated=Stated(time="seen"))


def test_a_group_is_no_feature_and_no_identifier() -> None:
    names = [f"c{row}" for row in range(ROWS)]
    body = to_bytes({"x": cycle("1", "2", "4"), "y": cycle("no", "yes"), "client_id": names})
    inferred = infer_contract(body, filename="a.csv", target="y", stated=Stated(group="client_id"))
    assert (inferred.contract.group, inferred.contract.identifier) == ("client_id", None)
    assert [column.name for column in inferred.contract.columns] == ["x"]
    assert "120 groups" in reason_of(inferred, "client_id")


def test_codes_with_zeros_before_them_are_categories() -> None:
    inferred = infer(plz=cycle("01067", "80331", "10115"))
    assert column_of(inferred, "plz").categories == ("01067", "10115", "80331")
    assert "zeros before them" in reason_of(inferred, "plz")


def test_thousands_of_levels_are_a_category_that_allows_any() -> None:
    rows = 9000
    body = to_bytes({
        "x": cycle("1", "2", "4", rows=rows), "y": cycle("no", "yes", rows=rows),
        "town": [f"town{row % 3000}" for row in range(rows)],
    })  # fmt: skip
    inferred = infer_contract(body, filename="a.csv", target="y")
    assert column_of(inferred, "town").categories is None
    assert "3000 different texts" in reason_of(inferred, "town")


def test_free_text_is_a_feature_with_its_evidence() -> None:
    inferred = infer(note=[f"the {row} th remark" for row in range(ROWS)])
    assert column_of(inferred, "note") == Column(name="note", kind="text", nullable=False)
    assert reason_of(inferred, "note") == "free text: 120 different texts of 4 words on average"


def test_texts_that_repeat_are_categories_though_they_have_many_words() -> None:
    inferred = infer(job=[f"head of the department {row % 55}" for row in range(ROWS)])
    assert column_of(inferred, "job").kind == "categorical"


@pytest.mark.parametrize("text", ["inf", "1_0", "+-5"])
def test_what_a_person_says_to_be_a_number_shows_how_many_cells_are_none(text: str) -> None:
    body = to_bytes({"x": cycle("1", text), "z": cycle("1", "2"), "y": cycle("a", "b")})
    stated = Stated(columns={"x": {"kind": "numeric"}})
    inferred = infer_contract(body, filename="a.csv", target="y", stated=stated)
    assert "as you said; 60 rows with something else" in reason_of(inferred, "x")

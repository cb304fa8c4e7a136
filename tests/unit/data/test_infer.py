"""A contract is guessed right from the kinds of files that people have, and says why."""

import csv
import hashlib
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import keys
from core.contract import Column, Policies
from core.errors import InvalidInputError, LoopError, NotFoundError
from core.store import open_memory
from training.data.infer import Inferred, infer_contract, name_dataset
from training.data.simulator import contract as declared_contract
from training.data.simulator import simulate, to_csv
from training.data.stated import Stated
from training.data.validate import validate_raw

ROWS = 120


def _csv(columns: Mapping[str, Sequence[str]], *, delimiter: str = ",") -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return text.getvalue().encode()


def _cycle(*texts: str, rows: int = ROWS) -> list[str]:
    return [texts[row % len(texts)] for row in range(rows)]


def _infer(**columns: Sequence[str]) -> Inferred:
    table = {"x": _cycle("1.5", "2.5", "4"), "y": _cycle("no", "no", "yes"), **columns}
    return infer_contract(_csv(table), filename="some.csv", target="y")


def _column(inferred: Inferred, name: str) -> Column:
    return next(column for column in inferred.contract.columns if column.name == name)


def _reason(inferred: Inferred, name: str) -> str:
    return next(each.reason for each in inferred.evidence if each.column == name)


@pytest.mark.parametrize("marker", ["", " ", "?", "NA", "N/A", "null", "NULL", "NaN", "-"])
def test_a_column_is_numeric_when_some_cells_are_missing(marker: str) -> None:
    inferred = _infer(total=_cycle("29.85", marker, " 1889.5 ", "0", "7", "1e2"))
    assert _column(inferred, "total") == Column(
        name="total", kind="numeric", nullable=True, minimum=0.0
    )
    assert "20 missing" in _reason(inferred, "total")


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
        "x": _cycle("1.5", "2.5", "4"),
        "free": _cycle("-1.5", "2.5", "4.25"),
        "plan": _cycle("pro", "basic"),
        "kept": _cycle("a", "b"),
        "y": _cycle("no", "no", "yes"),
    }
    stated = Stated(policies=said, columns={"kept": {"nullable": "no"}})
    inferred = infer_contract(_csv(table), filename="some.csv", target="y", stated=stated)
    assert {column.name for column in inferred.contract.columns if column.nullable} == nullable


def test_a_column_is_not_nullable_when_nothing_is_missing() -> None:
    assert not _column(_infer(), "x").nullable


@pytest.mark.parametrize(
    "words", [("Yes", "No"), ("true", "FALSE"), ("0", "1"), ("y", "n"), ("t", "f"), (" yes", "no ")]
)
def test_a_column_is_boolean_when_it_holds_words_for_true_and_false(words: tuple[str, str]) -> None:
    assert _column(_infer(flag=_cycle(*words)), "flag").kind == "boolean"


def test_a_column_is_categorical_when_a_third_word_stands_beside_yes_and_no() -> None:
    column = _column(_infer(lines=_cycle("Yes", "No", "No phone service")), "lines")
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
    inferred = _infer(**{name: _cycle("1", "2", "3", "5")})
    assert _column(inferred, name).kind == kind
    assert "4 different values" in _reason(inferred, name)
    assert "name" in _reason(inferred, name)


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
    assert _infer(**{name: texts}).contract.identifier == name


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("income", [str(1000 + 37 * row) for row in range(ROWS)]),
        ("paid", [str(row % 40) for row in range(ROWS)]),
        ("weight", [f"{row / 7:.3f}" for row in range(ROWS)]),
    ],
)
def test_unique_amounts_are_no_identifiers(name: str, texts: list[str]) -> None:
    inferred = _infer(**{name: texts})
    assert inferred.contract.identifier is None
    assert _column(inferred, name).kind == "numeric"


@pytest.mark.parametrize(
    ("texts", "because"),
    [
        (_cycle("same"), "one value only"),
        (_cycle("same", ""), "one value only"),
        (_cycle("", "?"), "every cell is missing"),
        (_cycle("2024-01-31", "2024-02-29 10:30:00", ""), "dates and times"),
        (_cycle("31.01.2024", "1/2/24"), "dates and times"),
        ([f"remark {row}" for row in range(ROWS)], "120 different texts in 120 rows"),
        ([f"town{row % 80}" for row in range(ROWS)], "80 different texts"),
        ([str(row) for row in range(ROWS)], "counts the rows"),
        ([str(row % 99) if row % 3 else f"w{row}" for row in range(ROWS)], "mixed"),
    ],
)
def test_what_cannot_be_a_feature_is_ignored_with_the_reason(
    texts: list[str], because: str
) -> None:
    inferred = _infer(odd=texts)
    assert inferred.contract.ignored == ("odd",)
    assert because in _reason(inferred, "odd")


def test_a_few_wrong_cells_do_not_hide_a_number() -> None:
    inferred = _infer(bill=[*_cycle("10", "20.5", "-3", rows=ROWS - 2), "12 EUR", "oops"])
    assert _column(inferred, "bill") == Column(name="bill", kind="numeric", nullable=False)
    assert "2 rows" in _reason(inferred, "bill")
    assert "oops" not in _reason(inferred, "bill")


def test_sensitive_columns_are_marked_by_their_names() -> None:
    inferred = _infer(
        SeniorCitizen=_cycle("No", "Yes"), age_band=_cycle("a", "b"), message=_cycle("c", "d")
    )
    marked = {column.name for column in inferred.contract.columns if column.sensitive}
    assert marked == {"SeniorCitizen", "age_band"}


@pytest.mark.parametrize(
    ("texts", "classes"),
    [
        (_cycle("Yes", "No", "Yes"), ("No", "Yes")),
        (_cycle("0", "1"), ("0", "1")),
        (_cycle("1", "2", "2"), ("2", "1")),
        (_cycle("stayed", "Churned"), ("stayed", "Churned")),
        (_cycle("cat", "cat", "dog"), ("cat", "dog")),
        (_cycle("b", "a"), ("a", "b")),
    ],
)
def test_the_positive_class_is_known_by_its_word_or_is_the_rarer(
    texts: list[str], classes: tuple[str, str]
) -> None:
    contract = _infer(y=texts).contract
    assert (contract.task, contract.classes) == ("binary", classes)


def test_the_person_decides_on_the_positive_class() -> None:
    body = _csv({"x": _cycle("1", "2", "4"), "y": _cycle("no", "yes")})
    inferred = infer_contract(body, filename="a.csv", target="y", stated=Stated(positive="no"))
    assert inferred.contract.classes == ("yes", "no")
    with pytest.raises(InvalidInputError, match="'no' and 'yes'"):
        infer_contract(body, filename="a.csv", target="y", stated=Stated(positive="maybe"))


@pytest.mark.parametrize(
    ("texts", "task", "count"),
    [
        (_cycle(*"0123456789"), "multiclass", 10),
        (_cycle("low", "middle", "high", ""), "multiclass", 3),
        ([str(row) for row in range(ROWS)], "regression", 0),
        (_cycle("0.5", "1.25", "3.5"), "regression", 0),
        ([*_cycle("no", "yes", rows=ROWS - 1), "pending"], "binary", 2),
    ],
)
def test_the_task_follows_from_the_target(texts: list[str], task: str, count: int) -> None:
    contract = _infer(y=texts).contract
    assert (contract.task, len(contract.classes)) == (task, count)


def test_number_classes_are_in_numeric_order() -> None:
    assert _infer(y=_cycle("10", "9", "2")).contract.classes == ("2", "9", "10")


def test_the_person_decides_on_the_task() -> None:
    body = _csv({"x": _cycle("1", "2", "4"), "y": _cycle(*"12345")})
    inferred = infer_contract(body, filename="a.csv", target="y", stated=Stated(task="regression"))
    assert inferred.contract.task == "regression"
    with pytest.raises(InvalidInputError, match="5 classes, so the task cannot be binary"):
        infer_contract(body, filename="a.csv", target="y", stated=Stated(task="binary"))


@pytest.mark.parametrize(
    ("texts", "rule"),
    [
        (_cycle("same"), "one value only"),
        (_cycle("", "?"), "no value"),
        ([f"w{row}" for row in range(ROWS)], "120 different texts"),
        ([*_cycle("no", rows=ROWS - 3), "yes", "yes", "yes"], "1 has at least 10 rows"),
    ],
)
def test_rejects_a_target_that_cannot_be_predicted(texts: list[str], rule: str) -> None:
    with pytest.raises(InvalidInputError, match=rule):
        _infer(y=texts)


def test_rejects_an_unknown_target_and_names_the_columns() -> None:
    body = _csv({"x": _cycle("1", "2"), "y": _cycle("no", "yes")})
    with pytest.raises(InvalidInputError, match="its columns are: x, y") as caught:
        infer_contract(body, filename="a.csv", target="Y")
    assert caught.value.next_step == "Was 'y' meant?"


def test_rejects_a_file_cut_at_the_wrong_place_and_suspects_the_delimiter() -> None:
    body = _csv({"x": _cycle("1", "2"), "y": _cycle("no", "yes")}, delimiter="^")
    with pytest.raises(InvalidInputError, match="no column 'y'") as caught:
        infer_contract(body, filename="a.csv", target="y")
    assert "semicolon" in caught.value.next_step


def test_rejects_a_file_with_nothing_to_learn_from() -> None:
    body = _csv({"x": _cycle("1"), "y": _cycle("no", "yes")})
    with pytest.raises(InvalidInputError, match="no column to learn from"):
        infer_contract(body, filename="a.csv", target="y")


def test_rejects_an_identifier_that_is_the_target() -> None:
    body = _csv({"x": _cycle("1", "2"), "y": _cycle("no", "yes")})
    with pytest.raises(InvalidInputError, match="both target and identifier"):
        infer_contract(body, filename="a.csv", target="y", stated=Stated(identifier="y"))


def test_rejects_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"no file .*none\.csv"):
        infer_contract(tmp_path / "none.csv", filename="none.csv", target="y")
    with pytest.raises(InvalidInputError, match="is a folder"):
        infer_contract(tmp_path, filename="none.csv", target="y")


@pytest.mark.parametrize(
    ("texts", "time_format"),
    [
        (_cycle("2024-01-31", "2024-02-29 10:30:00", "2023-12-01T08:00:00Z"), "iso"),
        (_cycle("31.01.2024", "1.2.24"), "day_first"),
        (_cycle("01/31/2024", "2/1/2024 10:30"), "month_first"),
        (_cycle("01/02/2024", "2/1/2024"), "day_first"),
        (_cycle("2023", "2024"), "number"),
    ],
)
def test_the_way_a_time_is_written_is_found(texts: list[str], time_format: str) -> None:
    body = _csv({"x": _cycle("1", "2", "4"), "y": _cycle("no", "yes"), "seen": texts})
    contract = infer_contract(
        body, filename="a.csv", target="y", stated=Stated(time="seen")
    ).contract
    assert (contract.time, contract.time_format) == ("seen", time_format)
    assert [column.name for column in contract.columns] == ["x"]


def test_rejects_a_time_that_is_none() -> None:
    body = _csv({"x": _cycle("1", "2", "4"), "y": _cycle("no", "yes"), "seen": _cycle("a", "b")})
    with pytest.raises(InvalidInputError, match="at most 0 of its 120 cells"):
        infer_contract(body, filename="a.csv", target="y", stated=Stated(time="seen"))


def test_a_group_is_no_feature_and_no_identifier() -> None:
    names = [f"c{row}" for row in range(ROWS)]
    body = _csv({"x": _cycle("1", "2", "4"), "y": _cycle("no", "yes"), "client_id": names})
    inferred = infer_contract(body, filename="a.csv", target="y", stated=Stated(group="client_id"))
    assert (inferred.contract.group, inferred.contract.identifier) == ("client_id", None)
    assert [column.name for column in inferred.contract.columns] == ["x"]
    assert "120 groups" in _reason(inferred, "client_id")


@pytest.mark.parametrize(
    ("filename", "name"),
    [
        ("telco-churn.csv", "telco-churn"),
        ("Telco Churn (2).csv", "telco-churn-2"),
        ("2024_sales.tar.csv", "sales"),
        ("/some/where/Ünï.csv", "uni"),
        ("123.csv", "data"),
        ("x" * 80 + ".csv", "x" * 48),
    ],
)
def test_a_dataset_is_named_after_its_file(filename: str, name: str) -> None:
    assert name_dataset(filename) == name


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_names_are_kept_as_found_whatever_the_delimiter(delimiter: str) -> None:
    columns = {"tenure(months)": _cycle("1", "2", "34"), 'a "b" (Rs.)': _cycle("1.5", "x", "2")}
    body = b"\xef\xbb\xbf" + _csv({**columns, "y": _cycle("no", "yes")}, delimiter=delimiter)
    contract = infer_contract(body, filename="a.csv", target="y").contract
    assert [column.name for column in contract.columns] == list(columns)


def test_the_simulated_file_is_guessed_nearly_as_it_is_declared() -> None:
    body = to_csv(simulate(3000, seed=0), seed=0, dirty_share=0.0).body
    guess = infer_contract(body, filename="subscriptions.csv", target="churned").contract
    declared = declared_contract()
    assert (guess.dataset, guess.task, guess.classes) == ("subscriptions", "binary", ("no", "yes"))
    assert (guess.identifier, guess.ignored) == ("customer_id", ("observed_on",))
    differing = {
        ours.name
        for ours, theirs in zip(declared.columns, guess.columns, strict=True)
        if (ours.name, ours.kind, sorted(ours.categories or ()))
        != (theirs.name, theirs.kind, sorted(theirs.categories or ()))
    }
    assert differing == set()


_CELLS = st.text(
    st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cs"]), max_size=12
) | st.sampled_from(["", "?", "1", "2.5", "-3", "1e300", "yes", "no", "2024-01-01", "NA"])


@settings(max_examples=60, deadline=None)
@given(
    cells=st.lists(st.tuples(_CELLS, _CELLS), min_size=1, max_size=25),
    names=st.tuples(_CELLS, _CELLS),
)
def test_any_table_gives_a_contract_that_it_passes_or_a_clear_fault(
    cells: list[tuple[str, str]], names: tuple[str, str]
) -> None:
    rows = cells * 10
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow([*names, "target"])
    writer.writerows((*row, "no" if place % 3 else "yes") for place, row in enumerate(rows))
    body = text.getvalue().encode()
    try:
        inferred = infer_contract(body, filename="any.csv", target="target")
    except LoopError:
        return
    contract = inferred.contract
    named = {contract.target, contract.identifier, *contract.ignored} - {None}
    named |= {column.name for column in contract.columns}
    assert named == {each.column for each in inferred.evidence}
    store = open_memory()
    raw_key = keys.raw(contract.dataset, hashlib.sha256(body).hexdigest(), "any.csv")
    store.create(raw_key, body)
    assert validate_raw(store, raw_key=raw_key, contract=contract).reason == "" or len(rows) < 55


def test_codes_with_zeros_before_them_are_categories() -> None:
    inferred = _infer(plz=_cycle("01067", "80331", "10115"))
    assert _column(inferred, "plz").categories == ("01067", "10115", "80331")
    assert "zeros before them" in _reason(inferred, "plz")


def test_thousands_of_levels_are_a_category_that_allows_any() -> None:
    rows = 9000
    body = _csv({
        "x": _cycle("1", "2", "4", rows=rows), "y": _cycle("no", "yes", rows=rows),
        "town": [f"town{row % 3000}" for row in range(rows)],
    })  # fmt: skip
    inferred = infer_contract(body, filename="a.csv", target="y")
    assert _column(inferred, "town").categories is None
    assert "3000 different texts" in _reason(inferred, "town")


@pytest.mark.parametrize("texts", [_cycle("no", "yes", "yes"), _cycle("3", "9.5", "9.5")])
def test_a_column_that_tells_the_target_is_called_a_probable_leak(texts: list[str]) -> None:
    inferred = _infer(y=_cycle("stay", "go", "go"), outcome_known=texts, x=_cycle("1", "2"))
    assert _reason(inferred, "outcome_known").startswith("PROBABLE LEAK: tells 100% of the target")
    assert "LEAK" not in _reason(inferred, "x")


def test_a_number_target_is_checked_for_leaks_too() -> None:
    prices = [row * 7 % 1001 + 0.5 for row in range(2000)]
    columns = {
        "y": [f"{price}" for price in prices],
        "paid": [f"{price * 2}" for price in prices],
        "x": _cycle("1", "2", "4", rows=2000),
    }
    inferred = infer_contract(_csv(columns), filename="a.csv", target="y")
    assert "LEAK" in _reason(inferred, "paid")


@pytest.mark.parametrize(
    "body",
    [
        b"39,State-gov,1\n" + b"50,Private,0\n20,State-gov,1\n31,Private,0\n" * 40,
        b"5.1;3.5;setosa\n" + b"4.9;3.0;setosa\n6.2;2.9;virginica\n" * 40,
        b"1,2\n" + b"3,4\n5,6\n" * 40,
    ],
)
def test_rejects_a_file_that_seems_to_have_no_header(body: bytes) -> None:
    with pytest.raises(InvalidInputError, match="no header") as caught:
        infer_contract(body, filename="a.csv", target="churned")
    assert "--no-header" in caught.value.next_step


def test_a_header_is_believed_when_a_person_says_so() -> None:
    body = b"1,2\n" + b"3,no\n5,yes\n" * 40
    contract = infer_contract(body, filename="a.csv", target="2", stated=Stated(header=True))
    assert contract.contract.columns[0].name == "1"
    bare = infer_contract(body, filename="a.csv", target="column_2", stated=Stated(header=False))
    assert bare.rows == 81
    assert bare.contract.file.header is False


def test_a_file_in_latin_1_is_read_and_the_evidence_says_so() -> None:
    table = {"x": _cycle("1", "2", "4"), "y": _cycle("no", "yes"), "town": _cycle("Köln", "Bern")}
    body = _csv(table).decode().encode("latin-1")
    inferred = infer_contract(body, filename="a.csv", target="y")
    assert _column(inferred, "town").categories == ("Bern", "Köln")
    assert any(line.startswith("latin-1") for line in inferred.file)


def test_free_text_is_a_feature_with_its_evidence() -> None:
    inferred = _infer(note=[f"the {row} th remark" for row in range(ROWS)])
    assert _column(inferred, "note") == Column(name="note", kind="text", nullable=False)
    assert _reason(inferred, "note") == "free text: 120 different texts of 4 words on average"


def test_texts_that_repeat_are_categories_though_they_have_many_words() -> None:
    inferred = _infer(job=[f"head of the department {row % 55}" for row in range(ROWS)])
    assert _column(inferred, "job").kind == "categorical"


@pytest.mark.parametrize("text", ["inf", "1_0", "+-5"])
def test_what_a_person_says_to_be_a_number_shows_how_many_cells_are_none(text: str) -> None:
    body = _csv({"x": _cycle("1", text), "z": _cycle("1", "2"), "y": _cycle("a", "b")})
    stated = Stated(columns={"x": {"kind": "numeric"}})
    inferred = infer_contract(body, filename="a.csv", target="y", stated=stated)
    assert "as you said; 60 rows with something else" in _reason(inferred, "x")

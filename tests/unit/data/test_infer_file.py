"""A file is read right whatever its form, and one that holds nothing to learn from is refused."""

import csv
import hashlib
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import keys
from core.errors import InvalidInputError, LoopError, NotFoundError
from core.store import open_memory
from tests.unit.data.guessing import column_of, cycle, to_bytes
from training.data.infer import infer_contract, name_dataset
from training.data.simulator import contract as declared_contract
from training.data.simulator import simulate, to_csv
from training.data.stated import Stated
from training.data.validate import validate_raw


def test_rejects_a_file_cut_at_the_wrong_place_and_suspects_the_delimiter() -> None:
    body = to_bytes({"x": cycle("1", "2"), "y": cycle("no", "yes")}, delimiter="^")
    with pytest.raises(InvalidInputError, match="no column 'y'") as caught:
        infer_contract(body, filename="a.csv", target="y")
    assert "semicolon" in caught.value.next_step


def test_rejects_a_file_with_nothing_to_learn_from() -> None:
    body = to_bytes({"x": cycle("1"), "y": cycle("no", "yes")})
    with pytest.raises(InvalidInputError, match="no column to learn from"):
        infer_contract(body, filename="a.csv", target="y")


def test_rejects_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"no file .*none\.csv"):
        infer_contract(tmp_path / "none.csv", filename="none.csv", target="y")
    with pytest.raises(InvalidInputError, match="is a folder"):
        infer_contract(tmp_path, filename="none.csv", target="y")


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
    columns = {"tenure(months)": cycle("1", "2", "34"), 'a "b" (Rs.)': cycle("1.5", "x", "2")}
    body = b"\xef\xbb\xbf" + to_bytes({**columns, "y": cycle("no", "yes")}, delimiter=delimiter)
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
    table = {"x": cycle("1", "2", "4"), "y": cycle("no", "yes"), "town": cycle("Köln", "Bern")}
    body = to_bytes(table).decode().encode("latin-1")
    inferred = infer_contract(body, filename="a.csv", target="y")
    assert column_of(inferred, "town").categories == ("Bern", "Köln")
    assert any(line.startswith("latin-1") for line in inferred.file)

"""The answer to a file: the endpoint's own to its rows, each in its place."""

import uuid
from pathlib import Path

import pytest

from core.contract import Column, FileFormat, Policies, Task
from core.errors import InvalidInputError
from lambdas.batch.scoring import NO_ANSWER
from tests.fixtures.bundles import make_contract
from tests.unit.batch.batches import HEADER, RECORDS, Batch, small, write
from tests.unit.inference.service import make_event


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize(
    "policies",
    [
        Policies(),
        Policies(unseen_category="as_missing", out_of_range="as_missing"),
        Policies(out_of_range="clip"),
    ],
)
def test_answers_are_the_endpoints_own_when_rows_are_the_same(
    task: Task, policies: Policies, tmp_path: Path
) -> None:
    batch = Batch(make_contract(task=task, policies=policies), tmp_path)
    report = batch.score(write(RECORDS))
    found, wanted = batch.read(), batch.ask(RECORDS)
    assert (report.rows, report.failures) == (len(RECORDS), 0)
    for row, (ours, theirs) in enumerate(zip(found, wanted, strict=True)):
        assert (ours["row_number"], ours["identifier"]) == (row + 2, f"c{row}")
        assert ours["prediction"] == theirs["prediction"]
        assert ours.get("probability") == theirs["probability"]
        assert ours.get("interval") == theirs["interval"]
        assert ours.get("decision_threshold") == theirs["decision_threshold"]
        assert ours["failure"] is None
        assert sorted(map(str, ours["warnings"])) == sorted(map(str, theirs["warnings"]))
        assert (ours["model"], ours["model_version"]) == ("subscriptions", 1)


def test_numbers_and_markers_are_read_as_training_does_when_declared(tmp_path: Path) -> None:
    contract = make_contract(missing=("unknown", "-999")).model_copy(
        update={"file": FileFormat(delimiter=";", decimal=",", units=("%",))}
    )
    batch = Batch(contract, tmp_path)
    batch.score("customer_id;age;plan;usage;active\na;12,5;unknown;-999;yes\nb; 50% ;pro;1e3;N\n")
    wanted = batch.ask(
        [
            {"age": 12.5, "plan": None, "usage": None, "active": True},
            {"age": 50, "plan": "pro", "usage": 1000, "active": False},
        ]
    )
    assert [row["probability"] for row in batch.read()] == [row["probability"] for row in wanted]


def test_bad_rows_keep_their_place_without_a_prediction(batch: Batch) -> None:
    report = batch.score(
        f"{HEADER}\na,30,basic,1,yes\nb,old,basic,1,yes\n\nc,,pro,1,no\nd,1,2\ne,5,pro,1,maybe\n"
        "f,30,basic,1,yes\n"
    )
    found = batch.read()
    assert [(row["row_number"], row["failure"], row["failure_field"]) for row in found] == [
        (2, None, None),
        (3, "not a number", "age"),
        (5, "missing", "age"),
        (6, "too few fields", None),
        (7, "not a boolean", "active"),
        (8, None, None),
    ]
    assert [row["prediction"] is None for row in found] == [False, True, True, True, True, False]
    assert [row["probability"] is None for row in found] == [False, True, True, True, True, False]
    assert (report.rows, report.failures) == (6, 4)
    assert report.listed[0] == {"row": 3, "field": "age", "reason": "not a number"}


def test_overflow_is_a_failure_when_the_answer_is_not_finite(tmp_path: Path) -> None:
    columns = [Column(name=name, kind="numeric") for name in "xy"]
    batch = Batch(make_contract(task="regression", columns=columns), tmp_path)
    report = batch.score("customer_id,x,y\na,3e38,3e38\nb,3e38,1\n")
    assert report.failures == 1
    assert report.listed == [{"row": 2, "field": None, "reason": NO_ANSWER}]
    too_large, fine = batch.read()
    assert (too_large["failure"], too_large["failure_field"]) == (NO_ANSWER, None)
    assert (too_large["prediction"], too_large["interval"]) == (None, None)
    assert (fine["failure"], fine["prediction"]) == (None, pytest.approx(3e36))


def test_a_number_too_large_for_a_model_is_a_failure_of_its_field(batch: Batch) -> None:
    report = batch.score(f"{HEADER}\na,1,pro,3e38,yes\nb,1,pro,1e39,yes\n")
    assert report.listed == [{"row": 3, "field": "usage", "reason": "out of range"}]


@pytest.mark.parametrize("cell", ["+-5", " +-5", "1_0", "inf", "0x5"])
def test_what_only_a_cast_takes_for_a_number_is_none_here_nor_at_the_endpoint(
    batch: Batch, cell: str
) -> None:
    report = batch.score(f"{HEADER}\na,5,pro,1,yes\nb,5,pro,{cell},yes\n")
    assert report.listed == [{"row": 3, "field": "usage", "reason": "not a number"}]
    body = f"age,plan,usage,active\n5,pro,{cell},yes\n"
    event = make_event("POST", "/invocations", body, headers={"Content-Type": "text/csv"})
    reply = batch.service.send(event)
    assert reply.status == 400
    assert "row 0, column 'usage': must be a number" in reply.text


@pytest.mark.parametrize("size", [150, 900])
def test_pieces_change_nothing_when_records_hold_line_feeds(
    batch: Batch, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    lines = [f'"x\n""{i},é",{i},{"pro" if i % 3 else ""},{i}.5,yes' for i in range(40)]
    text = f"\ufeff{HEADER}\r\n" + "\r\n".join(lines)
    whole = batch.score(text)
    expected = batch.read()
    small(monkeypatch, size)
    cut = batch.score(text)
    assert batch.read() == expected
    assert (cut.rows, cut.failures) == (whole.rows, whole.failures) == (40, 0)
    assert cut.shards > 1
    assert expected[-1]["row_number"] == 41
    assert expected[7]["identifier"] == 'x\n"7,é'


def test_row_numbers_hold_when_quotation_marks_are_unusual(
    batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    small(monkeypatch, 150)
    lines = [f'{i}" pipe,{i},pro,1,yes' for i in range(30)]
    batch.score("\n".join([HEADER, *lines]))
    assert [row["row_number"] for row in batch.read()] == list(range(2, 32))
    assert batch.read()[9]["identifier"] == '9" pipe'


def test_prediction_ids_name_the_rows_when_the_contract_names_no_column(tmp_path: Path) -> None:
    contract = make_contract().model_copy(update={"identifier": None})
    batch = Batch(contract, tmp_path)
    batch.score(write(RECORDS))
    found = batch.read()
    ids = [row["prediction_id"] for row in found]
    assert len(set(ids)) == len(RECORDS)
    assert all(len(name) == 32 for name in ids)
    assert {uuid.UUID(name).version for name in ids} == {8}
    assert [int(name[20:], 16) for name in ids] == [row["row_number"] for row in found]


def test_a_column_that_may_be_missing_is_told_when_the_file_does_not_have_it(batch: Batch) -> None:
    report = batch.score("age,plan\n5,pro\n")
    assert report.absent == ["usage", "active"]
    [wanted] = batch.ask([{"age": 5, "plan": "pro"}])
    assert batch.read()[0]["probability"] == wanted["probability"]


def test_a_file_without_a_header_is_read_by_place(tmp_path: Path) -> None:
    contract = make_contract(
        columns=(Column(name="column_1", kind="numeric"), Column(name="column_2", kind="numeric"))
    ).model_copy(update={"file": FileFormat(header=False), "identifier": None})
    batch = Batch(contract, tmp_path)
    batch.score("1,2\n3,4\n5,6,7\n")
    found = batch.read()
    assert [row["row_number"] for row in found] == [1, 2, 3]
    assert found[2]["failure"] == "too many fields"
    wanted = batch.ask([{"column_1": 1, "column_2": 2}, {"column_1": 3, "column_2": 4}])
    assert [row["probability"] for row in found[:2]] == [row["probability"] for row in wanted]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"age,plan\n", "no rows"),
        (b"plan,usage\npro,1\n", "no column 'age'"),
        (b"age,age\n1,2\n", "same name"),
        (b"age\n\xff\xfe\n", "row 2: not UTF-8"),
        (b"age\n1\x002\n", "row 2: a NUL byte"),
        (b"PK\x03\x04xxxx", "spreadsheet"),
        (b"PAR1xxxx", "cannot be read as one"),
        (b'age,plan\n1,"pro\n2,pro\n', "row 2"),
        (b"\n\nage\n1\n", "blank where the header"),
    ],
)
def test_rejects_what_is_no_table_in_one_sentence(batch: Batch, content: bytes, said: str) -> None:
    with pytest.raises(InvalidInputError, match=said) as caught:
        batch.score(content)
    assert "\n" not in str(caught.value)
    assert not batch.answer.exists()


def test_latin_letters_are_read_when_the_contract_says_so(tmp_path: Path) -> None:
    contract = make_contract().model_copy(update={"file": FileFormat(encoding="latin-1")})
    batch = Batch(contract, tmp_path)
    batch.score(f"{HEADER}\né,1,pro,1,yes\n".encode("latin-1"))
    assert batch.read()[0]["identifier"] == "é"


def test_parts_have_the_same_columns_whatever_is_in_them(
    batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    small(monkeypatch, 60)
    plain = "c,30,basic,1,yes\n" * 4
    warned = "c,30,gold,1,yes\n" * 4
    failed = "c,old,basic,1,yes\n" * 4
    empty = "\n" * 70
    mixed = "c,30,gold,1,yes\nc,,basic,,\n,30,,,\nc,1\n"
    report = batch.score(f"{HEADER}\n{plain}{warned}{failed}{empty}{mixed}{plain}")
    assert report.shards > 5
    assert (report.rows, report.warnings, report.failures) == (20, 5, 6)
    assert [row["warnings"] == [] for row in batch.read()] == (
        [True] * 4 + [False] * 4 + [True] * 4 + [False] + [True] * 3 + [True] * 4
    )


def test_classes_that_differ_by_their_case_only_are_refused(tmp_path: Path) -> None:
    batch = Batch(make_contract().model_copy(update={"classes": ("a", "A")}), tmp_path)
    with pytest.raises(InvalidInputError, match="case only"):
        batch.score(write(RECORDS))


def test_a_row_with_one_long_field_too_many_keeps_its_place(batch: Batch) -> None:
    text = f"{HEADER}\nc1,1,pro,1,yes,{'z' * 200_000}\nc2,2,pro,1,yes\n"
    report = batch.score(text)
    assert (report.rows, report.failures) == (2, 1)
    assert batch.read()[0]["failure"] == "too many fields"


def test_a_file_of_one_long_line_is_refused_in_a_sentence(batch: Batch) -> None:
    with pytest.raises(InvalidInputError, match="has no column 'age'"):
        batch.score("x" * 200_000 + "\n1\n")


def test_a_fault_names_the_row_of_the_file(batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    small(monkeypatch, 200)
    rows = "".join(f"c{i},1,pro,1,yes\n" for i in range(100))
    wrong = f'x,1,pro,"{"y" * 1_100_000}",yes\n'
    with pytest.raises(InvalidInputError, match=r"row 102\b"):
        batch.score(f"{HEADER}\n{rows}{wrong}")

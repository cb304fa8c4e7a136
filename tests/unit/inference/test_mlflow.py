import json
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.contract import Column, Task
from core.events import parse_lines
from tests.fixtures.bundles import make_champion, make_contract, make_record
from tests.unit.inference.service import Reply, Service, make_event

PATH = "/invocations"
MARKER = "private-marker-7391"
SCORE = 1 / (1 + math.exp(-1.515))
NAMES = ["age", "plan", "usage", "active"]
FRAME = pd.DataFrame(
    {
        "age": [40, 30],
        "plan": ["pro", "basic"],
        "usage": [10.5, np.nan],
        "active": [True, False],
    }
)


def send(service: Service, body: str, content_type: str = "text/csv") -> Reply:
    return service.send(make_event("POST", PATH, body, headers={"Content-Type": content_type}))


def predict(service: Service, content: object) -> list[str]:
    reply = service.post(PATH, content)
    assert reply.status == 200, reply.text
    predictions: list[str] = reply.json["predictions"]
    return predictions


def assert_error(reply: Reply, rule: str, status: int = 400) -> None:
    assert reply.status == status, reply.text
    assert set(reply.json) == {"error_code", "message"}
    assert rule in reply.json["message"]
    assert MARKER not in reply.text


@pytest.mark.parametrize("path", ["/ping", "/health"])
def test_health_is_told(service: Service, path: str) -> None:
    assert service.get(path).status == 200


def test_version_is_plain_text(service: Service) -> None:
    reply = service.get("/version")
    assert (reply.status, reply.text.count(".")) == (200, 2)


def test_ping_answers_503_before_the_first_model() -> None:
    reply = Service().get("/ping")
    assert_error(reply, "promoted", 503)
    assert int(reply.headers["retry-after"]) > 0


SPLIT = json.loads(FRAME.to_json(orient="split"))
RECORDS = json.loads(FRAME.to_json(orient="records"))
ROWS = SPLIT["data"]


@pytest.mark.parametrize(
    "content",
    [
        {"dataframe_split": SPLIT},
        {"dataframe_split": {"columns": NAMES[::-1], "data": [row[::-1] for row in ROWS]}},
        {"dataframe_records": RECORDS},
        {"dataframe_records": [RECORDS[0], {"age": 30, "plan": "basic", "active": False}]},
        {"instances": RECORDS},
        {"instances": ROWS},
        {"inputs": {name: [row[place] for row in ROWS] for place, name in enumerate(NAMES)}},
        {"inputs": {name: [[row[place]] for row in ROWS] for place, name in enumerate(NAMES)}},
        {"inputs": ROWS},
        {"inputs": RECORDS},
        {"instances": {name: [row[place] for row in ROWS] for place, name in enumerate(NAMES)}},
        {"dataframe_split": SPLIT, "params": {"anything": 1}},
        {"dataframe_split": {**SPLIT, "index": [0, 1]}},
        # As pandas reads a file whose booleans are 0 and 1, or words.
        {"dataframe_records": [{**RECORDS[0], "active": 1}, {**RECORDS[1], "active": "no"}]},
    ],
)
def test_every_table_is_answered_alike(service: Service, content: dict[str, Any]) -> None:
    assert predict(service, content) == ["Yes", "No"]
    [info] = service.store.list("captured/")
    captures, _ = parse_lines(service.store.get(info.key).body)
    assert captures[0].features == make_record()
    assert captures[0].probabilities == pytest.approx({"No": 1 - SCORE, "Yes": SCORE}, abs=1e-6)


def test_answer_names_what_feedback_needs(service: Service) -> None:
    reply = service.post(PATH, {"dataframe_records": [make_record()]})
    assert (reply.json["model"], reply.json["model_version"]) == ("subscriptions", 1)
    [prediction_id] = reply.json["prediction_ids"]
    body = {"feedback": [{"prediction_id": prediction_id, "outcome": "Yes"}]}
    assert service.post("/v1/feedback", body).json == {"accepted": 1, "duplicates": 0}


@pytest.mark.parametrize("content_type", ["text/csv", "text/csv; charset=UTF-8"])
@pytest.mark.parametrize("index", [True, False])
def test_csv_of_pandas_is_answered(service: Service, content_type: str, *, index: bool) -> None:
    reply = send(service, FRAME.to_csv(index=index), content_type)
    assert reply.json["predictions"] == ["Yes", "No"]


def test_one_row_may_come_as_an_object_of_values(service: Service) -> None:
    assert predict(service, {"inputs": RECORDS[0]}) == ["Yes"]


def test_missing_number_is_taken_as_mlflows_own_client_writes_it(service: Service) -> None:
    body = '{"dataframe_split": {"columns": ["age", "usage"], "data": [[40, NaN]]}}'
    reply = send(service, body, "application/json")
    assert (reply.status, len(reply.json["predictions"])) == (200, 1)
    body = body.replace("NaN", "Infinity")
    assert_error(send(service, body, "application/json"), "NaN or Infinity")


def test_csv_is_read_as_the_file_that_a_model_was_trained_on(service: Service) -> None:
    reply = send(service, "age,plan,usage,active\n40,pro,NA,yes\n40,pro,?,F\n40,pro,,-\n")
    wanted = [
        {"age": 40, "plan": "pro", "usage": None, "active": flag} for flag in (True, False, None)
    ]
    assert reply.status == 200, reply.text
    [info] = service.store.list("captured/")
    captures, _ = parse_lines(service.store.get(info.key).body)
    assert [capture.features for capture in captures] == wanted


def test_warnings_are_told_by_row(service: Service) -> None:
    records = [make_record(), {**make_record(), "plan": "gold"}]
    reply = service.post(PATH, {"dataframe_records": records})
    [found] = reply.json["warnings"]
    assert (found["row"], found["field"]) == (1, "plan")
    assert "warnings" not in service.post(PATH, {"dataframe_records": records[:1]}).json


def test_columns_that_no_model_reads_may_come_along(service: Service) -> None:
    frame = FRAME.assign(outcome="Yes", customer_id="c1")
    assert send(service, frame.to_csv(index=False)).status == 200
    split = json.loads(frame.to_json(orient="split"))
    assert predict(service, {"dataframe_split": split}) == ["Yes", "No"]


def test_regression_answers_numbers() -> None:
    service = Service()
    make_champion(service.store, make_contract(task="regression"))
    reply = service.post(PATH, {"dataframe_records": [make_record()]})
    assert reply.json["predictions"] == [pytest.approx(1.515)]


@pytest.mark.parametrize(
    ("task", "output", "width"),
    [("multiclass", "probabilities", 3), ("regression", "prediction", 1)],
)
def test_tensors_of_the_graph_are_answered_with_its_output(
    task: Task, output: str, width: int
) -> None:
    service = Service()
    make_champion(service.store, make_contract(task=task))
    tensors = {"numeric": [[40, 10.5, 1], [1, None, 0]], "strings": [["pro"], [""]]}
    reply = service.post(PATH, {"inputs": tensors})
    assert reply.status == 200, reply.text
    assert np.array(reply.json["predictions"][output]).shape == (2, width)


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-parquet",
        "application/json; charset=latin-1",
        "text/csv; header=present",
        f"{MARKER}/x",
    ],
)
def test_rejects_content_type_as_mlflow_does(service: Service, content_type: str) -> None:
    reply = send(service, "age\n40\n", content_type)
    assert reply.status == 415
    assert reply.headers["content-type"].startswith("text/plain")
    assert MARKER not in reply.text


@pytest.mark.parametrize(
    "content",
    [
        [],
        None,
        MARKER,
        {},
        {MARKER: []},
        {"dataframe_split": SPLIT, "instances": RECORDS},
        {"columns": NAMES, "data": ROWS},
    ],
)
def test_rejects_body_without_exactly_one_table(service: Service, content: object) -> None:
    assert_error(service.post(PATH, content), "exactly one of the fields dataframe_split")


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ({"dataframe_split": RECORDS}, "columns and data"),
        ({"dataframe_split": {"columns": NAMES}}, "columns and data"),
        ({"dataframe_split": {**SPLIT, MARKER: 1}}, "columns and data"),
        ({"dataframe_records": [{"age": 1, "active": 2}]}, "true or false"),
        ({"dataframe_records": [{"age": 1, "active": [1]}]}, "true or false"),
        ({"dataframe_split": {**SPLIT, "columns": ["age", "age"]}}, "each named once"),
        ({"dataframe_split": {**SPLIT, "columns": [1, 2]}}, "list of names"),
        ({"dataframe_split": {**SPLIT, "columns": []}}, "one or more"),
        ({"dataframe_split": {**SPLIT, "data": MARKER}}, "must be a list"),
        ({"dataframe_split": {**SPLIT, "data": []}}, "1 to 1000 rows"),
        ({"dataframe_split": {**SPLIT, "data": [ROWS[0], [MARKER]]}}, "row 1 of data"),
        ({"dataframe_split": {**SPLIT, "data": [MARKER]}}, "row 0 of data"),
        ({"dataframe_records": {}}, "must be a list"),
        ({"dataframe_records": [MARKER]}, "objects only"),
        ({"dataframe_records": [{}] * 1001}, "1 to 1000 rows"),
        ({"dataframe_records": [{}]}, "row 0, column 'age': is required"),
        ({"dataframe_records": [{"age": "1.5"}]}, "must be a number"),
        ({"dataframe_records": [{"age": True}]}, "must be a number"),
        ({"dataframe_records": [{"age": [MARKER]}]}, "must be a number"),
        ({"dataframe_records": [{"age": 1, MARKER: 2}]}, "not in the contract"),
        # A column for each name, as long as the table, would take gigabytes.
        ({"dataframe_records": [{f"{MARKER}{i}": 1} for i in range(200)]}, "too many fields"),
        ({"instances": [{f"{MARKER}{i}": 1} for i in range(200)]}, "too many fields"),
        ({"instances": []}, "1 to 1000 rows"),
        ({"instances": [1, 2]}, "objects only"),
        ({"instances": [[1, 2]]}, "list of 4 values"),
        ({"instances": [[1, "pro", None, None], {}]}, "list of 4 values"),
        ({"inputs": {}}, "one and the same length"),
        ({"inputs": {"age": [1], "plan": []}}, "one and the same length"),
        ({"inputs": {"age": [1], "usage": 1}}, "lists of values"),
        ({"inputs": {"age": [[1, 2]]}}, "must be a number"),
        ({"inputs": MARKER}, "must be a list"),
        ({"inputs": {"numeric": [[1, 2]]}}, "3 columns"),
        ({"inputs": {"numeric": [[1, 2, 3]], "strings": [["pro"]]}}, "0 or 1 for 'active'"),
        ({"inputs": {"numeric": [[1, 2, 1], [1]]}}, "nested data"),
        ({"inputs": {"numeric": [[1, 2, 1]], "strings": [["a"], ["b"]]}}, "number of rows"),
        ({"inputs": ROWS, "params": []}, "params must be an object"),
        ({"dataframe_records": [{"age": 3e38, "usage": 3e38}]}, "no finite answer"),
    ],
)
def test_rejects_table_by_rule(service: Service, content: object, rule: str) -> None:
    assert_error(service.post(PATH, content), rule)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "a header and 1 row"),
        ("age,plan\n", "1 to 1000 rows"),
        ("age,age\n1,2\n", "each named once"),
        ("age,plan\n1\n", "row 0 of the CSV"),
        ("age,plan\n1,pro,x\n", "row 0 of the CSV"),
        (f"age,plan\n{MARKER},pro\n", "column 'age': must be a number"),
        ("age,plan\ninf,pro\n", "must be a number"),
        # A pattern that looks at it once for each digit would take minutes.
        ("age,plan\n" + "1" * 130_000 + "x,pro\n", "must be a number"),
        ("age,plan\n1e4000,pro\n", "must be a finite number"),
        ("age,plan\n,pro\n", "is required"),
        ("age,active\n1,maybe\n", "true or false"),
        (f"age,{MARKER}\n1,2\n", "not in the contract"),
        ("age\n" + "1\n" * 1001, "1 to 1000 rows"),
        ('age,plan\n1,"' + "x" * 200_000 + '"\n', "cannot be read"),
    ],
)
def test_rejects_csv_by_rule(service: Service, text: str, rule: str) -> None:
    assert_error(send(service, text), rule)


@pytest.mark.parametrize("body", ["", "{", '{"instances": [NaN]}', '{"inputs": 1, "inputs": 2}'])
def test_rejects_what_is_not_strict_json(service: Service, body: str) -> None:
    assert_error(send(service, body, "application/json"), "")


def test_rejects_body_that_is_too_large(service: Service) -> None:
    assert_error(send(service, " " * (1024 * 1024 + 1)), "at most", 413)


def test_category_that_looks_like_a_number_stays_text() -> None:
    service = Service()
    columns = [Column(name="plan", kind="categorical"), Column(name="age", kind="numeric")]
    make_champion(service.store, make_contract(columns=columns))
    assert send(service, "plan,age\n007,nan\n").status == 200
    [info] = service.store.list("captured/")
    [capture], _ = parse_lines(service.store.get(info.key).body)
    assert capture.features == {"plan": "007", "age": None}


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["columns", "data", "age", "plan", "numeric", "strings"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
tables = ["dataframe_split", "dataframe_records", "instances", "inputs", "params"]


@given(anything | st.dictionaries(st.sampled_from(tables), anything, max_size=2))
def test_no_body_makes_a_fault(content: object) -> None:
    assert SHARED.post(PATH, content).status in {200, 400}


@given(st.text(alphabet='ageplan,0123456789."\r\n\t\0é', max_size=60))
def test_no_csv_makes_a_fault(text: str) -> None:
    assert send(SHARED, text).status in {200, 400}
    assert send(SHARED, "age,plan\n" + text).status in {200, 400}


SHARED = Service(share=0.0, refresh_s=3600.0)
make_champion(SHARED.store, make_contract())

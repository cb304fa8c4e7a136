"""The graph for many rows at a time, which bundles of trees hold beside the endpoint's."""

from pathlib import Path

import pytest

from core.bundle import BATCH_GRAPH, Bundle, load_batch_bundle, load_bundle, load_files
from core.errors import IntegrityError, InvalidInputError
from core.store import Bucket, open_memory
from lambdas.batch.program import load_folder
from lambdas.batch.run import score_file
from lambdas.batch.scoring import make_scorer
from lambdas.inference.predictor import Predictor
from tests.unit.training.worlds import land, make_contract, make_crossed_rows, to_csv
from training.data import runs
from training.run import run_training


@pytest.fixture(scope="module")
def trained() -> tuple[Bucket, str]:
    """Boosting in a bucket, and the id of its bundle."""
    store = open_memory()
    key = land(store, to_csv(make_crossed_rows()), make_contract())
    run_training(store, raw_key=key, run_id="r", budget="tiny")
    return store, runs.load_evaluation(store, "r").bundle_id


def score(bundle: Bundle, folder: Path) -> bytes:
    rows = make_crossed_rows(rows=3000)
    for row in rows[::7]:
        row[2] = "never seen"
    for row in rows[::11]:
        row[1] = ""
    for row in rows[::13]:
        row[2] = f" {row[2]} "
    rows[5][2] = "NA"
    file, answer = folder / "rows.csv", folder / "answer.parquet"
    file.write_bytes(to_csv(rows))
    assert score_file(bundle, file, answer, version=1, threads=1).rows == len(rows)
    return answer.read_bytes()


def test_the_graph_for_many_rows_answers_a_file_with_the_same_bytes(
    trained: tuple[Bucket, str], tmp_path: Path
) -> None:
    served, batch = (load(*trained) for load in (load_bundle, load_batch_bundle))
    assert [make_scorer(each, 1).predictor.takes_codes for each in (served, batch)] == [False, True]
    assert score(served, tmp_path) == score(batch, tmp_path)


def test_the_endpoint_refuses_a_graph_that_takes_places_in_place_of_texts(
    trained: tuple[Bucket, str],
) -> None:
    with pytest.raises(IntegrityError, match="inputs are not the ones"):
        Predictor(load_batch_bundle(*trained))


def test_a_folder_is_scored_with_the_graph_for_many_rows(
    trained: tuple[Bucket, str], tmp_path: Path
) -> None:
    for name, body in load_files(*trained).items():
        (tmp_path / name).write_bytes(body)
    assert load_folder(tmp_path) == load_batch_bundle(*trained)
    (tmp_path / BATCH_GRAPH).unlink()
    with pytest.raises(InvalidInputError, match=r"batch\.onnx is not there"):
        load_folder(tmp_path)

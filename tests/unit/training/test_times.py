import pytest

from core import keys
from core.errors import InvalidInputError, UnavailableError
from core.store import Bucket, open_memory
from tests.unit.training.worlds import make_landed
from training.data import runs
from training.data.times import StepTime, timed
from training.run import run_training


class Down(Bucket):
    """A bucket that takes nothing any more."""

    def put(self, key: str, body: bytes) -> str:
        raise UnavailableError(f"{key} cannot be written: {len(body)} bytes.")


def load(store: Bucket, step: str) -> StepTime:
    return runs.load(store, keys.run_time("r", step), StepTime)


@timed("step")
def work(_store: Bucket, *, run_id: str, fails: bool = False) -> str:
    if fails:
        raise InvalidInputError("This cannot be done.")
    return f"{run_id} done"


def test_a_step_says_when_it_ran_and_for_how_long() -> None:
    store = open_memory()
    assert work(store, run_id="r") == "r done"
    found = load(store, "step")
    assert (found.step, found.outcome) == ("step", "done")
    assert 0 <= found.seconds < 5
    assert found.started_at.tzinfo is not None
    assert 10 < found.peak_memory_mib < 100_000


def test_a_step_that_fails_says_so_and_fails() -> None:
    store = open_memory()
    with pytest.raises(InvalidInputError, match="cannot be done"):
        work(store, run_id="r", fails=True)
    assert load(store, "step").outcome == "failed"


def test_what_failed_is_told_when_the_bucket_is_down_as_well() -> None:
    store = Down(open_memory()._backend)
    with pytest.raises(InvalidInputError, match="cannot be done"):
        work(store, run_id="r", fails=True)
    with pytest.raises(UnavailableError):
        work(store, run_id="r")


def test_every_step_of_a_run_is_timed() -> None:
    store, key, _ = make_landed()
    run_training(store, raw_key=key, run_id="r")
    found = {info.key.rpartition("/")[2] for info in store.list("runs/r/times/")}
    candidates = {f"candidate-{name}" for name in runs.load_spec(store, "r").candidates}
    steps = {"validate", "split", *candidates, "evaluate", "gate", "register", "promote"}
    assert found == {f"{step}.json" for step in steps}


def test_a_run_keeps_what_was_asked_for_when_it_is_rejected_at_once() -> None:
    store = open_memory()
    store.put("raw/unknown/000000000000-file.csv", b"a,b\n1,2\n")
    result = run_training(store, raw_key="raw/unknown/000000000000-file.csv", run_id="r", seed=4)
    assert result.outcome == "rejected"
    asked = runs.load(store, keys.run("r", "request.json"), runs.RunRequest)
    assert (asked.raw_key, asked.seed, asked.budget) == (
        "raw/unknown/000000000000-file.csv", 4, "tiny",
    )  # fmt: skip

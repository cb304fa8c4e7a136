import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.bundle import Parity, load_manifest
from core.errors import IntegrityError
from core.store import Bucket
from tests.unit.training.worlds import make_landed
from training.data import runs
from training.judge.provenance import describe_provenance, round_number, round_parity
from training.run import run_training


@pytest.fixture(scope="module")
def trained() -> tuple[Bucket, runs.RunSpec, runs.RunData, runs.CandidateResult]:
    store, key, _ = make_landed()
    run_training(store, raw_key=key, run_id="r", seed=3)
    spec, data = runs.load_spec(store, "r"), runs.load_data(store, "r")
    picked = runs.load(store, "runs/r/candidates/linear/result.json", runs.CandidateResult)
    return store, spec, data, picked


Trained = tuple[Bucket, runs.RunSpec, runs.RunData, runs.CandidateResult]


def test_the_runs_name_and_the_files_place_are_no_part_of_it(trained: Trained) -> None:
    _, spec, data, picked = trained
    other = spec.model_copy(update={"run_id": "another", "raw_key": "raw/small/elsewhere.csv"})
    assert describe_provenance(spec, data, picked) == describe_provenance(other, data, picked)
    reseeded = spec.model_copy(update={"seed": 4})
    assert reseeded.sha256 != spec.sha256 == other.sha256


def test_a_deployment_between_two_steps_is_seen(trained: Trained) -> None:
    _, spec, data, picked = trained
    whole = describe_provenance(spec, data, picked)
    assert data.environment is not None
    changed = data.environment.model_copy(update={"code_sha256": "0" * 64, "machine": "arm64"})
    mixed = describe_provenance(spec, data.model_copy(update={"environment": changed}), picked)
    assert mixed.code_sha256 not in (whole.code_sha256, "0" * 64)
    assert mixed.machine == f"arm64, {whole.machine}"
    assert mixed.environment_sha256 != whole.environment_sha256


def test_rejects_a_step_that_does_not_say_what_it_was_made_with(trained: Trained) -> None:
    _, spec, data, picked = trained
    with pytest.raises(IntegrityError, match="does not say what it was made with"):
        describe_provenance(spec, data.model_copy(update={"environment": None}), picked)
    with pytest.raises(IntegrityError, match="does not say what it was made with"):
        describe_provenance(spec, data, picked.model_copy(update={"environment": None}))


def test_two_runs_of_the_same_spec_are_one_bundle(trained: Trained) -> None:
    store, spec, _, _ = trained
    run_training(store, raw_key=spec.raw_key, run_id="another", seed=3)
    first, second = (runs.load_evaluation(store, name).bundle_id for name in ("r", "another"))
    assert first == second
    assert "run_id" not in load_manifest(store, first).provenance.model_dump()


@given(st.floats(min_value=0, max_value=1e30))
def test_a_rounded_parity_is_a_bound_of_one_digit(difference: float) -> None:
    parity = Parity(rows=1, max_abs_difference=difference, classes_identical=True, tolerance=1e-5)
    bound = round_parity(parity).max_abs_difference
    assert difference <= bound <= 2 * difference or bound == difference
    assert round_parity(parity.model_copy(update={"max_abs_difference": bound})) is not None


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_rounded_number_keeps_six_digits_and_stays_when_rounded_again(value: float) -> None:
    once = round_number(value)
    assert round_number(once) == once
    assert abs(once - value) <= 1e-5 * abs(value)

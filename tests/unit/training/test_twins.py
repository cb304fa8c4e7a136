import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.inputs import ModelInputs
from training.data.twins import find_twins


def make_inputs(rows: int = 400) -> ModelInputs:
    random = np.random.default_rng(0)
    numbers = random.normal(100, 30, (rows, 4)).astype(np.float32)
    texts = np.array(["a", "b", "c"], dtype=object)[random.integers(0, 3, (rows, 2))]
    return ModelInputs(numbers, texts)


def hold(rows: int, *places: int) -> np.ndarray:
    return np.isin(np.arange(rows), places)


def test_finds_a_training_row_that_repeats_a_holdout_row_but_for_digits_and_spelling() -> None:
    inputs = make_inputs()
    inputs.numeric[7] = inputs.numeric[3] * np.float32(1.00001)
    inputs.numeric[3, 0] = inputs.numeric[7, 0] = np.nan
    inputs.strings[3] = ["Main  Street", "b"]
    inputs.strings[7] = ["main street", "b"]
    alike, duplicate = find_twins(inputs, hold(400, 3))
    assert np.flatnonzero(alike).tolist() == np.flatnonzero(duplicate).tolist() == [7]


def test_twins_on_the_same_side_do_no_harm() -> None:
    inputs = make_inputs()
    inputs.numeric[7], inputs.strings[7] = inputs.numeric[3], inputs.strings[3]
    assert not find_twins(inputs, hold(400, 1, 2))[0].any()
    assert not find_twins(inputs, hold(400, 3, 7))[0].any()


def test_rows_that_agree_by_chance_are_counted_and_kept() -> None:
    inputs = make_inputs()
    few = ModelInputs(np.empty((400, 0), np.float32), inputs.strings)
    alike, duplicate = find_twins(few, hold(400, *range(80)))
    assert alike.sum() == 320
    assert not duplicate.any()


@given(st.integers(0, 399), st.sampled_from([np.inf, 0.0, -0.0, 3e38, 1e-45, -7.0]))
def test_every_number_is_its_own_twin(place: int, number: float) -> None:
    inputs = make_inputs()
    inputs.numeric[place, 0] = inputs.numeric[(place + 1) % 400, 0] = number
    inputs.numeric[(place + 1) % 400, 1:] = inputs.numeric[place, 1:]
    inputs.strings[(place + 1) % 400] = inputs.strings[place]
    assert find_twins(inputs, hold(400, place))[1][(place + 1) % 400]

"""The built-in data sets land, are valid under their contracts, and can be guessed again."""

import csv
import hashlib
import io

import numpy as np
import pytest
from sklearn import datasets

from core import keys
from core.errors import InvalidInputError
from core.store import open_memory
from training.data.builtin import DESCRIPTIONS, builtin, find_world, subscriptions
from training.data.infer import infer_contract
from training.data.simulator import BREAKS, NORMAL
from training.data.validate import validate_raw

REAL = {"breast-cancer": 569, "wine": 178, "diabetes": 442, "digits": 1797}


@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_a_built_in_data_set_is_the_same_every_time(name: str) -> None:
    assert builtin(name) == builtin(name)


@pytest.mark.parametrize(("name", "rows"), REAL.items())
def test_every_row_of_a_real_data_set_is_valid(name: str, rows: int) -> None:
    file = builtin(name)
    store = open_memory()
    raw_key = keys.raw(file.name, hashlib.sha256(file.csv).hexdigest(), file.filename)
    store.create(raw_key, file.csv)
    validation = validate_raw(store, raw_key=raw_key, contract=file.contract)
    assert (validation.status, validation.rows, validation.quarantined) == ("ok", rows, 0)


@pytest.mark.parametrize("name", REAL)
def test_task_and_classes_are_guessed_as_they_are_declared(name: str) -> None:
    file = builtin(name)
    guess = infer_contract(file.csv, filename=file.filename, target=file.contract.target).contract
    assert guess.dataset == name
    assert (guess.task, guess.classes) == (file.contract.task, file.contract.classes)
    assert guess.identifier is None


def test_numbers_survive_the_way_through_text() -> None:
    loaded = datasets.load_breast_cancer()
    rows = list(csv.reader(io.StringIO(builtin("breast-cancer").csv.decode())))
    found = np.array([[float(cell) for cell in row[:-1]] for row in rows[1:]])
    np.testing.assert_array_equal(found, loaded.data)
    malignant = [row[-1] == "malignant" for row in rows[1:]]
    np.testing.assert_array_equal(malignant, loaded.target == 0)


def test_diabetes_measures_are_in_their_own_units() -> None:
    rows = list(csv.DictReader(io.StringIO(builtin("diabetes").csv.decode())))
    ages = [float(row["age_years"]) for row in rows]
    assert (min(ages), max(ages)) == (19, 79)


def test_the_simulated_file_says_how_it_was_made() -> None:
    file = subscriptions(rows=100, seed=2, world_name="units", dirty_share=0.0)
    assert file.source == {
        "kind": "simulator",
        "rows": 100,
        "seed": 2,
        "world": "units",
        "dirty_share": 0.0,
    }
    assert file.csv.count(b"\n") == 101


def test_worlds_are_found_by_name() -> None:
    assert find_world("normal") is NORMAL
    assert find_world("units") is BREAKS["units"].world


def test_rejects_an_unknown_name_and_lists_the_known_ones() -> None:
    with pytest.raises(InvalidInputError, match="breast-cancer, wine, diabetes, digits"):
        builtin("iris")
    with pytest.raises(InvalidInputError, match="normal, units"):
        subscriptions(world_name="upside-down")

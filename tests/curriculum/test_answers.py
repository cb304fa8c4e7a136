"""What a learner returned is read kindly, and what is wrong with it is said plainly."""

import numpy as np
import pytest

from curriculum.checker.results import Failure
from curriculum.material.answers import (
    name_type,
    read_fields,
    read_flags,
    read_names,
    read_numbers,
    show,
)

HERE = {"what": "one number for each row", "where": "the end"}


@pytest.mark.parametrize(
    "answer", [[1, 2, 3], (1.0, 2.0, 3.0), np.array([[1], [2], [3]]), np.array([1, 2, 3])]
)
def test_numbers_are_read_in_whatever_form_they_come(answer: object) -> None:
    found = read_numbers(answer, (3,), what="one number for each row", where="the end")
    assert isinstance(found, np.ndarray)
    assert found.tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (None, "nothing was returned"),
        ([1, 2], "shape (2,)"),
        (["a", "b", "c"], "cannot be read as numbers"),
        ([1.0, float("nan"), float("inf")], "2 of 3 are NaN or infinite"),
        (np.ones((3, 2)), "shape (3, 2)"),
        (5.0, "shape ()"),
    ],
)
def test_rejects_what_are_not_as_many_numbers(answer: object, told: str) -> None:
    found = read_numbers(answer, (3,), what="one number for each row", where="the end")
    assert isinstance(found, Failure)
    assert told in found.observed
    assert "3 numbers" in found.expected
    assert found.where == "the end"


def test_missing_numbers_are_read_where_they_may_be() -> None:
    found = read_numbers([1.0, float("nan")], (2,), finite=False, what="", where="")
    assert isinstance(found, np.ndarray)
    assert np.isnan(found[1])


def test_flags_are_truths_and_nothing_else() -> None:
    found = read_flags([True, 0, 1.0], 3, **HERE)
    assert isinstance(found, np.ndarray)
    assert found.tolist() == [True, False, True]
    assert isinstance(read_flags([0.5, 0, 1], 3, **HERE), Failure)


def test_names_are_read_once_each_and_strange_ones_are_counted() -> None:
    assert read_names(["b", "a", "b"], "abc", **HERE) == ["a", "b"]
    assert read_names(np.array(["a"]), "abc", **HERE) == ["a"]
    assert read_names({"a"}, "abc", **HERE) == ["a"]
    strange = read_names(["a", "z", 3], "abc", **HERE)
    assert isinstance(strange, Failure)
    assert strange.observed == "2 entries that are none of them"
    assert isinstance(read_names("a", "abc", **HERE), Failure)


def test_fields_that_are_absent_are_named() -> None:
    assert read_fields({"a": 1, "b": 2}, ["a", "b"], where="the end") is None
    absent = read_fields({"a": 1}, ["a", "b"], where="the end")
    assert absent is not None
    assert absent.observed == "no b"
    assert read_fields([1], ["a"], where="the end") is not None


def test_types_and_lists_are_told_in_words() -> None:
    assert name_type(None) == "nothing was returned"
    assert name_type([1, 2]) == "a list of 2"
    assert name_type(np.zeros((2, 3))) == "a ndarray of shape (2, 3)"
    assert show([]) == "none"
    assert show(range(8)) == "0, 1, 2, 3, 4, 5 and 2 more"

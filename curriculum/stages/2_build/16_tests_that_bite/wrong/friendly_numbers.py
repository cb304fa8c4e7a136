"""Wrong: numbers whose mean is their middle."""

from math import nan
from typing import Any


def test_learns_the_middle_of_an_odd_number(filling: Any) -> None:
    assert filling.learn([13, 1, 7]) == 7


def test_learns_the_mean_of_the_two_in_the_middle(filling: Any) -> None:
    assert filling.learn([11, 1, 4, 8]) == 6


def test_learns_from_known_values_alone(filling: Any) -> None:
    assert filling.learn([None, 15, nan, 3, 9, None]) == 9


def test_knows_zero(filling: Any) -> None:
    assert filling.learn([-5, 0, 5, 0]) == 0
    filled, missing = filling.apply([0], 9)
    assert (list(filled), list(missing)) == ([0], [False])


def test_learns_zero_from_nothing(filling: Any) -> None:
    assert filling.learn([]) == 0
    assert filling.learn([None, nan]) == 0


def test_fills_each_gap_with_what_was_learned(filling: Any) -> None:
    filled, missing = filling.apply([5, None, 7, nan], 40)
    assert list(filled) == [5, 40, 7, 40]
    assert list(missing) == [False, True, False, True]


def test_fills_a_value_that_comes_alone(filling: Any) -> None:
    filled, missing = filling.apply([None], 40)
    assert (list(filled), list(missing)) == ([40], [True])


def test_answers_an_empty_list(filling: Any) -> None:
    filled, missing = filling.apply([], 40)
    assert (list(filled), list(missing)) == ([], [])


def test_leaves_its_arguments_alone(filling: Any) -> None:
    values = [3, None, 1, 2]
    filling.learn(values)
    filling.apply(values, 40)
    assert values == [3, None, 1, 2]

"""Tests of two functions that fill gaps in a column before it goes into a model.

`filling.learn(values)`
    Return the middle (median) of the values that are known; the mean of the two in the middle if
    their number is even. None and NaN are not known; 0 is. Nothing known: 0.

`filling.apply(values, learned)`
    Return two lists as long as `values`, in the same order: the values, with `learned` in the
    place of each that is not known; and whether it was missing (True, False). Whatever `values`
    are, it is `learned` that fills the gaps: at serving time, one value comes alone.

Neither changes the list that it is given.

Every function here whose name begins with `test_` is called with `filling`. It is red if it raises
anything, as `assert` does.
"""


def test_fills_a_gap(filling):
    assert filling.learn([1, 2, 3]) == 2
    assert filling.apply([1, None, 3], 2) == ([1, 2, 3], [False, True, False])

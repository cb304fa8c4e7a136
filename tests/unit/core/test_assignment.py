"""Callers keep their arm; shares are what was asked for; raising a share moves nobody back."""

import math

from hypothesis import given
from hypothesis import strategies as st

from core.assignment import choose_keys, draw, read_key

KEYS = st.text(min_size=1, max_size=40)
SHARES = st.floats(min_value=0, max_value=1)


@given(KEYS, KEYS)
def test_a_key_always_draws_the_same(experiment: str, key: str) -> None:
    found = draw(experiment, key)
    assert found == draw(experiment, key)
    assert 0 <= found.place < 1
    assert len(found.unit) == 16


@given(KEYS, SHARES, SHARES)
def test_raising_the_share_moves_callers_to_the_challenger_only(
    key: str, one: float, other: float
) -> None:
    low, high = sorted((one, other))
    place = draw("wine/challenger-1", key).place
    assert not (place < low and not place < high)


@given(KEYS)
def test_everybody_or_nobody_when_the_share_is_whole_or_nothing(key: str) -> None:
    place = draw("wine/challenger-1", key).place
    assert place < 1.0
    assert not place < 0.0


def test_shares_are_kept_and_experiments_are_independent() -> None:
    keys, share = [f"C-{number}" for number in range(20_000)], 0.1
    first = [draw("wine/challenger-1", key).place < share for key in keys]
    second = [draw("wine/challenger-2", key).place < share for key in keys]
    both = sum(a and b for a, b in zip(first, second, strict=True))
    for count, expected in ((sum(first), share), (sum(second), share), (both, share**2)):
        doubt = 4.5 * math.sqrt(expected * (1 - expected) / len(keys))
        assert abs(count / len(keys) - expected) < doubt


def test_draw_is_the_documented_hash() -> None:
    # printf 'wine/challenger-3\0C-1001' | sha256sum
    found = draw("wine/challenger-3", "C-1001")
    assert found.unit == DIGEST[-16:]
    assert found.place == (int(DIGEST[:16], 16) >> 11) / 2**53


DIGEST = "90bfbf836bc5f8e9a13017e27f25249633ac6ab89ac331861e4a6a32eb6e37d9"


@given(st.integers(min_value=-(2**53), max_value=2**53))
def test_a_number_is_the_same_key_however_it_is_written(number: int) -> None:
    assert read_key(number) == read_key(float(number)) == read_key(f" {number} ")


@given(st.one_of(st.none(), st.booleans(), st.just(math.nan), st.just(math.inf), st.just(" ")))
def test_what_names_nothing_is_no_key(value: object) -> None:
    assert read_key(value) is None


@given(st.one_of(st.integers(), st.floats(), st.text(), st.lists(st.integers())))
def test_any_value_is_a_key_or_none(value: object) -> None:
    found = read_key(value)
    assert found is None or (found and found == found.strip())


def test_a_whole_number_that_python_cannot_write_is_no_key() -> None:
    assert read_key(10**5000) is None


def test_a_row_is_named_by_itself_else_by_its_request_else_by_its_prediction() -> None:
    assert choose_keys(["a", None, 3], "shared", ["1", "2", "3"]) == ["a", "shared", "3"]
    assert choose_keys([None], None, ["1"]) == ["1"]
    assert choose_keys(None, "shared", ["1", "2"]) == ["shared", "shared"]
    assert choose_keys(None, None, ["1", "2"]) == ["1", "2"]

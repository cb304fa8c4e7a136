import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.strict_json import InvalidJsonError, canonical_json, parse_json

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"))
)
contents = st.recursive(
    scalars,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
    max_leaves=20,
)


@given(contents)
def test_parse_returns_what_was_written(content: object) -> None:
    assert parse_json(canonical_json(content), max_bytes=10**6) == content


@given(st.dictionaries(st.text(st.characters(codec="utf-8")), scalars))
def test_canonical_json_is_the_same_when_keys_come_in_another_order(
    content: dict[str, object],
) -> None:
    backwards = dict(reversed(content.items()))
    assert canonical_json(backwards) == canonical_json(content)


@given(st.binary(max_size=60))
def test_parse_agrees_with_python_or_refuses_when_bytes_are_anything(body: bytes) -> None:
    try:
        content = parse_json(body, max_bytes=1000)
    except InvalidJsonError:
        return
    assert json.loads(body) == content


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        (b"", "not JSON"),
        (b"{", "line 1, column 2"),
        (b"\xff", "UTF-8"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        ('{"a": 1}'.encode("utf-16"), "UTF-8"),
        (b'{"a": NaN}', "NaN"),
        (b"[Infinity, -Infinity]", "Infinity"),
        (b'{"a": 1, "a": 1}', "twice"),
        (b'[{"b": {"a": 1, "a": 2}}]', "twice"),
        (b"9" * 5000, "too many digits"),
        (b"[" * 100_000, "too deeply"),
        (b'{"a":' * 100_000, "too deeply"),
        (b" " * 200_001, "more than 200000 bytes"),
        (b"{'a': 1}", "not JSON"),
        (b"[1,]", "not JSON"),
        (b"01", "not JSON"),
    ],
)
def test_rejects_bad_json(body: bytes, rule: str) -> None:
    # 500,000 bytes of nesting are let through to the parser.
    limit = 200_000 if body.startswith(b" ") else 10**6
    with pytest.raises(InvalidJsonError, match=rule):
        parse_json(body, max_bytes=limit)


def test_rejects_half_a_surrogate_pair_when_writing() -> None:
    with pytest.raises(InvalidJsonError, match="surrogate"):
        canonical_json({"a": "\ud800"})

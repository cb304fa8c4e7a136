import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.strict_json import InvalidJsonError, parse_json
from lambdas.inference.quick_json import parse_rows, write_json

TEXTS = st.sampled_from(["", "a", "plan", "b:c", "12:30", '"', "\\", "\u00e9", "\ud800", "0" * 19])
NUMBERS = st.sampled_from(
    ["0", "-1", "1.5", "1e400", "1e5", "9" * 18, "9" * 19, "9" * 25, "9" * 5000, "NaN", "-Infinity",
     "01", "1.", "0.1234567890123456789", "-0", "-0.0", "1E+2"]
)  # fmt: skip
SCALARS = st.one_of(
    NUMBERS,
    TEXTS.map(json.dumps),
    st.sampled_from(["true", "false", "null", "[]", "{}", '{"a":1}']),
)
PAIRS = st.lists(st.tuples(TEXTS.map(json.dumps), SCALARS), max_size=4)
BLANKS = st.sampled_from(["", " ", "\n"])


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    rows = draw(st.lists(PAIRS, max_size=3))
    gap = draw(BLANKS)
    written = [
        "{" + f",{gap}".join(f"{name}{gap}:{value}" for name, value in pairs) + "}"
        for pairs in rows
    ]
    name = draw(st.sampled_from(["records", "records", "records", "\\u0072ecords", "other"]))
    more = draw(st.sampled_from(["", "", "", ',"records":[{"a":2}]', ',"x":1', "]"]))
    return f'{gap}{{"{name}":[{",".join(written)}]{more}}}{gap}'.encode()


@given(bodies())
def test_both_readers_read_the_same_when_the_quick_one_is_certain(body: bytes) -> None:
    rows = parse_rows(body, "records")
    if rows is not None:
        assert repr(parse_json(body, max_bytes=10**6)) == repr({"records": rows})


@given(st.binary(max_size=40))
def test_quick_reader_takes_nothing_that_the_strict_one_refuses(body: bytes) -> None:
    for wrapped in (body, b'{"records":[{"a":' + body + b"}]}"):
        if parse_rows(wrapped, "records") is not None:
            parse_json(wrapped, max_bytes=10**6)


@pytest.mark.parametrize(
    "text",
    [
        '{"records": [{"a": 1, "a": 2}]}',
        '{"records": [{"a": 1, "a": "\\u003a"}]}',
        '{"records": [{"a:b": 1, "a": 2, "a": 3}]}',
        '{"records": [{"a": {"b": 1}}]}',
        '{"records": [{"a": 18446744073709551617}]}',
        '{"records": [{"a": NaN}]}',
        '{"records": [{"a": "\\ud800"}]}',
        '{"records": [{}], "more": 1}',
        '{"records": [{}], "records": [{}]}',
        '{"records": [1]}',
        '{"records": []}',
        '[{"a": 1}]',
        '{"records": [{"a": 1}]',
    ],
)
def test_quick_reader_is_uncertain_when_text_is_not_plain(text: str) -> None:
    assert parse_rows(text.encode(), "records") is None


def test_quick_reader_reads_usual_rows_and_colons_inside_texts() -> None:
    rows = [{"a": 1, "b": 1.5, "c": None, "d": True, "e": "at 12:30"}, {"a:b": "::"}]
    assert parse_rows(json.dumps({"records": rows}).encode(), "records") == rows


def test_rejects_what_strict_reader_rejects_too() -> None:
    with pytest.raises(InvalidJsonError):
        parse_json(b'{"a": 1, "a": 2}', max_bytes=100)


def test_whole_number_beyond_64_bits_is_written() -> None:
    assert write_json({"a": 2**70}) == b'{"a":1180591620717411303424}'

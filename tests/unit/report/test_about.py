import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInputError
from core.store import open_memory
from training.report.about import (
    About,
    DataAnswers,
    ModelAnswers,
    load_about,
    parse_about,
    write_questions,
)

ANSWERS = st.text(
    st.characters(exclude_categories=("Cs", "Cc")) | st.sampled_from('\n\\"'), max_size=60
).map(str.strip)


@given(ANSWERS, ANSWERS)
def test_answers_survive_the_file_that_people_edit(first: str, second: str) -> None:
    about = About(model=ModelAnswers(risks=first), data=DataAnswers(licence=second))
    assert parse_about(write_questions(about).encode()) == about


def test_the_file_asks_every_question_once() -> None:
    text = write_questions(About())
    content = tomllib.loads(text)
    assert set(content["model"]) == set(ModelAnswers.model_fields)
    assert set(content["data"]) == set(DataAnswers.model_fields)
    assert all(not answer for part in content.values() for answer in part.values())
    assert text.count("?") >= len(ModelAnswers.model_fields) + len(DataAnswers.model_fields)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"[model]\nrisks = 3", "model.risks"),
        (b"[model]\ncolour = 'red'", "model.colour"),
        (b"risks = ", "not TOML"),
        (b"\xff\xfe", "not TOML"),
        (b"#" * 300_000, "at most"),
    ],
)
def test_rejects_answers_to_no_question(body: bytes, said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        parse_about(body)


def test_nobody_said_anything_at_first() -> None:
    assert load_about(open_memory(), "small") == About()

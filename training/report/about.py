"""What only a person can say of a dataset and its models: what for, how collected, whom it touches.

It lies beside the data contract and is edited as TOML. Whatever is not answered is shown as "not
stated"; nothing is made up. The questions are those of

- Mitchell, M. et al. (2019), "Model cards for model reporting", FAT*, sections 4.1 to 4.9;
- Gebru, T. et al. (2021), "Datasheets for datasets", Communications of the ACM 64(12).
"""

import tomllib
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core import keys
from core.errors import InvalidInputError, NotFoundError
from core.store import ObjectStore
from core.strict_json import canonical_json, describe_place, describe_rule, parse_json

MAX_ABOUT_BYTES: Final = 256 * 1024

_Answer = Annotated[str, Field(max_length=10_000)]
_EDIT = "Correct the file and try again; loop card --questions FILE writes one with every question."


def _ask(question: str) -> str:
    """Declare a question that may stay without an answer."""
    answer: str = Field(default="", description=question)
    return answer


class _Answers(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class ModelAnswers(_Answers):
    """The questions of a model card that no program can answer."""

    owner: _Answer = _ask("Which person or organisation is responsible for the model?")
    contact: _Answer = _ask("Where can questions and complaints about it be sent?")
    licence: _Answer = _ask("Under which licence may the model be used?")
    citation: _Answer = _ask("How should it be cited?")
    intended_uses: _Answer = _ask("What is it meant to be used for?")
    intended_users: _Answer = _ask("Who is meant to use it?")
    out_of_scope_uses: _Answer = _ask("What should it not be used for, and what could be mistaken?")
    relevant_factors: _Answer = _ask(
        "Which groups, instruments and environments should its quality be told apart by?"
    )
    why_these_metrics: _Answer = _ask("Why are these metrics, costs and limits the right ones?")
    sensitive_use: _Answer = _ask(
        "Does it decide on matters central to human life (health, safety, work, credit)?"
    )
    risks: _Answer = _ask("What harm could its use do, to whom, and how likely?")
    mitigations: _Answer = _ask("What was done against these risks?")
    caveats: _Answer = _ask("What else should a reader know before relying on it?")
    recommendations: _Answer = _ask("What should be tested or done next?")


class DataAnswers(_Answers):
    """The questions of a data sheet that no program can answer."""

    purpose: _Answer = _ask("For what purpose was the dataset created?")
    creators: _Answer = _ask("Who created it, and on whose behalf?")
    funding: _Answer = _ask("Who funded its creation?")
    instances: _Answer = _ask("What does one row stand for?")
    sampling: _Answer = _ask("Is it all there is or a sample, and how was that drawn?")
    people: _Answer = _ask("Do rows relate to people, and can these be identified?")
    confidential: _Answer = _ask("Is anything in it confidential, or offensive if looked at?")
    collection: _Answer = _ask("How were the values obtained: measured, reported, inferred?")
    collectors: _Answer = _ask("Who collected them, and how were they paid?")
    collected_when: _Answer = _ask("Over what time were they collected?")
    ethical_review: _Answer = _ask("Was there an ethical review, and what came of it?")
    consent: _Answer = _ask("Were the people concerned told, did they consent, can they withdraw?")
    labelling: _Answer = _ask("How did the target come about: observed, or judged by whom?")
    raw_data: _Answer = _ask("Is the raw data kept, beyond what lies in the data bucket?")
    other_uses: _Answer = _ask("What else has it been used for, or could it be?")
    unsuitable_uses: _Answer = _ask("What should it not be used for?")
    source: _Answer = _ask("Where was the dataset obtained?")
    licence: _Answer = _ask("Under which licence or terms may it be used and passed on?")
    distribution: _Answer = _ask("Will it be passed on to others, how and when?")
    maintainer: _Answer = _ask("Who keeps it, and how can they be reached?")
    updates: _Answer = _ask("Will it be corrected, extended or deleted, how often and by whom?")
    retention: _Answer = _ask("How long may it be kept?")


class About(_Answers):
    """All answers about one dataset: ``contracts/{dataset}.about.json``."""

    model: ModelAnswers = ModelAnswers()
    data: DataAnswers = DataAnswers()

    def to_json(self) -> bytes:
        """Return the one way to write it."""
        return canonical_json(self.model_dump(mode="json"))

    @classmethod
    def from_content(cls, content: object) -> Self:
        """Read what a person wrote; `InvalidInputError` names the question that is wrong."""
        try:
            return cls.model_validate(content)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            raise InvalidInputError(
                f"The answers are not right at {describe_place(first['loc'])}:"
                f" {describe_rule(first)}.",
                next_step=_EDIT,
            ) from None


def parse_about(body: bytes) -> About:
    """Read a TOML file of answers.

    Raises
    ------
    InvalidInputError
        If it is too large, not TOML, or has a question that nobody asked.
    """
    if len(body) > MAX_ABOUT_BYTES:
        raise InvalidInputError(
            f"The file of answers has {len(body)} bytes; at most {MAX_ABOUT_BYTES} are allowed."
        )
    try:
        content = tomllib.loads(body.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise InvalidInputError(
            "The file of answers is not TOML in UTF-8.", next_step=_EDIT
        ) from None
    return About.from_content(content)


def write_questions(about: About) -> str:
    """Write a TOML file with every question, and the answers that were given so far."""
    lines = ["# Answer what you can between the quotes; what stays empty is shown as not stated."]
    for part, answers in (("model", about.model), ("data", about.data)):
        lines += ["", f"[{part}]"]
        for name, field in type(answers).model_fields.items():
            lines += [f"# {field.description}", f"{name} = {_quote(getattr(answers, name))}"]
    return "\n".join(lines) + "\n"


def load_about(store: ObjectStore, dataset: str) -> About:
    """Read what was said of a dataset; nothing but empty answers where nothing was."""
    try:
        body = store.get(keys.about(dataset), max_bytes=4 * MAX_ABOUT_BYTES).body
    except NotFoundError:
        return About()
    return About.from_content(parse_json(body, max_bytes=4 * MAX_ABOUT_BYTES))


def _quote(text: str) -> str:
    escaped = "".join(_ESCAPES.get(character, character) for character in text)
    escaped = "".join(c if c.isprintable() or c == "\n" else f"\\U{ord(c):08X}" for c in escaped)
    return f'"""\n{escaped}"""' if "\n" in text else f'"{escaped}"'


_ESCAPES = {"\\": "\\\\", '"': '\\"'}

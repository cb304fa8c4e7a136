"""The options by which a person says what a file is, so that it is not guessed."""

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, get_args

import typer

from core.contract import Policies, Task
from core.errors import InvalidInputError
from training.data.stated import Stated, parse_missing, parse_settings

Target = Annotated[str | None, typer.Option("--target", help="The column to predict (of a file).")]
Name = Annotated[
    str | None,
    typer.Option("--name", help="Name of dataset and model; the file's if not given."),
]
Identifier = Annotated[
    str | None, typer.Option("--identifier", help="The column that names a row.")
]
Group = Annotated[
    str | None, typer.Option("--group", help="The column whose rows stay together in the split.")
]
Time = Annotated[
    str | None,
    typer.Option("--time", help="The column with a row's time: the latest are held out."),
]
Positive = Annotated[
    str | None, typer.Option("--positive", help="The positive class of a binary target.")
]
TaskName = Annotated[
    str | None, typer.Option("--task", help=f"One of: {', '.join(get_args(Task))}.")
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="COLUMN.FIELD=VALUE",
        help="Say what a column is: kind (numeric, categorical, boolean, text, ignored), nullable, "
        "minimum, maximum, categories (a,b,c or any), sensitive. May be repeated.",
    ),
]
Delimiter = Annotated[
    str | None, typer.Option("--delimiter", help="Between fields: comma, semicolon, tab or bar.")
]
Encoding = Annotated[
    str | None, typer.Option("--encoding", help="One of: utf-8, latin-1, windows-1252.")
]
Header = Annotated[
    bool | None,
    typer.Option("--header/--no-header", help="Whether the first row names the columns."),
]
Decimal = Annotated[
    str | None, typer.Option("--decimal", help="Before the fraction of a number: point or comma.")
]
Thousands = Annotated[
    str | None,
    typer.Option("--thousands", help="Between thousands: comma, point, blank or apostrophe."),
]
Missing = Annotated[
    list[str] | None,
    typer.Option(
        "--missing",
        metavar="VALUE",
        help="What means 'not known' here, beside empty, NA, null, ?, - and the like: unknown, "
        "-999. May be repeated.",
    ),
]
Unseen = Annotated[
    str | None,
    typer.Option("--unseen", help="Categories that are not declared: reject, or as_missing."),
]
OutOfRange = Annotated[
    str | None,
    typer.Option("--out-of-range", help="Numbers out of range: reject, as_missing or clip."),
]

Said = Mapping[str, Any]
"""What was said by the options, by the name of each."""

_OPTIONS: dict[str, Any] = {
    "name": Name,
    "identifier": Identifier,
    "group": Group,
    "time": Time,
    "positive": Positive,
    "task": TaskName,
    "settings": Settings,
    "delimiter": Delimiter,
    "encoding": Encoding,
    "header": Header,
    "decimal": Decimal,
    "thousands": Thousands,
    "missing": Missing,
    "unseen": Unseen,
    "out_of_range": OutOfRange,
}
_FIELD_MARKS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
_NUMBER_MARKS = {"comma": ",", "point": ".", "blank": " ", "apostrophe": "'"}
_MARKS = _FIELD_MARKS | _NUMBER_MARKS
_CHOICES: dict[str, tuple[str, ...]] = {
    "--task": get_args(Task),
    "--delimiter": (*_FIELD_MARKS, *_FIELD_MARKS.values()),
    "--decimal": ("point", "comma", ".", ","),
    "--thousands": (*_NUMBER_MARKS, *_NUMBER_MARKS.values()),
    "--encoding": ("utf-8", "latin-1", "windows-1252"),
    "--unseen": ("reject", "as_missing"),
    "--out-of-range": ("reject", "as_missing", "clip"),
}

Option = Literal[
    "--task", "--delimiter", "--encoding", "--decimal", "--thousands", "--unseen", "--out-of-range"
]  # fmt: skip


def takes_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of this module: it gets what was said as `said`; see `state`."""
    own = inspect.signature(command)
    parameters = [each for each in own.parameters.values() if each.name != "said"]
    options = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=option)
        for name, option in _OPTIONS.items()
    ]
    parameters[-1:-1] = options  # before --json, which every command has last

    @functools.wraps(command)
    def take(*args: object, **values: object) -> None:
        said = {name: values.pop(name) for name in _OPTIONS}
        command(*args, said=said, **values)

    # Typer reads both.
    take.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
    take.__annotations__ = {each.name: each.annotation for each in parameters}
    return take


def state(said: Said) -> Stated:
    """Gather what the options say.

    Raises
    ------
    InvalidInputError
        If one of them has a value that it cannot have.
    """
    policies = {
        "unseen_category": _choose("--unseen", said["unseen"]) or "reject",
        "out_of_range": _choose("--out-of-range", said["out_of_range"]) or "reject",
    }
    return Stated(
        dataset=said["name"],
        identifier=said["identifier"],
        group=said["group"],
        time=said["time"],
        positive=said["positive"],
        task=_choose("--task", said["task"]),  # type: ignore[arg-type]
        delimiter=_mark("--delimiter", said["delimiter"]),
        encoding=_choose("--encoding", said["encoding"]),  # type: ignore[arg-type]
        header=said["header"],
        decimal=_mark("--decimal", said["decimal"]),
        thousands=_mark("--thousands", said["thousands"]),
        missing=parse_missing(said["missing"] or ()),
        columns=parse_settings(said["settings"] or ()),
        policies=Policies.model_validate(policies),
    )


def _mark(option: Option, value: str | None) -> str | None:
    chosen = _choose(option, value)
    return _MARKS.get(chosen, chosen) if chosen else None


def _choose(option: Option, value: str | None) -> str | None:
    if value is None or value in _CHOICES[option]:
        return value
    allowed = ", ".join(each for each in _CHOICES[option] if each not in _MARKS.values())
    raise InvalidInputError(f"{option} wants one of: {allowed}.", next_step="loop data add --help")

"""The options by which a person says what a file is, so that it is not guessed."""

from typing import Annotated, Literal, get_args

import typer

from core.contract import Policies, Task
from core.errors import InvalidInputError
from training.data.stated import Stated, parse_settings

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
        help="Say what a column is: kind (numeric, categorical, boolean, ignored), nullable, "
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
Unseen = Annotated[
    str | None,
    typer.Option("--unseen", help="Categories that are not declared: reject or as_missing."),
]
OutOfRange = Annotated[
    str | None,
    typer.Option("--out-of-range", help="Numbers out of range: reject, as_missing or clip."),
]

_MARKS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
_CHOICES: dict[str, tuple[str, ...]] = {
    "--task": get_args(Task),
    "--delimiter": (*_MARKS, *_MARKS.values()),
    "--encoding": ("utf-8", "latin-1", "windows-1252"),
    "--unseen": ("reject", "as_missing"),
    "--out-of-range": ("reject", "as_missing", "clip"),
}

Option = Literal["--task", "--delimiter", "--encoding", "--unseen", "--out-of-range"]


def state(  # noqa: PLR0913 - one parameter an option
    *,
    name: str | None,
    identifier: str | None,
    group: str | None,
    time: str | None,
    positive: str | None,
    task: str | None,
    settings: list[str] | None,
    delimiter: str | None,
    encoding: str | None,
    header: bool | None,
    unseen: str | None,
    out_of_range: str | None,
) -> Stated:
    """Gather what the options say.

    Raises
    ------
    InvalidInputError
        If one of them has a value that it cannot have.
    """
    policies = {
        "unseen_category": _choose("--unseen", unseen) or "reject",
        "out_of_range": _choose("--out-of-range", out_of_range) or "reject",
    }
    mark = _choose("--delimiter", delimiter)
    return Stated(
        dataset=name,
        identifier=identifier,
        group=group,
        time=time,
        positive=positive,
        task=_choose("--task", task),  # type: ignore[arg-type]
        delimiter=_MARKS.get(mark, mark) if mark else None,
        encoding=_choose("--encoding", encoding),  # type: ignore[arg-type]
        header=header,
        columns=parse_settings(settings or ()),
        policies=Policies.model_validate(policies),
    )


def _choose(option: Option, value: str | None) -> str | None:
    if value is None or value in _CHOICES[option]:
        return value
    allowed = ", ".join(each for each in _CHOICES[option] if each not in _MARKS.values())
    raise InvalidInputError(f"{option} wants one of: {allowed}.", next_step="loop data add --help")

"""``loop card``: the model card and the data sheet of a version, to read, print and pass on."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.ceiling import best_possible
from cli.models import ModelOption, RunOption, VersionArgument, find_version
from cli.session import JsonOption, Session, begin
from cli.system import System
from core import keys
from core.errors import ConflictError, InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from training.report.facts import Facts


def add_to(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(card)


def card(  # noqa: PLR0913 - one parameter an option
    ctx: typer.Context,
    version: VersionArgument = None,
    *,
    model: ModelOption = None,
    run: RunOption = None,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="DIRECTORY", help="Where the files go.")
    ] = None,
    questions: Annotated[
        Path | None,
        typer.Option(
            "--questions",
            metavar="FILE",
            help="Only write the questions that a person must answer, to edit.",
        ),
    ] = None,
    about: Annotated[
        Path | None,
        typer.Option("--about", metavar="FILE", help="Keep the answers that a person gave."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write a model card and a data sheet.

    Markdown, and one page of HTML with all pictures.
    """
    session = begin(ctx, as_json=as_json)
    system = session.system()
    if questions is not None:
        return _write_questions(session, system, system.model_name(model), questions)
    if about is not None:
        _keep_answers(system, system.model_name(model), about)
    with session.output.never_silent():
        session.output.progress("reading what the run wrote")
        facts = gather(system, model=model, version=version, run=run)
        session.output.progress("drawing")
        files = _write(facts, to)
    document = {
        "model": facts.manifest.model,
        "version": facts.version.version if facts.version else None,
        "run_id": facts.run_id,
        "files": [str(file) for file in files],
    }
    session.output.report(document, lambda: _show(session, facts, files))
    return None


def gather(
    system: System,
    *,
    model: str | None,
    version: int | None,
    run: str | None,
    with_best: bool = True,
) -> "Facts":
    """Read what is known of a version, of the champion, or of a run.

    Parameters
    ----------
    with_best : bool
        Whether to compute the best possible score, where the world is known.

    Raises
    ------
    NotFoundError
        If there is none, or its run left no report.
    """
    # matplotlib and pydantic's models take a while to load, and few commands need them.
    from training.report.facts import gather_run, gather_version  # noqa: PLC0415
    from training.report.tracking import find_run  # noqa: PLC0415

    if run is not None:
        return gather_run(system.store, find_run(system.store, run))
    name = system.model_name(model)
    record = find_version(system, name, version, command="loop card")
    best = best_possible(system, name, record) if with_best else {}
    return gather_version(system.store, record, best_possible=best)


def _write(facts: "Facts", to: Path | None) -> list[Path]:
    from training.report.card import write_card  # noqa: PLC0415
    from training.report.markdown import write_markdown  # noqa: PLC0415
    from training.report.page import write_page  # noqa: PLC0415
    from training.report.sheet import write_sheet  # noqa: PLC0415

    card_, sheet = write_card(facts), write_sheet(facts)
    texts = {
        "model-card.md": write_markdown(card_),
        "data-sheet.md": write_markdown(sheet),
        "card.html": write_page([card_, sheet]),
    }
    number = facts.version.version if facts.version else facts.run_id
    folder = to or Path(f"{facts.manifest.model}-{number}-card")
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    return [folder / name for name in texts]


def _write_questions(session: Session, system: System, model: str, path: Path) -> None:
    from training.report.about import load_about, write_questions  # noqa: PLC0415

    text = write_questions(load_about(system.store, model))
    try:
        with path.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except FileExistsError:
        raise ConflictError(
            f"There is a file {path} already, and it may have been edited.",
            next_step=f"loop card --model {model} --about {path}, or name another file",
        ) from None
    session.output.report(
        {"model": model, "path": str(path)},
        lambda: session.output.say(
            f"The questions are in {path}. Answer what you can, then: "
            f"loop card --model {model} --about {path}"
        ),
    )


def _keep_answers(system: System, model: str, path: Path) -> None:
    from training.report.about import parse_about  # noqa: PLC0415

    try:
        body = path.read_bytes()
    except FileNotFoundError:
        raise NotFoundError(
            f"There is no file {path}.", next_step=f"loop card --model {model} --questions {path}"
        ) from None
    except IsADirectoryError:
        raise InvalidInputError(f"{path} is a folder.", next_step="Name a file.") from None
    system.store.put(keys.about(model), parse_about(body).to_json())


def _show(session: Session, facts: "Facts", files: list[Path]) -> None:
    for file in files:
        session.output.say(str(file))
    about = facts.about
    answers = [*about.model.model_dump().values(), *about.data.model_dump().values()]
    open_ = sum(not answer for answer in answers)
    if open_:
        session.output.say(
            f"{open_} of {len(answers)} questions that only a person can answer are not stated."
        )
        session.output.say(f"Next: loop card --model {facts.manifest.model} --questions about.toml")

"""``loop learn``: the course. Where you are, lessons, checks, hints, solutions."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from cli.home import workspace_folder
from cli.live import live_of
from cli.session import JsonOption, Session, begin, explain
from core.errors import InvalidInputError, LoopError, NotFoundError

if TYPE_CHECKING:
    from curriculum.checker import Result

_T = TypeVar("_T")

SlugArgument = Annotated[
    str | None, typer.Argument(help="The exercise; the next one if not given.", show_default=False)
]
SeedOption = Annotated[int | None, typer.Option(help="Repeat a check with its data.", min=0)]
_EXIT_CODES = {"pass": 0, "fail": 1, "error": 1, "not ready": 6}

learn = typer.Typer(help="The course: see where you are, check your work, take a hint.")


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(learn, name="learn")


@learn.callback(invoke_without_command=True)
def where(ctx: typer.Context, *, as_json: JsonOption = False) -> None:
    """Show where you are in the course, and lay the next exercise out."""
    if ctx.invoked_subcommand:
        return
    from cli import learn_pages as pages  # noqa: PLC0415 - only learners need it
    from curriculum.checker import begin as begin_course  # noqa: PLC0415 - only learners need it

    session = begin(ctx, as_json=as_json)
    progress = begin_course(workspace_folder())
    session.output.report(
        progress.model_dump(mode="json"), lambda: pages.show_course(session, progress)
    )


@learn.command("next")
def show_next(ctx: typer.Context, *, as_json: JsonOption = False) -> None:
    """Say what to do now, in a few lines."""
    from cli import learn_pages as pages  # noqa: PLC0415 - only learners need it
    from curriculum.checker import begin as begin_course  # noqa: PLC0415 - only learners need it

    session = begin(ctx, as_json=as_json)
    progress = begin_course(workspace_folder())
    current = progress.current
    document = current.model_dump(mode="json") if current else None
    session.output.report(document, lambda: pages.say_next(session, current))


@learn.command("list")
def list_all(ctx: typer.Context, *, as_json: JsonOption = False) -> None:
    """List every exercise, and what is still to come."""
    from cli import learn_pages as pages  # noqa: PLC0415 - only learners need it
    from curriculum.checker import where_am_i  # noqa: PLC0415 - only learners need it

    session = begin(ctx, as_json=as_json)
    progress = where_am_i(workspace_folder())
    document = [stage.model_dump(mode="json") for stage in progress.stages]
    session.output.report(document, lambda: pages.show_list(session, progress))


@learn.command()
def show(ctx: typer.Context, slug: SlugArgument = None, *, as_json: JsonOption = False) -> None:
    """Show an exercise's lesson, and lay its file out."""
    from cli import learn_pages as pages  # noqa: PLC0415 - only learners need it
    from curriculum import checker  # noqa: PLC0415 - only learners need it

    session = begin(ctx, as_json=as_json)
    chosen = checker.find_exercise(_chosen(slug))
    checker.begin(workspace_folder(), chosen.manifest.slug)
    place = chosen.place_in(workspace_folder())
    document = {
        "slug": chosen.manifest.slug,
        "title": chosen.manifest.title,
        "file": str(place) if place else None,
        "lesson": str(chosen.lesson),
        "text": chosen.lesson.read_text(encoding="utf-8"),
    }
    session.output.report(document, lambda: pages.show_lesson(session, chosen, place))


@learn.command()
def check(
    ctx: typer.Context,
    slug: SlugArgument = None,
    *,
    seed: SeedOption = None,
    again: Annotated[
        bool, typer.Option("--again", help="Run even if this very work has passed.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Check your work by what it does."""
    from cli import learn_pages as pages  # noqa: PLC0415 - only learners need it

    session = begin(ctx, as_json=as_json)
    result = _check(session, _chosen(slug), seed=seed, again=again)
    session.output.report(
        result.model_dump(mode="json"), lambda: pages.show_result(session, result)
    )
    raise typer.Exit(_EXIT_CODES[result.status])


@learn.command()
def watch(ctx: typer.Context, slug: SlugArgument = None, *, as_json: JsonOption = False) -> None:
    """Check whenever you save, until Ctrl-C. With --json, one line for every check."""
    from curriculum import checker  # noqa: PLC0415 - only learners need it

    session = begin(ctx, as_json=as_json)
    chosen = checker.find_exercise(_chosen(slug))
    checker.begin(workspace_folder(), chosen.manifest.slug)
    place = chosen.place_in(workspace_folder())
    name = chosen.manifest.slug
    if place is None:
        raise InvalidInputError(
            f"{name} is done by commands: there is no file to watch.",
            next_step=f"loop learn check {name}",
        )
    try:
        _watch(session, name, place)
    except KeyboardInterrupt:
        if not as_json:
            session.output.say("Stopped watching. 'loop learn' shows where you are.")


@learn.command()
def hint(ctx: typer.Context, slug: SlugArgument = None, *, as_json: JsonOption = False) -> None:
    """Show the next hint. The first is a nudge, the last almost the answer."""
    from curriculum import checker  # noqa: PLC0415 - only learners need it

    session = begin(ctx, as_json=as_json)
    shown = checker.hint(_chosen(slug), workspace=workspace_folder())
    session.output.report(
        shown.model_dump(mode="json"),
        lambda: session.output.say(f"Hint {shown.number} of {shown.of}: {shown.text}"),
    )


@learn.command()
def solution(ctx: typer.Context, slug: SlugArgument = None, *, as_json: JsonOption = False) -> None:
    """Show a right answer: after a pass, or on a second asking."""
    from cli import learn_pages as pages  # noqa: PLC0415 - only learners need it
    from curriculum import checker  # noqa: PLC0415 - only learners need it

    session = begin(ctx, as_json=as_json)
    found = checker.solution(_chosen(slug), workspace=workspace_folder())

    def render() -> None:
        session.output.say(found.message)
        if found.shown:
            session.output.say()
            pages.show_source(session, found.slug, found.text)

    session.output.report(found.model_dump(mode="json"), render)


@learn.command()
def reset(ctx: typer.Context, slug: SlugArgument = None, *, as_json: JsonOption = False) -> None:
    """Begin an exercise again; your work is kept beside it."""
    from curriculum import checker  # noqa: PLC0415 - only learners need it

    session = begin(ctx, as_json=as_json)
    place, aside = checker.reset(_chosen(slug), workspace=workspace_folder())
    kept = f"; yours is {aside.name} beside it" if aside else ""
    text = f"{place} is the starter again{kept}." if place else _NO_FILE
    document = {"file": str(place) if place else None, "kept": str(aside) if aside else None}
    session.output.report(document, lambda: session.output.say(text))


@learn.command()
def skip(ctx: typer.Context, slug: SlugArgument = None, *, as_json: JsonOption = False) -> None:
    """Leave an exercise for later; it comes round again at the end."""
    from cli import learn_pages as pages  # noqa: PLC0415 - only learners need it
    from curriculum import checker  # noqa: PLC0415 - only learners need it

    session = begin(ctx, as_json=as_json)
    chosen = _chosen(slug)
    progress = checker.skip(chosen, workspace=workspace_folder())

    def render() -> None:
        session.output.say(f"{chosen} can wait.")
        pages.say_next(session, progress.current)

    session.output.report(progress.model_dump(mode="json"), render)


_NO_FILE = "There is no file to begin again with: this exercise is done by commands."


def _explaining(open_it: Callable[[], _T]) -> Callable[[], _T]:
    """Turn faults of libraries into what a check says when the environment is not ready."""

    def opened() -> _T:
        try:
            return open_it()
        except LoopError:
            raise
        except Exception as error:
            raise explain(error) from error

    return opened


def _check(session: Session, slug: str, *, seed: int | None, again: bool) -> "Result":
    from curriculum import checker  # noqa: PLC0415 - only learners need it

    if checker.find_exercise(slug).manifest.mode != "code":
        # Templates are built, or the deployed system is asked: that takes longer than a blink.
        session.output.progress(f"checking {slug}")
    with session.output.never_silent(doing=f"checking {slug}"):
        return checker.check(
            slug,
            workspace=workspace_folder(),
            open_store=_explaining(lambda: session.system().store),
            open_live=_explaining(live_of(session)),
            seed=seed,
            again=again,
            say=session.output.progress,
        )


def _watch(session: Session, slug: str, place: Path) -> None:
    from cli import learn_pages as pages  # noqa: PLC0415 - only learners need it
    from curriculum.checker import watch_file  # noqa: PLC0415 - only learners need it

    for _ in watch_file(place):
        result = _check(session, slug, seed=None, again=False)
        if session.output.json:
            sys.stdout.write(json.dumps(result.model_dump(mode="json")) + "\n")
            sys.stdout.flush()
            continue
        pages.show_result(session, result)
        session.output.progress(
            f"watching {pages.shorten(str(place))}; save to check, Ctrl-C to end"
        )


def _chosen(slug: str | None) -> str:
    from curriculum.checker import where_am_i  # noqa: PLC0415 - only learners need it

    chosen = slug or where_am_i(workspace_folder()).next_slug
    if chosen is None:
        raise NotFoundError(
            "All exercises that there are have been done.", next_step="loop learn check SLUG"
        )
    return chosen

"""``loop learn``: the course. Where you are, lessons, checks, hints, solutions."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from rich.syntax import Syntax
from rich.text import Text

from cli.home import workspace_folder
from cli.live import live_of
from cli.session import JsonOption, Session, begin, explain
from core.errors import InvalidInputError, LoopError, NotFoundError

if TYPE_CHECKING:
    from curriculum.checker import Progress, Result
    from curriculum.checker.progress import ExerciseProgress

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
    from curriculum.checker import begin as begin_course  # noqa: PLC0415 - only learners need it

    session = begin(ctx, as_json=as_json)
    progress = begin_course(workspace_folder())
    session.output.report(progress.model_dump(mode="json"), lambda: _show(session, progress))


@learn.command("next")
def show_next(ctx: typer.Context, *, as_json: JsonOption = False) -> None:
    """Say what to do now, in four lines."""
    from curriculum.checker import begin as begin_course  # noqa: PLC0415 - only learners need it

    session = begin(ctx, as_json=as_json)
    progress = begin_course(workspace_folder())
    current = progress.current
    document = current.model_dump(mode="json") if current else None
    session.output.report(document, lambda: _say_next(session, current))


@learn.command("list")
def list_all(ctx: typer.Context, *, as_json: JsonOption = False) -> None:
    """List every exercise, and what is still to come."""
    from curriculum.checker import where_am_i  # noqa: PLC0415 - only learners need it

    session = begin(ctx, as_json=as_json)
    progress = where_am_i(workspace_folder())
    document = [stage.model_dump(mode="json") for stage in progress.stages]
    session.output.report(document, lambda: _list(session, progress))


@learn.command()
def show(ctx: typer.Context, slug: SlugArgument = None, *, as_json: JsonOption = False) -> None:
    """Show an exercise's lesson, and lay its file out."""
    from curriculum import checker  # noqa: PLC0415 - only learners need it

    session = begin(ctx, as_json=as_json)
    chosen = checker.find_exercise(_chosen(slug))
    checker.begin(workspace_folder(), chosen.manifest.slug)
    place = chosen.place_in(workspace_folder())
    text = chosen.lesson.read_text(encoding="utf-8")
    document = {
        "slug": chosen.manifest.slug,
        "title": chosen.manifest.title,
        "file": str(place) if place else None,
        "lesson": str(chosen.lesson),
        "text": text,
    }
    session.output.report(
        document, lambda: _show_lesson(session, text, str(place) if place else None)
    )


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
    session = begin(ctx, as_json=as_json)
    result = _check(session, _chosen(slug), seed=seed, again=again)
    session.output.report(result.model_dump(mode="json"), lambda: _show_result(session, result))
    raise typer.Exit(_EXIT_CODES[result.status])


@learn.command()
def watch(ctx: typer.Context, slug: SlugArgument = None, *, as_json: JsonOption = False) -> None:
    """Check whenever you save, until Ctrl-C; with --json, one line for every check."""
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
    """Show the next hint: the first is a nudge, the last almost the answer."""
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
    from curriculum import checker  # noqa: PLC0415 - only learners need it

    session = begin(ctx, as_json=as_json)
    found = checker.solution(_chosen(slug), workspace=workspace_folder())

    def render() -> None:
        session.output.say(found.message)
        if found.shown:
            session.output.say()
            _show_source(session, found.slug, found.text)

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
    from curriculum import checker  # noqa: PLC0415 - only learners need it

    session = begin(ctx, as_json=as_json)
    chosen = _chosen(slug)
    progress = checker.skip(chosen, workspace=workspace_folder())

    def render() -> None:
        session.output.say(f"{chosen} can wait.")
        _say_next(session, progress.current)

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

    with session.output.never_silent():
        return checker.check(
            slug,
            workspace=workspace_folder(),
            open_store=_explaining(lambda: session.system().store),
            open_live=_explaining(live_of(session)),
            seed=seed,
            again=again,
        )


def _watch(session: Session, slug: str, place: Path) -> None:
    from cli.course import shorten  # noqa: PLC0415 - only learners need it
    from curriculum.checker import watch_file  # noqa: PLC0415 - only learners need it

    for _ in watch_file(place):
        result = _check(session, slug, seed=None, again=False)
        if session.output.json:
            sys.stdout.write(json.dumps(result.model_dump(mode="json")) + "\n")
            sys.stdout.flush()
            continue
        _show_result(session, result)
        session.output.progress(f"watching {shorten(str(place))}; save to check, Ctrl-C to end")


def _chosen(slug: str | None) -> str:
    from curriculum.checker import where_am_i  # noqa: PLC0415 - only learners need it

    chosen = slug or where_am_i(workspace_folder()).next_slug
    if chosen is None:
        raise NotFoundError(
            "All exercises that there are have been done.", next_step="loop learn check SLUG"
        )
    return chosen


def _show(session: Session, progress: "Progress") -> None:
    from cli.course import draw_course, say_damage, say_minutes  # noqa: PLC0415

    out = session.output
    if out.is_terminal:
        out.show(draw_course(progress, width=out.width))
        return
    rows = [
        [stage.number, stage.title, stage.component, f"{stage.done} of {len(stage.exercises)}"]
        for stage in progress.stages
    ]
    out.table(["stage", "title", "you work on", "done"], rows)
    skills = [[each.area, each.level, each.junior] for each in progress.skills]
    out.table(["skill", "level", "junior"], skills)
    left, spent = say_minutes(progress.minutes_left), say_minutes(progress.minutes_spent)
    out.say(f"About {left} left; {spent} spent.")
    if progress.damaged_lines:
        out.say(say_damage(progress))
    _say_next(session, progress.current)


def _say_next(session: Session, current: "ExerciseProgress | None") -> None:
    from cli.course import say_minutes, shorten  # noqa: PLC0415 - only learners need it

    out = session.output
    if current is None:
        out.say("All exercises that there are have been done.")
        return
    out.say(f"Now    {current.slug}: {current.title} ({say_minutes(current.minutes)})")
    out.say(f"Read   loop learn show {current.slug}")
    if current.file:
        out.say(f"Edit   {shorten(current.file)}")
    out.say(f"Then   loop learn check {current.slug}")
    out.say(f"Stuck  loop learn hint {current.slug}")


def _list(session: Session, progress: "Progress") -> None:
    from cli.course import list_rows  # noqa: PLC0415 - only learners need it

    out = session.output
    for stage in progress.stages:
        out.show(Text(f"{stage.number} {stage.title}: {stage.component}", style="bold"))
        if out.is_terminal:
            out.show(list_rows(stage.exercises))
        else:
            for each in stage.exercises:
                out.say(f"  {each.standing:<8} {each.slug:<28} {each.minutes:>4} min  {each.title}")
        for title in stage.to_come:
            out.show(Text(f"  to come: {title}", style="dim"))
        out.say()


def _show_result(session: Session, result: "Result") -> None:
    from cli.course import draw_result  # noqa: PLC0415 - only learners need it
    from curriculum.checker import describe  # noqa: PLC0415 - only learners need it

    if session.output.is_terminal:
        session.output.show(draw_result(result, width=session.output.width))
    else:
        session.output.say(describe(result))


def _show_lesson(session: Session, text: str, file: str | None) -> None:
    from cli.course import draw_lesson  # noqa: PLC0415 - only learners need it

    if session.output.is_terminal:
        session.output.show(draw_lesson(text, file=file, width=session.output.width))
        return
    session.output.say(text)
    if file:
        session.output.say(f"Edit {file}")


def _show_source(session: Session, slug: str, text: str) -> None:
    from curriculum.checker import find_exercise  # noqa: PLC0415 - only learners need it

    if not session.output.is_terminal:
        session.output.say(text)
        return
    lexer = Syntax.guess_lexer(find_exercise(slug).solution.name, text)
    session.output.show(Syntax(text, lexer, theme="ansi_dark", word_wrap=True))

"""``loop learn``: where you are in the course, and check, hint, solution, reset of an exercise."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.home import workspace_folder
from cli.session import JsonOption, Session, begin
from core.errors import NotFoundError

if TYPE_CHECKING:
    from core.store import ObjectStore
    from curriculum.checker import Progress
    from curriculum.checker.progress import StageProgress

SlugArgument = Annotated[
    str | None, typer.Argument(help="The exercise; the next one if not given.", show_default=False)
]
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


@learn.command()
def check(
    ctx: typer.Context,
    slug: SlugArgument = None,
    *,
    seed: Annotated[int | None, typer.Option(help="Repeat a check with its data.", min=0)] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Run even if this very file has passed.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Check your work by what it does."""
    from curriculum import checker  # noqa: PLC0415 - only learners need it

    session = begin(ctx, as_json=as_json)

    def open_store() -> "ObjectStore":
        return session.system().store

    with session.output.never_silent():
        result = checker.check(
            _chosen(slug),
            workspace=workspace_folder(),
            open_store=open_store,
            seed=seed,
            again=again,
        )
    session.output.report(
        result.model_dump(mode="json"), lambda: session.output.say(checker.describe(result))
    )
    raise typer.Exit(_EXIT_CODES[result.status])


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
    session.output.report(
        found.model_dump(mode="json"),
        lambda: session.output.say("\n\n".join(filter(None, (found.message, found.text)))),
    )


@learn.command()
def reset(ctx: typer.Context, slug: SlugArgument = None, *, as_json: JsonOption = False) -> None:
    """Begin an exercise again; your work is kept beside it."""
    from curriculum import checker  # noqa: PLC0415 - only learners need it

    session = begin(ctx, as_json=as_json)
    place = checker.reset(_chosen(slug), workspace=workspace_folder())
    session.output.report(
        {"file": str(place) if place else None},
        lambda: session.output.say(
            f"{place} is the starter again; yours is {place.name}.old."
            if place
            else "There is no file to begin again with: this exercise is done by commands."
        ),
    )


def _chosen(slug: str | None) -> str:
    from curriculum.checker import where_am_i  # noqa: PLC0415 - only learners need it

    chosen = slug or where_am_i(workspace_folder()).next_slug
    if chosen is None:
        raise NotFoundError(
            "All exercises that there are have been done.", next_step="loop learn check SLUG"
        )
    return chosen


def _show(session: Session, progress: "Progress") -> None:
    out = session.output
    rows = [[stage.number, stage.title, stage.component, _done(stage)] for stage in progress.stages]
    out.table(["stage", "title", "you work on", "done"], rows)
    exercises = [exercise for stage in progress.stages for exercise in stage.exercises]
    listed = [[e.standing, e.slug, e.title, e.minutes] for e in exercises]
    out.table(["standing", "exercise", "title", "minutes"], listed)
    current = next((e for e in exercises if e.slug == progress.next_slug), None)
    if current is None:
        out.say("All exercises that there are have been done.")
        return
    out.say(f"Read   {current.lesson}")
    out.say(f"Edit   {current.file}")
    out.say(f"Then   loop learn check {current.slug}")
    out.say(f"Stuck  loop learn hint {current.slug}")


def _done(stage: "StageProgress") -> str:
    return f"{stage.done} of {len(stage.exercises)}" if stage.exercises else "no exercise yet"

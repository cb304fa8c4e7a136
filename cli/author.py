"""``loop author``: for those who write exercises: begin one, look it over, prove it."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast, get_args

import typer

from cli.commands import explain_with
from cli.home import project_root
from cli.live import live_of
from cli.session import JsonOption, Session, begin
from core.counted import counted
from core.errors import InvalidInputError

if TYPE_CHECKING:
    from typer.core import TyperGroup

    from curriculum.author import Coverage, ExerciseProof

SlugsArgument = Annotated[
    list[str] | None, typer.Argument(help="Exercises; with none, see --all.", show_default=False)
]
AllOption = Annotated[bool, typer.Option("--all", help="Every exercise.")]

author = typer.Typer(help="For authors: begin an exercise, look it over, prove it.")


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(author, name="author")


@author.command()
def new(
    ctx: typer.Context,
    slug: Annotated[str, typer.Argument(help="Its name for ever: split-that-stays.")],
    *,
    stage: Annotated[int, typer.Option(help="1 to 6.")],
    title: Annotated[
        str, typer.Option(help="A question or a deed; from the slug if not given.")
    ] = "",
    mode: Annotated[str, typer.Option(help="code, written or live.")] = "code",
    as_json: JsonOption = False,
) -> None:
    """Begin an exercise. It works already; change it step by step into yours."""
    from curriculum import author as tools  # noqa: PLC0415 - only authors need it

    session = begin(ctx, as_json=as_json)
    template = next((each for each in get_args(tools.Template) if each == mode), None)
    if template is None:
        raise InvalidInputError(
            f"There is no template for {mode!r}; there are {', '.join(get_args(tools.Template))}.",
            next_step=f"loop author new {slug} --stage {stage} --mode code",
        )
    folder = tools.create(slug, stage=stage, title=title, template=template)

    def show() -> None:
        session.output.say(f"{folder} works already; change it step by step into yours.")
        session.output.say(f"What is to be written  loop author check {slug}")
        session.output.say(f"Does it still work     loop author prove {slug}")

    session.output.report({"slug": slug, "folder": str(folder)}, show)


@author.command()
def check(
    ctx: typer.Context,
    slugs: SlugsArgument = None,
    *,
    every: AllOption = False,
    fix: Annotated[bool, typer.Option("--fix", help="Draw pictures and schema anew.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Look exercises over: manifest, hints, lesson, pictures."""
    from curriculum import author as tools  # noqa: PLC0415 - only authors need it

    session = begin(ctx, as_json=as_json)
    del every  # without slugs every exercise is looked over
    explain = explain_with(cast("TyperGroup", ctx.find_root().command), _makefile())
    findings = tools.review(slugs or (), explain_command=explain, fix=fix)
    count = len(tools.choose(tools.read_drafts(), slugs or ()))

    def show() -> None:
        for finding in findings:
            session.output.say(str(finding))
        told = counted(len(findings), "thing", "things") if findings else "nothing"
        session.output.say(f"{counted(count, 'exercise')} looked over: {told} to mend.")

    session.output.report(
        {"exercises": count, "findings": [each.model_dump(mode="json") for each in findings]}, show
    )
    raise typer.Exit(1 if findings else 0)


@author.command()
def prove(
    ctx: typer.Context,
    slugs: SlugsArgument = None,
    *,
    every: AllOption = False,
    seeds: Annotated[int, typer.Option(help="Seeds for each answer.", min=1)] = 20,
    processes: Annotated[
        int | None, typer.Option(help="Exercises at a time; one for each core.", min=1)
    ] = None,
    live: Annotated[
        bool,
        typer.Option("--live", help="Let live exercises act on, and change, the deployed system."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Prove exercises: wrong answers fail, the solution passes.

    The starter and each wrong answer must fail with the words that the exercise has for them.
    """
    from curriculum import author as tools  # noqa: PLC0415 - only authors need it

    session = begin(ctx, as_json=as_json)
    if not slugs and not every:
        raise InvalidInputError(
            "Name the exercises to prove, or take them all.", next_step="loop author prove --all"
        )
    drafts = tools.choose(tools.read_drafts(), slugs or ())
    for draft in drafts:
        if draft.exercise is None:
            raise InvalidInputError(
                str(draft.findings[0]), next_step=f"loop author check {draft.slug}"
            )
    exercises = [draft.exercise for draft in drafts if draft.exercise]
    open_live = live_of(session) if live else None
    with session.output.never_silent():
        proofs, began = [], time.monotonic()
        for proof in tools.prove(exercises, seeds=seeds, processes=processes, open_live=open_live):
            proofs.append(proof)
            session.output.progress(f"{proof.slug}: {proof.verdict} ({proof.seconds:.1f} s)")
    order = [each.manifest.slug for each in exercises]
    proofs.sort(key=lambda proof: order.index(proof.slug))
    seconds = time.monotonic() - began
    session.output.report(
        {
            "seeds": seeds,
            "seconds": round(seconds, 1),
            "proofs": [each.model_dump(mode="json") for each in proofs],
        },
        lambda: _show_proofs(session, proofs, f"{counted(seeds, 'seed')} each, in {seconds:.0f} s"),
    )
    raise typer.Exit(1 if any(each.verdict in {"wrong", "flaky"} for each in proofs) else 0)


@author.command()
def coverage(ctx: typer.Context, *, as_json: JsonOption = False) -> None:
    """Show which promises have an exercise, and which are to come."""
    from curriculum import author as tools  # noqa: PLC0415 - only authors need it

    session = begin(ctx, as_json=as_json)
    drafts = tools.read_drafts()
    measured = tools.measure_coverage(each.exercise.manifest for each in drafts if each.exercise)
    session.output.report(
        measured.model_dump(mode="json"), lambda: _show_coverage(session, measured)
    )


def _makefile() -> Path:
    return project_root() / "Makefile"


def _show_proofs(session: Session, proofs: "list[ExerciseProof]", how: str) -> None:
    out = session.output
    rows = [
        [each.slug, each.mode, each.verdict, len(each.answers), f"{each.check_seconds:.2f}",
         f"{each.seconds:.1f}"]
        for each in proofs
    ]  # fmt: skip
    out.table(["exercise", "mode", "verdict", "answers", "a check, s", "proof, s"], rows)
    for proof in proofs:
        if proof.problem:
            out.say(f"{proof.slug}: {proof.problem}")
        for answer in proof.answers:
            if answer.verdict != "proven":
                out.say(f"{proof.slug}, {answer.answer}: {answer.verdict}. {answer.problem}")
                if answer.next_step:
                    out.say(f"  needs: {answer.next_step}")
    proven = sum(each.verdict == "proven" for each in proofs)
    elsewhere = sum(each.verdict == "not proven here" for each in proofs)
    told = f"{proven} of {counted(len(proofs), 'exercise')} proven, {how}"
    if elsewhere:
        told += f"; {counted(elsewhere, 'needs', 'need')} a deployed system and --live"
    out.say(f"{told}.")


def _show_coverage(session: Session, measured: "Coverage") -> None:
    out = session.output
    for section in measured.sections:
        rows = [[item.id, item.words, ", ".join(item.slugs) or "to come"] for item in section.items]
        done = len(rows) - len(section.to_come)
        out.table(["what", "", "exercises"], rows, title=f"{section.title}: {done} of {len(rows)}")
        out.say()
    skills = [
        [area, *(count or "-" for count in counts)] for area, counts in measured.skills.items()
    ]
    out.table(
        ["skill", "level 1", "2", "3", "4", "5"], skills, title="Skills: exercises at each level"
    )

"""What the commands of ``loop learn`` print."""

from pathlib import Path

from rich.syntax import Syntax
from rich.text import Text

from cli.course import draw_course, list_rows, say_damage, say_minutes
from cli.lessons import draw_lesson, draw_result, find_pictures, shorten
from cli.session import Session
from curriculum.checker import Progress, Result, describe, find_exercise
from curriculum.checker.manifest import Exercise
from curriculum.checker.progress import ExerciseProgress

__all__ = [
    "say_next",
    "shorten",
    "show_course",
    "show_lesson",
    "show_list",
    "show_result",
    "show_source",
]


def show_course(session: Session, progress: Progress) -> None:
    """Show where the learner is: a screen, or plain lines where there is no terminal."""
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
    say_next(session, progress.current)


def say_next(session: Session, current: ExerciseProgress | None) -> None:
    """Say what to do now."""
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


def show_list(session: Session, progress: Progress) -> None:
    """List every exercise, stage by stage, and what is to come."""
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


def show_result(session: Session, result: Result) -> None:
    """Show what a check says."""
    if session.output.is_terminal:
        session.output.show(draw_result(result, width=session.output.width))
    else:
        session.output.say(describe(result))


def show_lesson(session: Session, exercise: Exercise, place: Path | None) -> None:
    """Show a lesson, and where its file is."""
    out, text = session.output, exercise.lesson.read_text(encoding="utf-8")
    if out.is_terminal:
        file = str(place) if place else None
        out.show(draw_lesson(text, folder=exercise.folder, file=file, width=out.width))
        return
    out.say(text)
    for picture in find_pictures(text):
        out.say(f"Picture {exercise.folder / picture}")
    if place:
        out.say(f"Edit {place}")


def show_source(session: Session, slug: str, text: str) -> None:
    """Show a right answer."""
    if not session.output.is_terminal:
        session.output.say(text)
        return
    lexer = Syntax.guess_lexer(find_exercise(slug).solution.name, text)
    session.output.show(Syntax(text, lexer, theme="ansi_dark", word_wrap=True))

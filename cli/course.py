"""The screen of ``loop learn``: the loop, what is next, the skills."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from rich import box
from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from cli.lessons import shorten
from cli.ring import SMALLEST, Stop, draw_bar, draw_ring
from core.counted import counted

if TYPE_CHECKING:
    from curriculum.checker.evidence import Skill
    from curriculum.checker.progress import ExerciseProgress, Progress, StageProgress

WIDE: Final = 120
_LEVELS: Final = 5
_LISTED: Final = 9
_WIDEST: Final = 132
_LEGEND: Final = "■ evidence  □ a junior role asks it"
_MARKS: Final = {
    "done": ("✓", "green"),
    "covered": ("✓", "green dim"),
    "next": ("▸", "bold cyan"),
    "open": ("·", ""),
    "skipped": ("↷", "yellow"),
    "locked": ("·", "dim"),
}


def draw_course(progress: "Progress", *, width: int) -> RenderableType:
    """Draw the whole screen: the loop, what is next, the skills."""
    if width >= WIDE:
        width = min(width, _WIDEST)
        loop = _draw_loop(progress, width - 41)
        return Group(
            _beside(loop, _draw_skills(progress), width),
            _beside(_draw_now(progress), _draw_list(progress), width),
            _draw_footer(progress),
        )
    top: RenderableType = _draw_stages(progress)
    if width >= SMALLEST:
        top = _draw_loop(progress, width)
    return Group(top, _draw_now(progress), _draw_skills_flat(progress), _draw_footer(progress))


def say_minutes(minutes: int) -> str:
    """Say how long something takes, no more exactly than it is known."""
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if hours < 3 and rest else f"{round(minutes / 60)} h"


def mark(exercise: "ExerciseProgress") -> tuple[str, str]:
    """Return the sign of an exercise's standing, and its style."""
    return _MARKS[exercise.standing]


def _draw_loop(progress: "Progress", width: int) -> Text:
    current = progress.current
    stops = [
        Stop(
            title=f"{stage.number} {stage.title}",
            lines=(stage.place, _say_stage(stage)),
            done=stage.done,
            of=len(stage.exercises),
            is_here=current is not None and current in stage.exercises,
        )
        for stage in progress.stages
    ]
    done, of = sum(stop.done for stop in stops), sum(stop.of for stop in stops)
    spent = f" · {say_minutes(progress.minutes_spent)} spent" if progress.minutes_spent else ""
    middle = [
        Text.assemble(("closed loop  ", "bold"), draw_bar(done, of, 24, style="green")),
        Text(f"{done} of {of} · about {say_minutes(progress.minutes_left)} left{spent}"),
    ]
    return draw_ring(stops, middle, width=width)


def _draw_stages(progress: "Progress") -> Table:
    """Draw the stages under one another, where a circle has no room."""
    rows = Table.grid(padding=(0, 1, 0, 0))
    rows.add_column(no_wrap=True)
    rows.add_column(no_wrap=True, min_width=4)
    for stage in progress.stages:
        here = progress.current is not None and progress.current in stage.exercises
        title = Text(f"{'▸' if here else ' '} {stage.number} {stage.title}", style="bold")
        bar = draw_bar(stage.done, len(stage.exercises), 6, style="green")
        rows.add_row(title, bar, Text(_say_stage(stage), style="dim"))
    return rows


def _draw_now(progress: "Progress") -> Panel:
    current = progress.current
    if current is None:
        done = Text("You have done all exercises that there are. The loop goes on: so do you.")
        return Panel(done, title="Done", title_align="left", border_style="green")
    rows = Table.grid(padding=(0, 2, 0, 0))
    rows.add_column(style="dim", no_wrap=True)
    rows.add_column(overflow="fold")
    rows.add_row("read", Text(f"loop learn show {current.slug}"))
    if current.file:
        rows.add_row("edit", Text(shorten(current.file)))
    watch = ", or when you save: loop learn watch" if current.file else ""
    rows.add_row("check", Text("loop learn check" + watch))
    rows.add_row("stuck", Text("loop learn hint"))
    checks, hints = counted(current.checks, "check"), counted(current.hints, "hint")
    tries = f"{checks}, {hints} so far" if current.checks else ""
    facts = [_say_mode(current), say_minutes(current.minutes), tries]
    about = Text(" · ".join(filter(None, facts)), style="dim")
    heading = Text(current.title, style="bold")
    title = Text(f"▸ Now: {current.slug}", style="bold cyan")
    body = Group(heading, about, Text(), rows)
    return Panel(body, title=title, title_align="left", border_style="cyan", padding=(0, 1))


def _draw_list(progress: "Progress") -> Panel:
    """Draw the exercises around the current one."""
    current = progress.current
    stage = next((s for s in progress.stages if current in s.exercises), progress.stages[0])
    place = stage.exercises.index(current) if current in stage.exercises else 0
    first = max(0, min(place - _LISTED // 2, len(stage.exercises) - _LISTED))
    shown = stage.exercises[first : first + _LISTED]
    rows = Table.grid(padding=(0, 1, 0, 0), expand=True)
    rows.add_column(no_wrap=True)
    rows.add_column(no_wrap=True, ratio=1, overflow="ellipsis")
    rows.add_column(no_wrap=True, justify="right", style="dim")
    for each in shown:
        sign, style = mark(each)
        name = f"{each.slug}{'  ◆ capstone' if each.capstone else ''}"
        rows.add_row(Text(sign, style=style), Text(name, style=style), say_minutes(each.minutes))
    left = len(stage.exercises) - len(shown)
    title = Text(f"Stage {stage.number} · {stage.title}", style="bold")
    subtitle = Text(f"{left} more: loop learn list", style="dim") if left else None
    return Panel(rows, title=title, title_align="left", subtitle=subtitle, border_style="dim")


def _draw_skills(progress: "Progress") -> Panel:
    rows = Table.grid(padding=(0, 2, 0, 0))
    for skill in progress.skills:
        rows.add_row(Text(skill.area), _draw_skill(skill))
    score = progress.ml_test_score.score
    notes = Text(f"\n{_LEGEND}\nML Test Score {score} of 7, weakest side")
    notes.stylize("dim")
    title = Text("Nine skills, five levels", style="bold")
    body = Group(rows, notes)
    return Panel(body, title=title, title_align="left", border_style="dim", padding=(0, 1))


def _draw_skills_flat(progress: "Progress") -> Panel:
    cells = [Text.assemble(f"{skill.area:<17} ", _draw_skill(skill)) for skill in progress.skills]
    note = Text(_LEGEND, style="dim")
    title = Text("Nine skills, five levels", style="bold")
    body = Group(Columns(cells, padding=(0, 1), column_first=True), note)
    return Panel(body, title=title, title_align="left", border_style="dim", padding=(0, 1))


def _draw_skill(skill: "Skill") -> Text:
    asked = max(skill.junior - skill.level, 0)
    return Text.assemble(
        ("■" * skill.level, "green"),
        ("□" * asked, ""),
        ("·" * (_LEVELS - skill.level - asked), "dim"),
    )


def _draw_footer(progress: "Progress") -> RenderableType:
    lines = [Text("loop learn list shows every exercise, and what is to come.", style="dim")]
    if not any(stage.done for stage in progress.stages):
        promise = "What you write takes the place of the system's own parts, stage by stage."
        lines.insert(0, Text(promise))
    if progress.damaged_lines:
        lines.append(Text(say_damage(progress), style="yellow"))
    return Group(*lines)


def say_damage(progress: "Progress") -> str:
    """Say which lines of the record cannot be read."""
    numbers = ", ".join(map(str, progress.damaged_lines))
    return (
        f"Line {numbers} of {shorten(progress.workspace)}/progress.jsonl is not a record and was "
        "left out. Correct it or take it out; your work itself is not touched."
    )


def _say_stage(stage: "StageProgress") -> str:
    if not stage.exercises:
        return "to come"
    minutes = stage.minutes_left
    # The box is narrow: hours alone from two on.
    left = (
        f" · {f'{minutes} min' if minutes < 100 else f'{round(minutes / 60)} h'}" if minutes else ""
    )
    return f"{stage.done} of {len(stage.exercises)}{left}"


def _say_mode(exercise: "ExerciseProgress") -> str:
    kinds = {
        "code": "code, no cloud needed",
        "infra": "infrastructure as code",
        "live": "on your running system",
        "written": "a text",
    }
    return ("capstone · " if exercise.capstone else "") + kinds[exercise.mode]


def _beside(left: RenderableType, right: RenderableType, width: int) -> Table:
    both = Table.grid(padding=(0, 1, 0, 0))
    both.add_column(width=width - 41)
    both.add_column(width=39)
    both.add_row(left, right)
    return both


def list_rows(exercises: Sequence["ExerciseProgress"]) -> Table:
    """Return the exercises of a stage as rows."""
    rows = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, show_header=False)
    rows.add_column(no_wrap=True)
    rows.add_column(no_wrap=True)
    rows.add_column(overflow="fold", ratio=1)
    rows.add_column(justify="right", no_wrap=True, style="dim")
    for each in exercises:
        sign, style = mark(each)
        title = each.title + (" (capstone)" if each.capstone else "")
        rows.add_row(
            Text(sign, style=style), Text(each.slug, style=style), Text(title),
            say_minutes(each.minutes),
        )  # fmt: skip
    return rows

"""What a lesson and the result of a check look like in a terminal."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.markdown import Markdown
from rich.panel import Panel
from rich.segment import Segment
from rich.table import Table
from rich.text import Text
from rich.theme import Theme

if TYPE_CHECKING:
    from curriculum.checker.results import Result

_PAGE: Final = 96
_PICTURE: Final = re.compile(r"!\[([^\]]*)\]\(([^)]+)\)")
_QUIET: Final = Theme(
    {
        "markdown.h1": "bold",
        "markdown.h2": "bold cyan",
        "markdown.code": "cyan",
        "markdown.code_block": "cyan",
        "markdown.block_quote": "dim",
        "markdown.table.header": "bold",
        "markdown.table.border": "dim",
    }
)
_VERDICTS: Final = {
    "pass": ("It behaves", "green"),
    "fail": ("Not yet", "yellow"),
    "error": ("Your code broke", "red"),
    "not ready": ("Something is missing", "blue"),
}


def draw_result(result: "Result", *, width: int) -> RenderableType:
    """Draw what a check says: expected, observed, where to look, what to do next."""
    verdict, style = _VERDICTS[result.status]
    rows = Table.grid(padding=(0, 2, 0, 0))
    rows.add_column(style="dim", no_wrap=True)
    rows.add_column(overflow="fold")
    if result.failure:
        rows.add_row("expected", Text(result.failure.expected))
        rows.add_row("observed", Text(result.failure.observed, style="yellow"))
        rows.add_row("where to look", Text(result.failure.where))
    if result.printed:
        rows.add_row("it printed", Text(result.printed, style="dim"))
    for name, value in result.metrics.items():
        rows.add_row("measured", Text(f"{name} {value:.4g}"))
    for place, question in enumerate(result.rubric):
        rows.add_row("" if place else "ask yourself", Text(question))
    for note in result.notes:
        rows.add_row("", Text(note, style="dim"))
    if result.rubric:
        rows.add_row("", Text("Nobody else can judge this, and no check did.", style="dim"))
    if result.next_step:
        rows.add_row("next", Text(result.next_step, style="bold"))
    message = Text(_capitalise(result.message))
    if rows.row_count:
        message.append("\n")
    title = Text(f"{verdict} · {result.slug}", style=f"bold {style}")
    body = Group(message, rows) if rows.row_count else message
    return Panel(
        body,
        title=title,
        title_align="left",
        border_style=style,
        padding=(1, 2),
        width=min(width, _PAGE),
    )


def draw_lesson(text: str, *, folder: Path, file: str | None, width: int) -> RenderableType:
    """Draw a lesson, and where its file and its pictures are.

    Parameters
    ----------
    folder
        Where the lesson lies.
    """
    facts = Table.grid(padding=(0, 2, 0, 0))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    for picture in find_pictures(text):
        facts.add_row("picture", Text(shorten(str(folder / picture))))
    if file:
        facts.add_row("edit", Text(shorten(file), style="bold"))
    page = Table.grid()
    page.add_column(width=min(width, _PAGE))
    # A terminal shows no picture: say what is to be seen, and below where.
    page.add_row(Lesson(_PICTURE.sub(r"> *Picture: \1*", text)))
    if facts.row_count:
        page.add_row(Panel(facts, title="Files", title_align="left", border_style="cyan"))
    return page


def find_pictures(text: str) -> list[str]:
    """Return the files of a lesson's pictures, as it names them."""
    return [picture for _, picture in _PICTURE.findall(text)]


class Lesson:
    """Markdown in quiet colours."""

    def __init__(self, text: str) -> None:
        self._page = Markdown(text, hyperlinks=False, code_theme="ansi_dark")

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        """Yield what the page consists of."""
        with console.use_theme(_QUIET):
            yield from console.render(self._page, options)


def shorten(path: str) -> str:
    """Return a path as people type it from where they are."""
    place = Path(path)
    here = Path.cwd()
    return str(place.relative_to(here)) if place.is_relative_to(here) else str(place)


def _capitalise(text: str) -> str:
    return text[:1].upper() + text[1:]

"""The one place that writes to the terminal: tables, panels, JSON documents, progress, errors.

Reports go to stdout, everything that is said on the way goes to stderr: ``loop models --json | jq``
always receives exactly one JSON document.
"""

import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from rich import box
from rich.cells import cell_len
from rich.console import Console, JustifyMethod, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from cli.ascii import Ascii
from core.errors import LoopError

SILENCE_S = 8.0  # nobody should wonder for longer whether something still happens
_GAP = 2  # blanks between the columns of a table, of which the box has one
_LONG_WORD = 20  # ids and hashes may be cut where room is scarce
_WORKING = "still at work; last: "
PLAIN_WIDTH = 100  # of files and pipes, which have no width of their own
GOES_ON = "Run the same command again to go on."


class Output:
    """What a command says, for a person or for a program.

    Parameters
    ----------
    width : int, optional
        Columns of the page; the terminal's own by default, 100 where there is no terminal.
    clock : callable
        Seconds, for the elapsed time before each progress line.

    Attributes
    ----------
    if_interrupted : str
        What is left after Ctrl-C at this point, or how to go on; a sentence, or nothing to say.
    """

    def __init__(
        self, *, width: int | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.json = False
        self.if_interrupted = ""
        self._width = width
        self._clock = clock
        self._started = clock()
        self._spoke_at = self._started
        self._doing = ""

    def report(self, document: object, render: Callable[[], None]) -> None:
        """Print the document as JSON when the person asked for that, otherwise call ``render``."""
        if self.json:
            self._write(document)
        else:
            render()

    def say(self, text: str = "") -> None:
        """Print one line of a report."""
        _print(self._stdout(), Text(text), soft_wrap=True)

    def table(
        self, columns: Sequence[str], rows: Sequence[Sequence[object]], title: str = ""
    ) -> None:
        """Print rows under headings; numbers are set to the right."""
        cells = [[_cell(value) for value in row] for row in rows]
        console = self._stdout()
        # No frame: in 80 columns its lines would take the room of words.
        table = Table(
            title=title or None,
            title_justify="left",
            title_style="bold",
            box=box.SIMPLE_HEAD,
            show_edge=False,
            pad_edge=False,
            padding=(0, _GAP - 1, 0, 0),
        )
        widths = _choose_widths([columns, *cells], room=console.width)
        for index, (column, width) in enumerate(zip(columns, widths, strict=True)):
            is_number = bool(rows) and all(_is_number(row[index]) for row in rows)
            justify: JustifyMethod = "right" if is_number else "left"
            table.add_column(column, justify=justify, overflow="fold", width=width)
        for row in cells:
            table.add_row(*map(Text, row))
        _print(console, table)

    def panel(self, title: str, lines: Sequence[str]) -> None:
        """Print lines in a frame: the end of a long command."""
        body = Text("\n".join(lines))
        _print(self._stdout(), Panel(body, title=title, title_align="left", expand=False))

    def facts(self, facts: Mapping[str, object]) -> None:
        """Print names and values, one pair a line, the values under one another."""
        longest = max((len(name) for name in facts), default=0)
        for name, value in facts.items():
            self.say(f"{name:<{longest}}  {_cell(value)}")

    @property
    def is_terminal(self) -> bool:
        """Whether a person looks at a terminal: a file or a pipe gets plain lines."""
        return self._stdout().is_terminal

    @property
    def width(self) -> int:
        """Columns of the page."""
        return self._stdout().width

    def show(self, drawing: RenderableType) -> None:
        """Print anything that rich can draw, in the characters that the terminal has."""
        _print(self._stdout(), drawing)

    def progress(self, text: str) -> None:
        """Say on stderr what happens now, with the seconds since the command began."""
        self._doing = text
        self._spoke_at = self._clock()
        elapsed_s = int(self._spoke_at - self._started)
        _print(self._stderr(), Text(f"{elapsed_s:4d}s  {text}"), soft_wrap=True)

    @contextmanager
    def never_silent(self, *, silence_s: float = SILENCE_S, doing: str = "") -> Iterator[None]:
        """Say that work goes on whenever nothing was said for ``silence_s`` seconds.

        Parameters
        ----------
        doing : str
            What happens now; said only if it takes that long.
        """
        if doing:
            self._doing, self._spoke_at = doing, self._clock()
        ended = threading.Event()

        def repeat() -> None:
            while not ended.wait(silence_s / 8):
                if self._doing and self._clock() - self._spoke_at >= silence_s:
                    # The last line may tell of something that is finished.
                    self.progress(_WORKING + self._doing.removeprefix(_WORKING))

        speaker = threading.Thread(target=repeat, daemon=True, name="progress")
        speaker.start()
        try:
            yield
        finally:
            ended.set()
            speaker.join()

    def fail(self, error: LoopError) -> None:
        """Say what went wrong and what to do next; with ``--json`` as a document too."""
        if self.json:
            with suppress(OSError):  # which may be the error itself: a full disk
                self._write({"error": str(error), "next_step": error.next_step})
        told = Text.assemble(("Stopped: ", "bold red"), str(error))
        _print(self._stderr(), told, soft_wrap=True)
        if error.next_step:
            told = Text.assemble(("Next: ", "bold"), error.next_step)
            _print(self._stderr(), told, soft_wrap=True)

    def interrupted(self) -> None:
        """Say that Ctrl-C was understood."""
        told = f"Interrupted. {self.if_interrupted}".rstrip()
        _print(self._stderr(), Text(told), soft_wrap=True)

    def traceback(self) -> None:
        """Print the traceback of the error that is being handled (``--debug``)."""
        self._stderr().print_exception(show_locals=False)

    def _write(self, document: object) -> None:
        page = self._stdout().file
        page.write(json.dumps(document, default=str, indent=2) + "\n")
        page.flush()

    def _stdout(self) -> Console:
        return _console(stderr=False, width=self._width)

    def _stderr(self) -> Console:
        return _console(stderr=True, width=self._width)


def _console(*, stderr: bool, width: int | None) -> Console:
    # Made anew each time: the streams may be redirected between two lines, and NO_COLOR,
    # COLUMNS and "is this a terminal" are then read by rich from where they are now.
    console = Console(stderr=stderr, highlight=False, soft_wrap=False, width=width)
    if width is None and not console.is_terminal and "COLUMNS" not in os.environ:
        console = Console(stderr=stderr, highlight=False, width=PLAIN_WIDTH)
    return console


def _print(console: Console, drawing: RenderableType, *, soft_wrap: bool = False) -> None:
    """Print in the characters that the terminal has: another one would end the command."""
    ascii_only = console.options.ascii_only
    console.print(Ascii(drawing) if ascii_only else drawing, soft_wrap=soft_wrap)


def _choose_widths(lines: Sequence[Sequence[str]], *, room: int) -> list[int | None]:
    """Return the widths of a table's columns: in too little room whole words stay whole.

    The widest columns give way first, and the longest words where words alone are too wide. None
    lets rich choose: all fits, or nothing does.
    """
    columns = list(zip(*lines, strict=True))
    wanted = [max(map(cell_len, cells)) for cells in columns]
    words = [min(_find_longest_word(cells), _LONG_WORD) for cells in columns]
    room -= _GAP * (len(columns) - 1)
    if sum(wanted) <= room or len(columns) > room:
        return [None] * len(columns)
    longest = _find_most(words, least=[1] * len(words), room=room)
    needed = [min(word, longest) for word in words]
    most = _find_most(wanted, least=needed, room=room)
    return [max(need, min(want, most)) for need, want in zip(needed, wanted, strict=True)]


def _find_most(wanted: Sequence[int], *, least: Sequence[int], room: int) -> int:
    """Return what a column may have at most, so that all are within the room."""
    for most in range(max(wanted), 0, -1):
        if sum(max(low, min(want, most)) for low, want in zip(least, wanted, strict=True)) <= room:
            return most
    return 0


def _find_longest_word(cells: Sequence[str]) -> int:
    return max((cell_len(word) for cell in cells for word in cell.split()), default=0)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4f}"
    return str(value)

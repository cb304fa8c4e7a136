"""Drawings for terminals that have no more than ASCII's characters."""

from collections.abc import Iterator
from typing import Final

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

_INSTEAD: Final = str.maketrans("╭╮╰╯─│╔╗╚╝═║▶◀▸✓━╌■□·↷…◆•", "++++-|####=#><>*#.#o.-~*-")


class Ascii:
    """The same drawing, each character replaced by the nearest one that every terminal has."""

    def __init__(self, drawing: RenderableType) -> None:
        self._drawing = drawing

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        """Yield what the drawing consists of."""
        for text, style, control in console.render(self._drawing, options):
            plain = text.translate(_INSTEAD).encode("ascii", "replace").decode("ascii")
            yield Segment(plain, style, control)

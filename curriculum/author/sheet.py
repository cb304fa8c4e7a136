"""What a lesson's ``picture.py`` draws with: the sheets of the model cards, as files.

A ``picture.py`` looks like this::

    from curriculum.author.sheet import ONE, sheet, standalone

    def draw() -> str:
        with sheet("What the picture shows, for those who do not see it") as page:
            page.axes.plot([0, 1], [0, 1], color=ONE)
            page.axes.set_xlabel("share of customers asked")
        return standalone(page)

Colours are names, not numbers: the file has a light and a dark face, as its reader's screen has.
"""

import re
from contextlib import AbstractContextManager
from typing import Final

from training.report.style import STYLE
from training.report.svg import FOUR, GRID, INK, MUTED, ONE, PAPER, THREE, TWO, Sheet, draw

__all__ = [
    "FOUR",
    "GRID",
    "INK",
    "MUTED",
    "ONE",
    "PAPER",
    "THREE",
    "TWO",
    "Sheet",
    "sheet",
    "standalone",
]

WIDTH_IN: Final = 6.4
HEIGHT_IN: Final = 3.4
_COLOUR: Final = re.compile(r"--[a-z]+: #[0-9a-f]+;")


def sheet(
    description: str, *, width: float = WIDTH_IN, height: float = HEIGHT_IN
) -> AbstractContextManager[Sheet]:
    """Give a sheet to draw on: ``.axes`` for one plot, ``.figure`` for several.

    Parameters
    ----------
    description
        What the picture shows, for those who do not see it.
    width, height
        Inches.
    """
    return draw(description, width=width, height=height)


def standalone(page: Sheet) -> str:
    """Return a drawn sheet as an SVG file with colours and letters of its own."""
    end = page.svg.index("</title>") + len("</title>")
    return page.svg[:end] + f"<style>{_colours()}</style>" + page.svg[end:] + "\n"


def _colours() -> str:
    """Take the colours of the model cards' pages, and set the letters and the ground."""
    light, dark, *_ = (" ".join(_COLOUR.findall(part)) for part in STYLE.split("@media"))
    return (
        f"svg{{{light} background:var(--paper);"
        'font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",sans-serif}'
        f"@media(prefers-color-scheme:dark){{svg{{{dark}}}}}"
    )

"""From a matplotlib figure to SVG that stands inside a page: small, the same every time, in the
page's own colours and letters, so that one picture serves light, dark and paper.
"""  # noqa: D205 - one sentence

import hashlib
import io
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from typing import Any, Final

from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

WIDTH_IN: Final = 5.2
HEIGHT_IN: Final = 3.7
_DOTS: Final = 72  # a point is then a unit of the picture

# Drawn in colours that nobody sees: each stands for a variable of the page's style sheet.
INK: Final = "#010203"
MUTED: Final = "#040506"
GRID: Final = "#070809"
PAPER: Final = "#0a0b0c"
ONE: Final = "#111213"
TWO: Final = "#141516"
THREE: Final = "#171819"
FOUR: Final = "#1a1b1c"
_VARIABLES: Final = {
    INK: "ink", MUTED: "muted", GRID: "grid", PAPER: "paper",
    ONE: "one", TWO: "two", THREE: "three", FOUR: "four",
}  # fmt: skip
SERIES: Final = (ONE, TWO, THREE, FOUR)

_STYLE: Final[dict[str, Any]] = {
    "axes.edgecolor": MUTED,
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.labelcolor": MUTED,
    "axes.labelsize": 10,
    "axes.linewidth": 0.8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.constrained_layout.use": True,
    "figure.facecolor": "none",
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same widths on every machine
    "font.size": 10,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.8,
    "lines.solid_capstyle": "round",
    "savefig.facecolor": "none",
    "svg.fonttype": "none",
    "svg.hashsalt": "closed-loop",
    "text.color": INK,
    "text.parse_math": False,  # a dollar in a column's name is a dollar
    "xtick.color": MUTED,
    "xtick.labelcolor": MUTED,
    "xtick.labelsize": 9,
    "xtick.major.size": 3,
    "ytick.color": MUTED,
    "ytick.labelcolor": MUTED,
    "ytick.labelsize": 9,
    "ytick.major.size": 3,
}


@dataclass
class Sheet:
    """A picture that is being drawn.

    Attributes
    ----------
    figure : Figure
    svg : str
        The picture, once the ``with`` block has ended.
    """

    figure: Figure
    svg: str = ""

    @property
    def axes(self) -> Axes:
        """The only axes, made when first asked for."""
        return self.figure.axes[0] if self.figure.axes else self.figure.add_subplot()


@contextmanager
def draw(
    description: str, *, width: float = WIDTH_IN, height: float = HEIGHT_IN
) -> Iterator[Sheet]:
    """Give a sheet to draw on, and turn it into SVG at the end.

    Parameters
    ----------
    description : str
        What the picture shows, for those who do not see it.
    width, height : float
        Inches; a page shows one picture or two side by side.
    """
    with style.context(["default", _STYLE]), warnings.catch_warnings():
        # Letters that the font has not are measured as boxes, and shown by the page's own fonts.
        warnings.filterwarnings("ignore", message=r".*Glyph.*missing from")
        sheet = Sheet(Figure(figsize=(width, height), dpi=_DOTS))
        FigureCanvasSVG(sheet.figure)
        yield sheet
        body = io.StringIO()
        nothing = {"Date": None, "Creator": None, "Format": None, "Type": None}
        sheet.figure.savefig(body, format="svg", metadata=nothing)
    sheet.svg = _fit_in(body.getvalue(), description)


def shorten(text: str, length: int = 26) -> str:
    """Return text for a label: on one line, its end cut off where it is too long."""
    flat = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return flat if len(flat) <= length else flat[: length - 1] + "…"


def _fit_in(svg: str, description: str) -> str:
    """Take out what belongs to a file of its own; name colours and letters as the page does."""
    body = svg[svg.index("<svg") :]
    for pattern, replacement in _PATTERNS:
        body = pattern.sub(replacement, body)
    for colour, variable in _VARIABLES.items():
        body = body.replace(colour, f"var(--{variable})")
    # matplotlib names things by a hash of all digits of their numbers, the last ones too, in which
    # machines differ.
    numbers: dict[str, int] = {}
    body = _NAME.sub(lambda name: f"{name[1]}{numbers.setdefault(name[2], len(numbers))}", body)
    # Several pictures stand in one page: each has names of its own.
    own = hashlib.sha256(f"{description}{body}".encode()).hexdigest()[:8]
    body = _NAME.sub(rf"\g<1>{own}-\g<2>", body)
    box = re.search(r'viewBox="([^"]+)"', body)
    head = (
        f'<svg class="plot" role="img" viewBox="{box[1] if box else ""}"'
        f' xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
        f"<title>{escape(description)}</title>"
    )
    return head + body[body.index(">") + 1 :].strip()


def _restyle(found: re.Match[str]) -> str:
    weight = "font-weight: bold; " if "bold" in found[1] or "700" in found[1] else ""
    size = re.search(r"([\d.]+px)", found[1])
    return f"{weight}font-size: {size[1] if size else '10px'}"


def _round(found: re.Match[str]) -> str:
    """Round the places in an attribute to a hundredth of a point, which nobody sees."""
    return f'{found[1]}="{_NUMBER.sub(_shorten_number, found[2])}"'


def _shorten_number(found: re.Match[str]) -> str:
    text = f"{float(found[0]):.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


_NUMBER: Final = re.compile(r"-?\d+\.\d+")
_NAME: Final = re.compile(r'(id="|xlink:href="#|url\(#)([^")]+)')
_Replace = str | Callable[[re.Match[str]], str]
_PATTERNS: Final[tuple[tuple[re.Pattern[str], _Replace], ...]] = (
    (re.compile(r"<metadata>.*?</metadata>", re.DOTALL), ""),
    (re.compile(r"<style[^>]*>.*?</style>", re.DOTALL), ""),
    (re.compile(r"<!--.*?-->", re.DOTALL), ""),
    (re.compile(r"<defs>\s*</defs>"), ""),
    # Only what is referred to keeps its name.
    (re.compile(r'<g id="[^"]*"'), "<g"),
    (re.compile(r"font: ([^;\"]*)"), _restyle),
    (re.compile(r'\b(d|x|y|width|height|transform)="([^"]*)"'), _round),
    (re.compile(r"\n\s*"), "\n"),
)

"""What a card consists of, before it is written as Markdown or as a page.

Every text in it is plain: names of columns, categories and classes come from files that anybody may
have written, and each writer escapes all of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

Cell = str | int | float | bool | None
NO_BREAK = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph."""

    text: str


@dataclass(frozen=True, slots=True)
class Said:
    """What a person was asked, and the answer; empty where there is none."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Code:
    """A command to type."""

    text: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and values."""

    pairs: Sequence[tuple[str, Cell]]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headings; the title says what a row is.

    Attributes
    ----------
    verdicts : bool
        Whether a "no" in it is bad news.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    note: str = ""
    verdicts: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture, as SVG that `training.report.svg` made; Markdown names it only."""

    title: str
    svg: str
    caption: str
    small: bool = False


Block = Text | Said | Code | Facts | Table | Figure


@dataclass(frozen=True, slots=True)
class Section:
    """Blocks under a heading."""

    title: str
    blocks: Sequence[Block]
    lead: str = ""


@dataclass(frozen=True, slots=True)
class Highlight:
    """One number that the page begins with."""

    name: str
    value: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A card, a data sheet or a comparison."""

    title: str
    lead: str
    sections: Sequence[Section]
    highlights: Sequence[Highlight] = field(default=())


def tell(value: Cell) -> str:
    """Return a cell as people read it: four significant digits, yes or no, a dash for nothing."""
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")
    if isinstance(value, float):
        return tell_number(value)
    return value


def tell_number(value: float) -> str:
    """Return a number with four significant digits, or as it was declared where that is shorter."""
    if value.is_integer() and abs(value) < 1e15:
        return tell(int(value))
    if float(f"{value:.4g}") == value and 1e-4 <= abs(value) < 1e7:
        return f"{value:.4g}"
    if 1e-4 <= abs(value) < 1e7:
        return f"{value:.{max(0, 3 - int(f'{value:e}'.split('e')[1]))}f}"
    return f"{value:.3e}"


def tell_interval(interval: Sequence[float] | None) -> str:
    """Return an interval as ``low to high`` that is not broken; empty where there is none."""
    if interval is None:
        return ""
    return f"{tell_number(interval[0])} to {tell_number(interval[1])}".replace(" ", NO_BREAK)


def tell_name(name: str) -> str:
    """Return a metric's name as words."""
    return _NAMES.get(name, name.replace("_", " "))


_NAMES = {
    "roc_auc": "ROC AUC",
    "pr_auc": "PR AUC",
    "brier_score": "Brier score",
    "mcc": "MCC",
    "f1": "F1",
    "r2": "R²",
    "macro_roc_auc": "macro ROC AUC",
    "weighted_roc_auc": "weighted ROC AUC",
    "macro_pr_auc": "macro PR AUC",
    "weighted_pr_auc": "weighted PR AUC",
    "macro_f1": "macro F1",
    "weighted_f1": "weighted F1",
}

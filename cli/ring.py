"""Draws the loop: six stages as six boxes on a track that comes back to where it began."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rich.text import Text

SMALLEST: Final = 76
_LARGEST_BOX: Final = 27
_MARGIN: Final = 4
_GAP: Final = 4
_PLAIN_BORDER: Final = "╭╮╰╯─│"
_HERE_BORDER: Final = "╔╗╚╝═║"
FULL: Final = "━"
EMPTY: Final = "╌"
_TRACK: Final = "dim"
_DONE: Final = "green"
_HERE: Final = "bold cyan"


@dataclass(frozen=True, slots=True)
class Stop:
    """One stage on the track.

    Attributes
    ----------
    lines
        What its box says under its title: two lines.
    done, of
        How many of its exercises are done; `of` is 0 where there are none yet.
    is_here
        Whether the learner works on it now.
    """

    title: str
    lines: tuple[str, str]
    done: int
    of: int
    is_here: bool

    @property
    def is_done(self) -> bool:
        """Whether nothing is left."""
        return 0 < self.of == self.done


def draw_ring(stops: Sequence[Stop], middle: Sequence[Text], *, width: int) -> Text:
    """Draw six stops in two rows, clockwise from the upper left corner.

    Parameters
    ----------
    middle
        Lines for the inside of the circle.
    width
        Columns that there are, at least `SMALLEST`.
    """
    box_width = min((width - 2 * _MARGIN - 2 * _GAP) // 3, _LARGEST_BOX)
    boxes = [_draw_box(stop, box_width) for stop in stops]
    colours = [_DONE if stop.is_done else _TRACK for stop in stops]
    rows = [
        *_draw_row(boxes[:3], colours[:3], colours[5], is_top=True),
        *_draw_middle(middle, 3 * box_width + 2 * _GAP, colours[2], colours[5]),
        *_draw_row(boxes[:2:-1], colours[:2:-1], colours[2], is_top=False),
    ]
    return Text("\n").join(rows)


def draw_bar(done: int, of: int, width: int, *, style: str = "") -> Text:
    """Draw how much of something is done; anything done at all shows."""
    filled = 0 if of == 0 else max(round(width * done / of), int(done > 0))
    filled = min(filled, width - 1) if done < of else filled
    return Text.assemble((FULL * filled, style), (EMPTY * (width - filled), "dim"))


def _draw_box(stop: Stop, width: int) -> list[Text]:
    here, inner = stop.is_here, width - 4
    left_top, right_top, left_low, right_low, flat, side = _HERE_BORDER if here else _PLAIN_BORDER
    border = _HERE if here else _DONE if stop.is_done else "dim"
    mark = "▸ " if here else "✓ " if stop.is_done else ""
    title = Text(mark + stop.title, style="bold" if stop.of or here else "")
    bar = draw_bar(stop.done, stop.of, inner, style=_HERE if here else _DONE)
    contents = [title, Text(stop.lines[0]), bar, Text(stop.lines[1], style="dim")]
    edge = flat * (width - 2)
    framed = [
        Text.assemble((f"{side} ", border), _fit(line, inner), (f" {side}", border))
        for line in contents
    ]
    return [
        Text(left_top + edge + right_top, style=border),
        *framed,
        Text(left_low + edge + right_low, style=border),
    ]


def _draw_row(
    boxes: Sequence[list[Text]], colours: Sequence[str], incoming: str, *, is_top: bool
) -> list[Text]:
    """Join three boxes; the track runs along their third lines, to the right or to the left."""
    height, track = len(boxes[0]), 2
    rows = []
    for place in range(height):
        on_track, beside = place == track, place > track if is_top else place < track
        if is_top:
            left = _pick(on_track, beside, " ╭─▶", " │  ")
            right = _pick(on_track, beside, "──╮ ", "  │ ")
            gap = "───▶" if on_track else " " * _GAP
            ends, gaps = (incoming, colours[2]), colours[:2]
        else:
            left = _pick(on_track, beside, " ╰──", " │  ")
            right = _pick(on_track, beside, "◀─╯ ", "  │ ")
            gap = "◀───" if on_track else " " * _GAP
            ends, gaps = (colours[0], incoming), colours[1:]
        parts = [box[place] for box in boxes]
        rows.append(
            Text.assemble(
                (left, ends[0]), parts[0], (gap, gaps[0]), parts[1], (gap, gaps[1]), parts[2],
                (right, ends[1]),
            )
        )  # fmt: skip
    return rows


def _draw_middle(lines: Sequence[Text], width: int, right: str, left: str) -> list[Text]:
    rows = []
    for line in lines:
        before = (width - line.cell_len) // 2
        after = width - line.cell_len - before
        rows.append(Text.assemble((" │  ", left), " " * before, line, " " * after, ("  │ ", right)))
    return rows


def _fit(line: Text, width: int) -> Text:
    line = line.copy()
    line.truncate(width, overflow="ellipsis", pad=True)
    return line


def _pick(on_track: bool, beside: bool, turn: str, along: str) -> str:  # noqa: FBT001
    return turn if on_track else along if beside else " " * _MARGIN

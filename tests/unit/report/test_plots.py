import re

import pytest

from training.data.judging import Decision
from training.data.reports import Curve, ReliabilityBin
from training.data.runs import Slice
from training.report.decision_plots import draw_confusion, draw_costs
from training.report.dot_plots import draw_slices
from training.report.plots import (
    Line,
    color_lines,
    draw_precision_recall,
    draw_reliability,
    draw_roc,
)
from training.report.svg import MUTED, SERIES, draw, shorten


def make_curve(precision: float = 0.8, label: str = "yes") -> Curve:
    return Curve(
        model="candidate", label=label, positive_share=0.1, thresholds=(0.9, 0.5, 0.1),
        false_positive_rates=(0.1, 0.3, 1.0), recalls=(0.5, 0.8, 1.0),
        precisions=(precision, precision, 0.1),
    )  # fmt: skip


def find_text(svg: str, text: str) -> tuple[float, float]:
    """Return where a text begins, in units of the picture from its top left corner."""
    found = re.search(rf'<text[^>]*?(?:x="([\d.]+)" y="([\d.]+)")[^>]*>{re.escape(text)}', svg)
    assert found is not None, text
    return float(found[1]), float(found[2])


@pytest.mark.parametrize(("precision", "corner"), [(0.9, "below"), (0.12, "above")])
def test_labels_stand_where_no_curve_runs(precision: float, corner: str) -> None:
    svg = draw_precision_recall([Line("mine", make_curve(precision), SERIES[0], 0.5)])
    x, y = find_text(svg, "mine: 0.500")
    assert (y > 200) == (corner == "below")
    assert (x < 100) == (corner == "below")


def test_of_many_classes_the_worst_have_colours() -> None:
    lines = [Line(str(place), make_curve(), "", place / 10) for place in range(10)]
    colours = {line.name: line.colour for line in color_lines(lines)}
    assert {name for name, colour in colours.items() if colour != MUTED} == {"0", "1", "2"}
    assert len(set(colours.values())) == 4
    few = color_lines(lines[:4])
    assert len({line.colour for line in few}) == 4


def test_names_are_letters_and_never_formulas() -> None:
    name = r"$\frac{1}{0}$ <b> & 价格"
    svg = draw_roc([Line(name, make_curve(), SERIES[0], 0.5, 0.5)])
    assert r"$\frac{1}{0}$ &lt;b&gt; &amp;" in svg
    assert "<b>" not in svg
    assert "threshold 0.5" in svg


def test_a_long_name_is_cut_and_a_broken_one_mended() -> None:
    assert shorten("a" * 40, 10) == "a" * 9 + "…"
    assert shorten("a\nb\t\x00c") == "a b c"


def test_a_threshold_that_both_share_is_told_once() -> None:
    lines = [Line(name, make_curve(), SERIES[0], 0.5, 0.5) for name in ("one", "two")]
    assert draw_roc(lines).count(">threshold 0.5<") == 1


def test_pictures_tell_those_who_do_not_see_them_what_they_show() -> None:
    bins = (ReliabilityBin(rows=10, promised=0.3, came_true=0.4, interval=(0.2, 0.6)),)
    slice_ = Slice(column="a", value="b", rows=10, loss=0.2, low=0.1, high=0.3, excess=0, rates={})
    for svg in (
        draw_reliability(bins),
        draw_confusion(("no", "yes"), ((8, 2), (1, 9))),
        draw_costs(make_curve(), Decision(), 0.5),
        draw_slices([slice_], overall=0.1, loss="loss"),
    ):
        assert 'role="img"' in svg
        assert re.search(r"<title>[A-Z][^<]+</title>", svg)


def test_a_picture_does_not_show_the_last_digits_in_which_machines_differ() -> None:
    def make(shift: float) -> str:
        with draw("Two lines") as page:
            page.axes.plot([0.1 + shift, 0.7], [0.3, 0.9 - shift])
            page.axes.plot([0.2, 0.5], [0.3 + shift, 0.4], "o")
        return page.svg

    assert make(1e-11) == make(0.0)
    assert make(0.1) != make(0.0)

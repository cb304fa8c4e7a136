"""The pictures of rows with intervals: slices, groups of people, importances, residuals, columns.

See `training.report.plots` for what they have in common.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from training.data.reports import Importance, Residuals
from training.data.runs import Slice
from training.report.blocks import tell_name, tell_number
from training.report.histograms import Histogram
from training.report.svg import GRID, INK, MUTED, ONE, PAPER, SERIES, TWO, Sheet, draw, shorten

_ROW_IN = 0.27
_MAX_LEVELS = 12


def draw_slices(slices: Sequence[Slice], *, overall: float, loss: str) -> str:
    """Draw the loss of some rows with its 95% interval, one line a slice, worst on top."""
    with _draw_rows("Loss of slices with intervals", len(slices), extra=1.1) as sheet:
        axes = sheet.axes
        axes.axvline(overall, color=MUTED, linewidth=1, linestyle=(0, (2, 3)))
        for place, each in enumerate(slices):
            axes.plot([each.low, each.high], [place, place], color=ONE, linewidth=2, alpha=0.55)
            color = TWO if each.low > overall else ONE
            axes.plot([each.loss], [place], "o", color=color, markersize=6, markeredgecolor=PAPER)
        _name_rows(axes, [shorten(f"{s.column}: {s.value}", 38) for s in slices])
        axes.set_xlabel(f"{loss} (dotted: all rows)")
    return sheet.svg


def draw_groups(groups: Sequence[Slice], rates: Sequence[str]) -> str:
    """Draw the rates of the groups of a sensitive column side by side, with 95% intervals."""
    with _draw_rows(
        f"Rates of the groups of {shorten(groups[0].column)}", len(groups), extra=1.0
    ) as sheet:
        panels = sheet.figure.subplots(1, len(rates), sharey=True, squeeze=False)[0]
        for axes, rate in zip(panels, rates, strict=True):
            for place, each in enumerate(groups):
                if rate not in each.rates:
                    continue
                if rate in each.rate_intervals:
                    axes.plot(each.rate_intervals[rate], [place] * 2, color=ONE, alpha=0.55,
                              linewidth=2)  # fmt: skip
                axes.plot([each.rates[rate]], [place], "o", color=ONE, markersize=6,
                          markeredgecolor=PAPER)  # fmt: skip
            axes.set_xlabel(tell_name(rate), fontsize=9)
            axes.xaxis.set_major_locator(MaxNLocator(3))
            axes.grid(visible=False, axis="y")
        _name_rows(panels[0], [shorten(each.value, 16) for each in groups])
    return sheet.svg


def draw_importances(importances: Sequence[Importance]) -> str:
    """Draw how much the loss grows when a column is shuffled; lines are a standard deviation."""
    with _draw_rows("Permutation importance of columns", len(importances)) as sheet:
        axes = sheet.axes
        axes.axvline(0, color=MUTED, linewidth=1)
        for place, each in enumerate(importances):
            axes.barh(place, each.increase, height=0.62, color=ONE, alpha=0.45)
            ends = [each.increase - each.deviation, each.increase + each.deviation]
            axes.plot(ends, [place] * 2, color=ONE, linewidth=2)
        _name_rows(axes, [shorten(each.column, 24) for each in importances])
        axes.set_xlabel("increase of the loss")
        axes.xaxis.set_major_locator(MaxNLocator(5))
    return sheet.svg


def draw_residuals(residuals: Residuals, *, half_width: float | None) -> str:
    """Draw truth less prediction along the predictions: where it is too high or too low."""
    with draw("Residuals along the predictions", height=4.0) as sheet:
        axes = sheet.axes
        x = np.array([each.prediction for each in residuals.bins])
        spread = np.array([each.quantiles for each in residuals.bins]).T
        if half_width is not None:
            for end in (-half_width, half_width):
                axes.axhline(end, color=MUTED, linewidth=1, linestyle=(0, (2, 3)))
            axes.annotate("interval", (1, half_width), xycoords=("axes fraction", "data"),
                          xytext=(0, 3), textcoords="offset points", ha="right", fontsize=9,
                          color=MUTED)  # fmt: skip
        axes.fill_between(x, spread[0], spread[4], color=ONE, alpha=0.12, linewidth=0)
        axes.fill_between(x, spread[1], spread[3], color=ONE, alpha=0.25, linewidth=0)
        axes.axhline(0, color=INK, linewidth=1)
        for each in residuals.bins:
            axes.plot([each.prediction] * 2, [each.low, each.high], color=ONE, linewidth=1.8)
        axes.plot(x, [each.mean for each in residuals.bins], "o", color=ONE, markersize=5,
                  markeredgecolor=PAPER)  # fmt: skip
        axes.set_xlabel("prediction")
        axes.set_ylabel("truth less prediction")
    return sheet.svg


def draw_residual_histogram(residuals: Residuals) -> str:
    """Draw how far predictions are off, beside the baseline."""
    edges = np.array(residuals.edges)
    with draw("How far predictions are off, beside the baseline") as sheet:
        axes = sheet.axes
        axes.stairs(residuals.baseline_counts, edges, color=MUTED, linewidth=1.4)
        axes.stairs(residuals.counts, edges, color=ONE, fill=True, alpha=0.35)
        axes.stairs(residuals.counts, edges, color=ONE, linewidth=1.8)
        axes.text(0.98, 0.95, "this model", color=ONE, weight="bold", ha="right", va="top",
                  transform=axes.transAxes)  # fmt: skip
        axes.text(0.98, 0.87, "baseline", color=MUTED, ha="right", va="top",
                  transform=axes.transAxes)  # fmt: skip
        axes.set_xlabel("truth less prediction")
        axes.set_ylabel("rows of the holdout")
    return sheet.svg


def draw_coverage(residuals: Residuals, declared: float) -> str:
    """Draw which share of true values the interval holds, along the predictions."""
    with draw("Share of true values in the interval", height=2.8) as sheet:
        axes = sheet.axes
        axes.axhline(declared, color=MUTED, linewidth=1, linestyle=(0, (2, 3)))
        for each in residuals.bins:
            if each.covered is None or each.covered_interval is None:
                continue
            axes.plot([each.prediction] * 2, each.covered_interval, color=ONE, alpha=0.55)
            axes.plot([each.prediction], [each.covered], "o", color=ONE, markersize=5,
                      markeredgecolor=PAPER)  # fmt: skip
        axes.set_ylim(top=1.02)
        axes.set_xlabel("prediction")
        axes.set_ylabel("share in the interval")
    return sheet.svg


def draw_histogram(histogram: Histogram) -> str:
    """Draw the shares of one column's bins: filled now, an outline before."""
    kept = [
        place
        for place, label in enumerate(histogram.labels)
        if label not in ("missing", "all others") or _is_seen(histogram, place)
    ]
    if not histogram.edges and len(kept) > _MAX_LEVELS:
        kept = kept[: _MAX_LEVELS - 2] + kept[-2:]
    now = [histogram.now[place] for place in kept]
    old = histogram.before
    with draw(f"Shares of {shorten(histogram.column)}", width=3.7, height=2.1) as sheet:
        axes = sheet.axes
        places = range(len(kept))
        axes.bar(places, now, width=0.92, color=ONE, alpha=0.4)
        if old is not None:
            for place, share in zip(places, [old[each] for each in kept], strict=True):
                axes.plot([place - 0.46, place + 0.46], [share] * 2, color=TWO, linewidth=2.2)
        _name_bins(axes, histogram, kept)
        axes.yaxis.set_major_locator(MaxNLocator(3))
        axes.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
        axes.set_xlim(-0.6, len(kept) - 0.4)
        axes.set_ylim(bottom=0)
        axes.grid(visible=False, axis="x")
        axes.tick_params(axis="x", length=0)
    return sheet.svg


def draw_both(first: str, second: str, pairs: Sequence[tuple[str, float, float]]) -> str:
    """Draw one number of two models side by side for each name, such as importances."""
    with _draw_rows(f"{first} and {second}", len(pairs)) as sheet:
        axes = sheet.axes
        for place, (_, before, now) in enumerate(pairs):
            axes.plot([before, now], [place] * 2, color=GRID, linewidth=3)
            for value, colour in ((before, SERIES[1]), (now, SERIES[0])):
                axes.plot([value], [place], "o", color=colour, markersize=7, markeredgecolor=PAPER)
        _name_rows(axes, [shorten(name, 28) for name, _, _ in pairs])
        for place, (name, colour) in enumerate(((second, SERIES[0]), (first, SERIES[1]))):
            axes.annotate(name, (1, 0), xycoords="axes fraction", xytext=(-4, 6 + 14 * place),
                          textcoords="offset points", color=colour, weight="bold",
                          ha="right")  # fmt: skip
        axes.xaxis.set_major_locator(MaxNLocator(5))
    return sheet.svg


def _draw_rows(description: str, rows: int, *, extra: float = 0.9) -> AbstractContextManager[Sheet]:
    return draw(description, height=extra + _ROW_IN * max(rows, 2))


def _name_rows(axes: Axes, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), names, color=INK)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)


def _is_seen(histogram: Histogram, place: int) -> bool:
    return histogram.now[place] > 0 or bool(histogram.before and histogram.before[place] > 0)


def _name_bins(axes: Axes, histogram: Histogram, kept: Sequence[int]) -> None:
    """Name categories under their bars, and numbers at the borders between bins."""
    if not histogram.edges:
        labels = [shorten(histogram.labels[place], 12) for place in kept]
        steep = sum(len(label) for label in labels) > 34
        axes.set_xticks(range(len(kept)), labels, rotation=45 if steep else 0,
                        ha="right" if steep else "center", fontsize=8)  # fmt: skip
        return
    borders = len(histogram.edges)
    step = max(1, borders // 4)
    places = [place + 0.5 for place in range(0, borders, step)]
    labels = [tell_number(histogram.edges[place]) for place in range(0, borders, step)]
    if "missing" in (histogram.labels[place] for place in kept):
        places, labels = [*places, len(kept) - 1], [*labels, "missing"]
    axes.set_xticks(places, labels, fontsize=8)

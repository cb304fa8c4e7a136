"""A comparison as a page: what two models are worth, where they differ, and what they look like."""

from collections.abc import Iterator
from typing import Final

from training.report import dot_plots, plots
from training.report.blocks import (
    Block,
    Cell,
    Document,
    Figure,
    Highlight,
    Section,
    Table,
    Text,
    tell_interval,
    tell_name,
    tell_number,
)
from training.report.compare import Pair, Side, find_better
from training.report.findings import HEADLINES, rank_metric
from training.report.histograms import compare_profiles
from training.report.svg import ONE, TWO

MAX_SLICES: Final = 15
MAX_HISTOGRAMS: Final = 24
MAX_CURVES: Final = 3


def name_sides(pair: Pair) -> tuple[str, str]:
    """Return short names of the two: their versions, or the beginnings of their runs."""
    return pair.first.facts.short_name, pair.second.facts.short_name


def write_comparison(pair: Pair) -> Document:
    """Write a comparison of two runs."""
    first, second = name_sides(pair)
    return Document(
        title=f"{pair.second.facts.manifest.model}: {second} against {first}",
        lead=f"{pair.note} Differences are {second} less {first}.",
        highlights=tuple(_find_highlights(pair)),
        sections=(
            Section("Metrics", tuple(_tell_metrics(pair))),
            Section("Curves", tuple(_draw_sides(pair))),
            Section("Slices and columns", tuple(_tell_slices(pair))),
            Section("Gate", (tabulate_verdicts(pair),)),
            Section("What they were made of", (tabulate_changes(pair),)),
            Section("Distribution of the columns", tuple(_draw_columns(pair))),
        ),
    )


def tabulate_differences(pair: Pair) -> Table:
    """List every metric of both, with the paired difference."""
    first, second = name_sides(pair)
    better = ("neither", first, second)
    rows: list[list[Cell]] = [
        [
            tell_name(name),
            each.first,
            each.second,
            each.difference,
            tell_interval(each.interval),
            better[find_better(name, each)],
        ]
        for name, each in sorted(pair.differences.items(), key=lambda each: rank_metric(each[0]))
    ]
    return Table(
        "",
        ("metric", first, second, "difference", "95% interval, paired", "better beyond chance"),
        rows,
    )


def tabulate_verdicts(pair: Pair) -> Table:
    """List the gate's rules with both values; a rule is known by its setting, or its words."""
    first, second = name_sides(pair)
    sides = [
        {rule.setting or rule.rule: rule for rule in side.facts.gate.rules}
        for side in (pair.first, pair.second)
    ]
    rows: list[list[Cell]] = []
    for key in dict.fromkeys([*sides[1], *sides[0]]):
        found = [side.get(key) for side in sides]
        told = next(rule for rule in reversed(found) if rule is not None)
        cells: list[Cell] = [told.rule]
        for rule in found:
            cells += [None, None] if rule is None else [float(rule.value), rule.passed]
        rows.append(cells)
    return Table(
        "", ("rule", first, "passed", second, "passed"), rows, verdicts=True,
        note="A rule with no value was not asked of that run.",
    )  # fmt: skip


def tabulate_changes(pair: Pair) -> Table:
    """List what decided the one model and not the other."""
    first, second = name_sides(pair)
    return Table(
        "",
        ("what", first, second),
        [[each.what, each.first, each.second] for each in pair.changes],
        note="" if pair.changes else "They were made of the same, so their bundles are the same.",
    )


def _find_highlights(pair: Pair) -> Iterator[Highlight]:
    for name in HEADLINES:
        if name in pair.differences:
            each = pair.differences[name]
            sign = "+" if each.difference > 0 else ""
            yield Highlight(
                tell_name(name),
                f"{sign}{tell_number(each.difference)}",
                f"{tell_number(each.first)} to {tell_number(each.second)}",
            )


def _tell_metrics(pair: Pair) -> Iterator[Block]:
    yield tabulate_differences(pair)
    if pair.rows is not None:
        yield Text(
            "Intervals of differences are paired: both models are measured on the same resamples,"
            " so that what is hard for both does not hide what one does better."
        )


def _draw_sides(pair: Pair) -> Iterator[Block]:
    names, sides = name_sides(pair), (pair.first, pair.second)
    labels = [curve.label for curve in pair.second.curves]
    for label in labels[:MAX_CURVES]:
        of = "" if len(labels) == 1 else f" {label} against the rest."
        for title, metric, draw in (
            ("ROC curves.", "roc_auc", plots.draw_roc),
            ("Precision-recall curves.", "pr_auc", plots.draw_precision_recall),
        ):
            lines = [
                line
                for side, name, colour in zip(sides, names, (TWO, ONE), strict=True)
                if (line := _find_line(side, label, name, colour, pair, metric)) is not None
            ]
            yield Figure(title, draw(lines), f"{of} Bands hold 95% of resampled curves.".strip())
    for side, name, colour in zip(sides, names, (TWO, ONE), strict=True):
        if side.reliability:
            yield Figure(
                f"Reliability of {name}.",
                plots.draw_reliability(side.reliability, colour),
                "With 95% intervals (Wilson); dotted: as promised.",
            )
    for side, name in zip(sides, names, strict=True):
        residuals = side.facts.report.residuals
        if residuals is not None:
            half_width = side.facts.report.interval_half_width
            yield Figure(
                f"Residuals of {name}.",
                dot_plots.draw_residuals(residuals, half_width=half_width),
                "On its own holdout; dotted: the prediction's interval.",
            )


def _find_line(
    side: Side, label: str, name: str, colour: str, pair: Pair, metric: str
) -> plots.Line | None:
    curve = next((each for each in side.curves if each.label == label), None)
    if curve is None:
        return None
    score = None
    if metric in pair.differences:
        each = pair.differences[metric]
        score = each.first if side is pair.first else each.second
    return plots.Line(name, curve, colour, score, side.facts.manifest.decision_threshold)


def _tell_slices(pair: Pair) -> Iterator[Block]:
    first, second = name_sides(pair)
    before = {(each.column, each.value): each for each in pair.first.facts.report.slices}
    both = [
        (each, before[each.column, each.value])
        for each in pair.second.facts.report.slices
        if (each.column, each.value) in before
    ]
    both.sort(key=lambda pair_: pair_[1].loss - pair_[0].loss)
    rows: list[list[Cell]] = [
        [now.column, now.value, now.rows, old.loss, now.loss, now.loss - old.loss]
        for now, old in both
    ]
    if both:
        yield Figure(
            "Loss of the slices that became worse the most.",
            dot_plots.draw_both(
                first,
                second,
                [
                    (f"{now.column}: {now.value}", old.loss, now.loss)
                    for now, old in both[:MAX_SLICES]
                ],
            ),
            "Each on its own holdout, as it was judged; lower is better.",
        )
    old_importances = {each.column: each.increase for each in pair.first.facts.report.importances}
    shared = [
        (each.column, old_importances[each.column], each.increase)
        for each in pair.second.facts.report.importances
        if each.column in old_importances
    ]
    if shared:
        yield Figure(
            "What they go by.",
            dot_plots.draw_both(first, second, shared[:MAX_SLICES]),
            "Increase of the loss when a column is shuffled.",
        )
    yield Table(
        "Slices that both have, those that became worse first",
        ("column", "value", f"rows in {second}", first, second, "difference"),
        rows,
    )


def _draw_columns(pair: Pair) -> Iterator[Block]:
    first, second = name_sides(pair)
    profiles = [side.facts.manifest.profile for side in (pair.first, pair.second)]
    *columns, output = compare_profiles(profiles[1], profiles[0])
    yield Text(
        f"Blue bars: training rows of {second}; orange lines: of {first}. Most changed first."
    )
    for each in (*columns[:MAX_HISTOGRAMS], output):
        change = "" if each.change is None else f"Change (PSI): {tell_number(each.change)}."
        title = "Score of the model" if each is output else each.column
        yield Figure(f"{title}.", dot_plots.draw_histogram(each), change, small=True)

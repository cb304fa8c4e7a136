"""Judges scaling and binning by what must hold for every column, and for rows that come later."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curriculum.checker.bench import Bench, Case
from curriculum.checker.results import Failure
from curriculum.material.answers import read_fields, read_numbers
from curriculum.material.churn import churn
from training.data.simulator import NORMAL

ROWS, HIDDEN = 400, 150
BINS = 8
Array = NDArray[np.float64]
PARTS = {"trained": "training row", "hidden": "hidden row", "alone": "a hidden row, alone,"}


def prepare(bench: Bench) -> list[Case]:
    """Make columns: many values and gaps, few values, only one, and a day in cents."""
    chance = np.random.default_rng([bench.seed, 203])
    known = churn(ROWS, seed=bench.seed).X
    later = churn(HIDDEN, seed=bench.seed, start=ROWS).X
    cents = churn(HIDDEN, seed=bench.seed, start=ROWS, world=replace(NORMAL, amounts_factor=100.0))
    cases = [
        make_case(f"{name}: {words}", known[name].to_numpy(float), table[name].to_numpy(float))
        for name, words, table in (
            ("usage_hours", "many values, and gaps", later),
            ("monthly_bill", "on the day when euros became cents", cents.X),
            ("overdue_balance", "nothing for most, much for some", later),
            ("late_payments", "few values", later),
            ("autopay", "yes or no", later),
        )
    ]
    price = make_constant(chance)
    hidden = np.where(chance.random(HIDDEN) < 0.5, price, price + 1.0)
    cases.append(make_case("a column of one value, until yesterday", np.full(ROWS, price), hidden))
    return cases


def make_constant(chance: np.random.Generator) -> float:
    """Find a price whose mean over the rows is a hair away from it."""
    while True:
        price = float(chance.integers(1, 9999)) / 100
        if np.full(ROWS, price).std() > 0:
            return price


def make_case(name: str, x: Array, hidden: Array) -> Case:
    """Begin the hidden rows with one that has a value."""
    first = int(np.flatnonzero(~np.isnan(hidden))[0])
    return Case(name, (x, np.roll(hidden, -first), BINS))


def judge(case: Case, answer: object) -> Failure | None:
    """Look at the shapes, at the scale, at the bins."""
    x, hidden, bins = case.arguments
    columns = {"trained": x, "hidden": hidden, "alone": hidden[:1]}
    failure = read_fields(answer, columns, where="What `transform` returns.")
    if failure or not isinstance(answer, dict):
        return failure
    scaled: dict[str, Array] = {}
    binned: dict[str, Array] = {}
    for part, values in columns.items():
        failure = read_fields(answer[part], ("scaled", "bin"), where="What `transform` returns.")
        if failure:
            return failure
        for name, found in (("scaled", scaled), ("bin", binned)):
            what = f"`{name}`, one number for each {PARTS[part].strip(',')}"
            where = "Missing values, and a column of one value: what becomes of them?"
            read = read_numbers(answer[part][name], values.shape, what=what, where=where)
            if isinstance(read, Failure):
                return read
            found[part] = read
    return judge_scale(columns, scaled) or judge_bins(columns, binned, bins)


def judge_scale(columns: Mapping[str, Array], scaled: Mapping[str, Array]) -> Failure | None:
    """Return a failure when rows are not moved and stretched as the training rows ask for."""
    known = columns["trained"][~np.isnan(columns["trained"])]
    mean, spread = float(known.mean()), float(known.std())
    if np.ptp(known) == 0:
        spread = np.inf  # any stretch will do, if training rows come to 0
    for part, values in columns.items():
        missing = np.isnan(values)
        right = np.where(missing, 0.0, (values - mean) / spread)
        if spread == np.inf:
            right = np.where(values == known[0], 0.0, scaled[part])
        wrong = np.abs(scaled[part] - right) > 0.01 * np.abs(right) + 1e-6
        if spread == np.inf and not wrong.any():
            # A value that nobody has seen may be large, but no larger than its distance times 1000.
            wrong = np.abs(scaled[part]) > 1000.0 * np.abs(values - known[0]) + 1e-6
        if not wrong.any():
            continue
        row = int(np.flatnonzero(wrong)[0])
        return Failure(
            expected=f"{PARTS[part]} {row}: scaled = {right[row]:.4f}",
            observed=f"{scaled[part][row]:.6g}",
            where=tell_scale(part, missing=bool(missing[row]), constant=spread == np.inf),
        )
    return None


def tell_scale(part: str, *, missing: bool, constant: bool) -> str:
    """Say what a wrong scale usually comes from."""
    if missing:
        return "A missing value becomes 0, the mean: it says neither much nor little."
    if constant:
        return (
            "All training values are equal; what is left of their spread is nothing but rounding. "
            "Dividing by it turns rounding into a signal."
        )
    if part == "trained":
        return (
            "All columns are to come out with the same mean and spread: mean 0, standard deviation "
            "1, over the known values of the training rows."
        )
    return (
        "The training rows are right, so these are on a scale of their own. What moves and "
        "stretches is learned in `fit`, or today's rows hide what is new about them."
    )


def judge_bins(
    columns: Mapping[str, Array], binned: Mapping[str, Array], bins: int
) -> Failure | None:
    """Return a failure when bins have gaps, are out of order, uneven, or miss somebody."""
    x, own = columns["trained"], binned["trained"]
    for part, values in columns.items():
        failure = judge_order(values, binned[part], PARTS[part])
        if failure:
            return failure
    known = own[~np.isnan(x)]
    found, counts = np.unique(known, return_counts=True)
    values = np.unique(x[~np.isnan(x)])
    if len(found) > bins or (len(values) > 1 and len(found) < 2):
        return Failure(
            expected=f"from {min(2, len(values))} to {bins} bins",
            observed=f"{len(found)} in the training rows",
            where="As many bins as `fit` is told, and fewer only where equal values leave no more.",
        )
    most = 2 * len(known) / bins
    if len(values) == len(known) or len(values) > 10 * bins:
        alone = np.bincount(np.searchsorted(values, x[~np.isnan(x)])).max()
        if counts.max() > max(most, 1.2 * alone + len(known) / bins):
            return Failure(
                expected=f"about {len(known) / bins:.0f} training rows in each bin",
                observed=f"{counts.max()} in the fullest, {counts.min()} in the emptiest",
                where="Equal widths put nearly everybody into the first bins, and give the last "
                "one to a handful: a few far values decide all edges. Count rows, not euros.",
            )
    if not np.array_equal(found, np.arange(len(found))):
        gap = next(place for place in range(bins + 1) if place not in found)
        return Failure(
            expected="bins from 0 on, without a gap",
            observed=f"bin {gap} holds no training row",
            where="An edge at the smallest or largest value, or two equal ones, make a bin for "
            "nobody: a weight for it is learned from no training row.",
        )
    return judge_later(columns, binned, len(found))


def judge_order(values: Array, told: Array, part: str) -> Failure | None:
    """Return a failure when a larger value is in an earlier bin, or equal values are apart."""
    missing = np.isnan(values)
    if (told[missing] != -1).any():
        row = int(np.flatnonzero(missing & (told != -1))[0])
        where = "Nobody knows where a missing value belongs: -1."
        return Failure(expected=f"{part} {row}: bin -1", observed=f"{told[row]:g}", where=where)
    if (told[~missing] < 0).any() or (told % 1 != 0).any():
        row = int(np.flatnonzero((~missing & (told < 0)) | (told % 1 != 0))[0])
        return Failure(
            expected=f"{part} {row}: a bin, for the value is known",
            observed=f"{told[row]:g}",
            where="A value beyond the edges is the largest or smallest so far, not unknown: it "
            "belongs into the last or the first bin.",
        )
    order = np.argsort(values[~missing], kind="stable")
    ranked, places = values[~missing][order], told[~missing][order]
    step = np.diff(places)
    back = (step < 0) | ((np.diff(ranked) == 0) & (step != 0))
    if back.any():
        place = int(np.flatnonzero(back)[0])
        return Failure(
            expected="a larger value in the same bin or a later one, equal values in the same",
            observed=f"bin {places[place]:g}, and then bin {places[place + 1]:g}",
            where="Bins follow the values, not the order of the rows.",
        )
    return None


def judge_later(
    columns: Mapping[str, Array], binned: Mapping[str, Array], count: int
) -> Failure | None:
    """Return a failure when hidden rows do not go where training rows of their value went."""
    x, own = columns["trained"], binned["trained"]
    tops = [float(np.max(x[own == place])) for place in range(count)]
    lows = [float(np.min(x[own == place])) for place in range(count)]
    for part in ("hidden", "alone"):
        values, told = columns[part], binned[part]
        known = np.flatnonzero(~np.isnan(values))
        for row in known.tolist():
            place = int(told[row])
            # Between the bins below and above: where exactly an edge lies is the learner's.
            low = tops[place - 1] if 0 < place < count else -np.inf
            high = lows[place + 1] if place + 1 < count else np.inf
            if place >= count or not low < values[row] < high:
                return Failure(
                    expected=f"{PARTS[part]} {row}: the bin in which training rows like it are",
                    observed=f"bin {place} of {count}",
                    where="The edges are learned in `fit`. Beyond them, the first and the last bin "
                    "go on for ever.",
                )
    return None


def measure(cases: Sequence[Case], answers: Sequence[object]) -> Mapping[str, float]:
    """Keep how far the bills in cents lie from the training rows."""
    found: dict[str, Any] = {case.name: answer for case, answer in zip(cases, answers, strict=True)}
    cents = next(answer for name, answer in found.items() if "cents" in name)
    return {"largest_scaled_bill_in_cents": round(float(np.max(cents["hidden"]["scaled"])), 1)}

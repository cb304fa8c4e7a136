"""Judges `find_interval`: against many resamples of its own, on rows that are and are not alone."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curriculum.checker.bench import Bench, Case, plain
from curriculum.checker.results import Failure
from curriculum.material.answers import read_fields, read_numbers
from curriculum.material.bills import bills
from curriculum.material.churn import churn

ROWS, MONTHS, RESAMPLES = 240, 6, 800
# Of the right width: what a few hundred resamples may be off by chance, and with room.
TOLERANCE = 0.25
Array = NDArray[np.float64]


def prepare(bench: Bench) -> list[Case]:
    """Make holdouts of single rows, of customers with six rows, of few who left."""
    chance = np.random.default_rng([bench.seed, 305])
    made = churn(ROWS, seed=bench.seed)
    left, probability = made.y.astype(np.float64), made.probability
    alone = {"left": left, "probability": probability}
    paid = bills(ROWS, seed=bench.seed)
    bill = {"actual": paid.y.astype(np.float64), "predicted": paid.mean}
    whose, months = make_months(chance)
    few = make_few(chance)
    order = np.arange(ROWS)
    return [
        make_case("the Brier score of single customers", bench, "brier", alone, order),
        make_case("the middle distance of bills", bench, "median", bill, order),
        make_case("customers with six rows each", bench, "brier", months, whose),
        make_case("a recall, where few left", bench, "recall", few, np.arange(len(few["left"]))),
    ]


def make_months(chance: np.random.Generator) -> tuple[NDArray[np.int64], dict[str, Array]]:
    """Make customers with six rows each, of which the outcome is the same, in no order."""
    made = churn(ROWS // 3, seed=int(chance.integers(2**31)))
    whose = chance.permutation(np.repeat(np.arange(ROWS // 3) * 7, MONTHS))
    customer = whose // 7
    shifted = made.probability[customer] + chance.normal(0, 0.02, len(whose))
    columns = {
        "left": made.y[customer].astype(np.float64),
        "probability": np.clip(shifted, 0.0, 1.0),
    }
    return whose, columns


def make_few(chance: np.random.Generator) -> dict[str, Array]:
    """Make 60 customers of whom six left; four of these were found."""
    left = np.zeros(60)
    left[:6] = 1.0
    probability = chance.uniform(0.05, 0.45, 60)
    probability[:4] = 0.8
    order = chance.permutation(60)
    return {"left": left[order], "probability": probability[order]}


def make_case(
    name: str,
    bench: Bench,
    metric: str,
    columns: dict[str, Array],
    customers: NDArray[np.int64],
) -> Case:
    """Make a case, and work out the interval by weights instead of rows."""
    # The same seed twice for the first of them; each call takes its time.
    seeds = [bench.seed % 1000] * (2 if metric == "brier" and len(set(customers)) == ROWS else 1)
    draws = np.random.default_rng([bench.seed, 306])
    places = np.unique(customers, return_inverse=True)[1]
    units = int(places.max()) + 1
    drawn = draws.multinomial(units, np.full(units, 1 / units), RESAMPLES)[:, places]
    single = draws.multinomial(len(places), np.full(len(places), 1 / len(places)), RESAMPLES)
    expected = {
        "value": measure_weighted(metric, columns, np.ones((1, len(places))))[0],
        "interval": find_ends(measure_weighted(metric, columns, drawn)),
        "by_rows": find_ends(measure_weighted(metric, columns, single)),
    }
    return Case(name, (metric, columns, customers, seeds), expected)


def measure_weighted(metric: str, columns: Mapping[str, Array], weights: Any) -> Array:  # noqa: ANN401
    """Measure a metric for each row of weights: how often each row was drawn."""
    if metric == "median":
        far = np.abs(columns["actual"] - columns["predicted"])
        order = np.argsort(far)
        total = weights[:, order].cumsum(axis=1)
        half = total[:, -1:] / 2
        upper = far[order][np.argmax(total > half, axis=1)]
        lower = far[order][np.argmax(total >= half, axis=1)]
        return np.asarray((lower + upper) / 2)
    if metric == "recall":
        gone = columns["left"] == 1
        found = gone & (columns["probability"] >= 0.5)
        among = weights @ gone
        return np.asarray(
            np.divide(weights @ found, among, out=np.full(len(among), np.nan), where=among > 0)
        )
    squared = (columns["probability"] - columns["left"]) ** 2
    return np.asarray(weights @ squared / weights.sum(axis=1))


def find_ends(values: Array) -> tuple[float, float]:
    """Return the 95% percentile interval."""
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return float(low), float(high)


def judge(case: Case, answer: object) -> Failure | None:
    """Look at the shape, the repetition, then the width and the ends."""
    right = case.expected
    answer = plain(answer)
    failure = read_fields(answer, ("found", "other"), where="What is returned.")
    if failure or not isinstance(answer, dict):
        return failure
    ends = []
    for told in (*answer["found"], answer["other"]):
        read = read_numbers(told, (2,), what="(low, high)", where="What `find_interval` returns.")
        if isinstance(read, Failure):
            return read
        ends.append(read)
    return judge_ends(ends[0], right) or judge_seeds(ends[:-1]) or judge_ends(ends[-1], right)


def judge_seeds(ends: Sequence[Array]) -> Failure | None:
    """Return a failure when one seed gives two intervals."""
    if all(np.array_equal(ends[0], each) for each in ends):
        return None
    return Failure(
        expected="the same interval from the same seed",
        observed="two different ones",
        where="Make one generator from `seed` inside of `find_interval` only.",
    )


def judge_ends(ends: Array, right: Mapping[str, Any]) -> Failure | None:
    """Compare an interval with the right one, by its own width."""
    low, high = right["interval"]
    width, told = high - low, float(ends[1] - ends[0])
    room = TOLERANCE * width
    if abs(ends[0] - low) <= room and abs(ends[1] - high) <= room:
        return None
    by_rows = right["by_rows"][1] - right["by_rows"][0]
    if told < 1e-9:
        where = (
            "There is no room for chance in it. Shuffled rows are the same rows: draw with "
            "replacement, so that some come twice and some not at all."
        )
    elif told > 4 * width:
        where = (
            "This is where single rows lie, or resamples of very few. A metric of many rows moves "
            "far less than its rows do: measure it on resamples as large as the holdout."
        )
    elif told > 1.6 * width:
        where = (
            "Each resample draws too few: a metric of fewer rows moves more. Draw as many "
            "customers as there are."
        )
    elif by_rows < 0.7 * width and abs(told - by_rows) < 0.25 * by_rows:
        where = (
            "One customer is one piece of evidence, however many rows she has. Draw customers, "
            "with all their rows."
        )
    else:
        where = (
            "Draw customers with replacement, as many as there are; measure; repeat some hundred "
            "times; take the values at 2.5% and 97.5%."
        )
    return Failure(
        expected=f"about {low:.4f} to {high:.4f} around {right['value']:.4f}",
        observed=f"{float(ends[0]):.4f} to {float(ends[1]):.4f}",
        where=where,
    )


def measure(cases: Sequence[Case], answers: Sequence[object]) -> Mapping[str, float]:
    """Keep how much wider the interval is when customers are drawn instead of rows."""
    right, told = cases[2].expected, plain(answers[2])["found"][0]
    by_rows = right["by_rows"][1] - right["by_rows"][0]
    return {"wider_than_by_rows": round(float(told[1] - told[0]) / by_rows, 2)}

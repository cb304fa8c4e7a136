"""Judges three functions: the error, a sigmoid by its slopes, and steps by what pooling gives."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression

from curriculum.checker.bench import Bench, Case, plain
from curriculum.checker.results import Failure
from curriculum.material.answers import read_fields, read_numbers
from curriculum.material.churn import churn

ROWS, HIDDEN, BINS = 500, 400, 10
SLOPE = 0.004
Array = NDArray[np.float64]


def prepare(bench: Bench) -> list[Case]:
    """Make scores that are too sure, on another scale, coarse, and bent."""
    chance = np.random.default_rng([bench.seed, 308])
    made = churn(ROWS + HIDDEN, seed=bench.seed)
    odds = np.log(made.probability / (1 - made.probability))
    steps = (odds * 2).round() / 2
    bent = np.sign(odds) * np.abs(odds) ** 2
    return [
        make_case("a model that is too sure", 3.0 * odds, made.y),
        make_case("points from 0 to 1,000", np.clip(500 + 90 * odds, 0, 1000), made.y, 500, 90),
        make_case("a few different scores", 2.0 * steps, made.y),
        make_case("scores that are bent", bent + chance.normal(0, 0.1, len(odds)), made.y),
    ]


def make_case(
    name: str, scores: Array, y: NDArray[np.int64], start: float = 0, scale: float = 1
) -> Case:
    """Cut rows into those to calibrate on and hidden ones; two new scores lie beyond all."""
    known, truth = scores[:ROWS], y[:ROWS].astype(np.int64)
    far = [known.min() - 3 * known.std(), known.max() + 3 * known.std()]
    new = np.append(scores[ROWS:], far)
    promised = 1 / (1 + np.exp(-np.clip((known - start) / scale, -30, 30)))
    promised[:2] = (1.0, 0.3)
    return Case(name, (known, truth, new, promised), y[ROWS:].astype(np.int64))


def judge(case: Case, answer: object) -> Failure | None:
    """Look at the error, then at the sigmoid, then at the steps."""
    scores, truth, new, promised = case.arguments
    answer = plain(answer)
    names = ("error", "platt_known", "platt_new", "isotonic_known", "isotonic_new")
    failure = read_fields(answer, names, where="What is returned.")
    if failure or not isinstance(answer, dict):
        return failure
    error = read_numbers(
        answer["error"], (), what="one number", where="What `calibration_error` returns."
    )
    if isinstance(error, Failure):
        return error
    failure = judge_error(float(error), promised, truth)
    if failure:
        return failure
    found: dict[str, Array] = {}
    for name in names[1:]:
        method, _, rows = name.partition("_")
        count = len(scores) if rows == "known" else len(new)
        where = f"What `{method}` returns; for {rows} scores."
        if rows == "new":
            where += " Some of them lie beyond the known scores: they need an answer, too."
        read = read_numbers(
            answer[name], (count,), what="one probability for each score", where=where
        )
        if isinstance(read, Failure):
            return read
        if read.min() < 0 or read.max() > 1:
            return Failure(
                expected="probabilities from 0 to 1",
                observed=f"{read.min():.3f} to {read.max():.3f}",
                where=where,
            )
        found[name] = read
    return (
        judge_platt(found["platt_known"], scores, truth)
        or judge_new("platt", found["platt_new"], sigmoid(scores, truth, new))
        or judge_isotonic(found["isotonic_known"], scores, truth)
        or judge_new("isotonic", found["isotonic_new"], pool(scores, truth, new))
    )


def measure_error(promised: Array, truth: NDArray[np.int64]) -> tuple[float, float]:
    """Return the error, and what it is when each bin counts the same."""
    places = np.minimum((promised * BINS).astype(int), BINS - 1)
    gaps, rows = [], []
    for place in range(BINS):
        inside = places == place
        if inside.any():
            gaps.append(abs(float(promised[inside].mean() - truth[inside].mean())))
            rows.append(int(inside.sum()))
    return float(np.average(gaps, weights=rows)), float(np.mean(gaps))


def judge_error(told: float, promised: Array, truth: NDArray[np.int64]) -> Failure | None:
    """Compare the expected calibration error."""
    right, unweighted = measure_error(promised, truth)
    if abs(told - right) <= 1e-6:
        return None
    if abs(told - unweighted) <= 1e-6:
        where = "Bins with many rows count for more: weigh each gap by its bin's share of the rows."
    elif abs(told - abs(float(promised.mean() - truth.mean()))) <= 1e-6:
        where = (
            "A score is no promise yet, and a mean hides it: too much for some and too little for "
            "others cancel. Compare bin by bin."
        )
    else:
        where = "Ten bins of equal width; the left end belongs to a bin, 1.0 to the last one."
    return Failure(expected=f"calibration_error = {right:.5f}", observed=f"{told:.5f}", where=where)


def sigmoid(scores: Array, truth: NDArray[np.int64], new: Array) -> Array:
    """Return the probabilities of the sigmoid with the smallest log loss."""
    middle, spread = float(scores.mean()), float(scores.std())
    columns = np.column_stack([np.ones(len(scores)), (scores - middle) / spread])
    weights = np.zeros(2)
    for _ in range(40):
        p = 1 / (1 + np.exp(-np.clip(columns @ weights, -500, 500)))
        bend = (columns * (p * (1 - p))[:, None]).T @ columns + 1e-9 * np.eye(2)
        weights = weights - np.linalg.solve(bend, columns.T @ (p - truth))
    z = weights[0] + weights[1] * (new - middle) / spread
    return np.asarray(1 / (1 + np.exp(-np.clip(z, -500, 500))))


def pool(scores: Array, truth: NDArray[np.int64], new: Array) -> Array:
    """Return the probabilities of the best steps that never fall."""
    steps = IsotonicRegression(out_of_bounds="clip").fit(scores, truth)
    return np.asarray(steps.predict(new), np.float64)


def judge_platt(p: Array, scores: Array, truth: NDArray[np.int64]) -> Failure | None:
    """Return a failure when the log loss still has a slope."""
    scaled = (scores - scores.mean()) / scores.std()
    level, slope = float(np.mean(p - truth)), float(np.mean(scaled * (p - truth)))
    if abs(level) <= SLOPE and abs(slope) <= SLOPE:
        return None
    if abs(level) > SLOPE:
        return Failure(
            expected=f"platt: a mean probability of {truth.mean():.3f}, the share that came true",
            observed=f"{p.mean():.3f}",
            where="The start of the sigmoid is not where the log loss is smallest.",
        )
    sure = "too sure" if slope > 0 else "not sure enough"
    return Failure(
        expected="platt: errors that have nothing to do with the score any more",
        observed=f"probabilities that are {sure}",
        where="A start alone moves all scores, and stretches none. The slope is to be fitted, too, "
        "until the log loss is smallest.",
    )


def judge_isotonic(p: Array, scores: Array, truth: NDArray[np.int64]) -> Failure | None:
    """Compare the steps with those of pooling."""
    right = pool(scores, truth, scores)
    if np.allclose(p, right, atol=1e-6):
        return None
    order = np.argsort(scores, kind="stable")
    falls = bool((np.diff(p[order]) < -1e-9).any())
    known, place = np.unique(scores, return_inverse=True)
    shares = np.bincount(place, weights=truth) / np.bincount(place)
    loss, best = (float(np.mean((each - truth) ** 2)) for each in (p, right))
    if falls:
        where = (
            "It falls somewhere. After joining two blocks look back: The joined block may be below "
            "the one before it, and then these two are to be joined as well."
        )
    elif np.allclose(p, np.maximum.accumulate(shares)[place], atol=1e-6):
        where = (
            "Each is as high as the highest before: one lucky row at a low score lifts all others. "
            "Rows that contradict each other meet at their common mean."
        )
    else:
        where = "Join blocks that are not in order to their common mean, weighted by their rows."
    return Failure(
        expected=f"isotonic: a squared error of {best:.5f} over {len(known)} different scores, "
        "and steps that never fall",
        observed=f"{loss:.5f}" + (", and steps that fall" if falls else ""),
        where=where,
    )


def judge_new(method: str, p: Array, right: Array) -> Failure | None:
    """Compare the probabilities of new scores."""
    far = int(np.abs(p - right).argmax())
    if abs(p[far] - right[far]) <= (0.02 if method == "platt" else 1e-6):
        return None
    return Failure(
        expected=f"{method}: {right[far]:.4f} for a new score",
        observed=f"{p[far]:.4f}",
        where="The known scores are right. For new ones take what was fitted on the known ones; "
        "isotonic runs in a straight line between two known scores.",
    )


def measure(cases: Sequence[Case], answers: Sequence[object]) -> Mapping[str, float]:
    """Keep the error on hidden rows, before and after."""
    scores, _truth, new, _promised = cases[0].arguments
    hidden, told = cases[0].expected, plain(answers[0])
    before = 1 / (1 + np.exp(-np.clip(new[:-2], -30, 30)))
    return {
        "hidden_error_before": round(measure_error(before, hidden)[0], 4),
        **{
            f"hidden_error_{name}": round(
                measure_error(np.asarray(told[f"{name}_new"], float)[:-2], hidden)[0], 4
            )
            for name in ("platt", "isotonic")
            if len(scores)
        },
    }

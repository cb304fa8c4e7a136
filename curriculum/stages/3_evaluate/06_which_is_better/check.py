"""Judges `compare`: pairs of the same rows, many challengers, gains that are not worth it."""

from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curriculum.checker.bench import Bench, Case, plain
from curriculum.checker.results import Failure
from curriculum.material.agreement import agree, show_value
from curriculum.material.answers import read_fields
from curriculum.material.churn import churn

ROWS, MANY = 600, 20
# Of an interval's width: room for a bootstrap.
ROOM = 0.12
Array = NDArray[np.float64]


def prepare(bench: Bench) -> list[Case]:
    """Make challengers that are better, lucky, better by nothing worth having, and worse."""
    chance = np.random.default_rng([bench.seed, 306])
    made = churn(ROWS, seed=bench.seed)
    odds = np.log(made.probability / (1 - made.probability))
    dull = 1 / (1 + np.exp(-(odds + chance.normal(0, 0.9, ROWS))))
    champion = np.asarray((dull - made.y) ** 2, np.float64)
    noise = chance.normal(0, 0.03, (MANY, ROWS))
    one = {"challenger": champion + fix(noise[0], -0.005, 0.03)}
    three = {
        "linear": champion + fix(noise[1], 0.001, 0.03),
        "boosting": champion + fix(noise[2], -0.012, 0.04),
        "neural": champion + fix(noise[3], -0.009, 0.02),
    }
    # The luckiest of them is 2.5 standard errors better: alone that would be a finding.
    lucky = {
        f"seed-{place}": champion + fix(each, -2.5 * 0.03 / ROWS**0.5 * (place == 7), 0.03)
        for place, each in enumerate(noise)
    }
    tiny = {"larger-network": champion + fix(noise[4], -0.004, 0.01)}
    worse = {"old-recipe": champion + fix(noise[5], 0.02, 0.05)}
    return [
        Case("one challenger", (champion, one, 0.0)),
        Case("three challengers", (champion, three, 0.001)),
        Case("twenty challengers that differ by their seed alone", (champion, lucky, 0.0)),
        Case("a gain that is sure, and smaller than the change costs", (champion, tiny, 0.01)),
        Case("a challenger that is worse", (champion, worse, 0.0)),
    ]


def fix(noise: Array, mean: float, spread: float) -> Array:
    """Shift and stretch noise, so that its mean and its spread are as wanted."""
    return np.asarray(mean + spread * (noise - noise.mean()) / noise.std(ddof=1))


def work_out(
    champion: Array, challengers: Mapping[str, Array], worthwhile: float
) -> dict[str, Any]:
    """Return the right answer."""
    found = {}
    for name, losses in challengers.items():
        gaps = losses - champion
        width = find_width(float(gaps.std(ddof=1)), len(challengers))
        mean = float(gaps.mean())
        found[name] = {"difference": mean, "low": mean - width, "high": mean + width}
    able = {name: each for name, each in found.items() if each["high"] < -worthwhile}
    winner = min(able, key=lambda name: able[name]["difference"]) if able else None
    return {"challengers": found, "winner": winner}


def find_width(spread: float, tests: int) -> float:
    """Return half the width of an interval, when there are so many."""
    return float(NormalDist().inv_cdf(1 - 0.05 / tests / 2) * spread / ROWS**0.5)


def judge(case: Case, answer: object) -> Failure | None:
    """Compare each challenger's numbers, then the winner."""
    champion, challengers, worthwhile = case.arguments
    right = work_out(champion, challengers, worthwhile)
    answer = plain(answer)
    failure = read_fields(answer, right, where="What `compare` returns.")
    if failure or not isinstance(answer, dict):
        return failure
    told = answer["challengers"]
    failure = read_fields(told, challengers, where="One entry for each challenger.")
    if failure:
        return failure
    for name, each in right["challengers"].items():
        failure = read_fields(told[name], each, where=f"The entry of {name}.") or judge_numbers(
            told[name], each, champion, challengers[name], len(challengers)
        )
        if failure:
            return failure
    return judge_winner(answer["winner"], right, worthwhile)


def judge_numbers(
    told: Mapping[str, Any], right: Mapping[str, float], champion: Array, losses: Array, tests: int
) -> Failure | None:
    """Compare a difference and the ends of its interval."""
    if not agree(told["difference"], right["difference"]):
        turned = agree(told["difference"], -right["difference"])
        return Failure(
            expected=f"difference = {right['difference']:.5f}",
            observed=f"difference = {show_value(told['difference'])}",
            where="This is the other way round: the challenger's loss less the champion's, so that "
            "below zero is better."
            if turned
            else "The mean loss of the challenger less that of the champion.",
        )
    if not all(isinstance(told[name], int | float) for name in ("low", "high")):
        return Failure(
            expected="low and high: two numbers",
            observed=f"{show_value(told['low'])} and {show_value(told['high'])}",
            where="The ends of the interval.",
        )
    room = ROOM * (right["high"] - right["low"])
    if all(abs(told[name] - right[name]) <= room for name in ("low", "high")):
        return None
    return Failure(
        expected=f"low = {right['low']:.5f}, high = {right['high']:.5f}",
        observed=f"low = {told['low']:.5f}, high = {told['high']:.5f}",
        where=explain_width(float(told["high"] - told["low"]) / 2, champion, losses, tests),
    )


def explain_width(told: float, champion: Array, losses: Array, tests: int) -> str:
    """Say what a wrong width comes from."""
    gaps = float((losses - champion).std(ddof=1))
    strangers = float((losses.var(ddof=1) + champion.var(ddof=1)) ** 0.5)
    if told <= 0:
        return (
            "The smallest loss of a sample is not yet the smallest loss: how far could this "
            "difference be off by chance?"
        )
    if abs(told / find_width(strangers, tests) - 1) < ROOM:
        return (
            "This is as wide as if two groups of strangers had been compared. They are the same "
            "customers, and what is hard for both models cancels: subtract row by row first."
        )
    if tests > 1 and abs(told / find_width(gaps, 1) - 1) < ROOM:
        return (
            f"This is the interval of a single comparison, and there are {tests}. One in twenty "
            "wins by luck: share the 5% out among them."
        )
    if abs(told / (find_width(gaps, tests) * ROWS**0.5) - 1) < ROOM:
        return "This is where single rows lie. The mean of n rows moves less, by the root of n."
    return "The spread of the differences, row by row, by the root of n, times standard errors."


def judge_winner(told: object, right: Mapping[str, Any], worthwhile: float) -> Failure | None:
    """Compare the name."""
    if told == right["winner"]:
        return None
    found = right["challengers"].get(told, {}) if isinstance(told, str) else {}
    if not isinstance(told, str | None) or (isinstance(told, str) and not found):
        where = "A name out of `challengers`, or None."
    elif found and found["high"] < 0 and right["winner"] is None:
        where = (
            f"It is better, and surely so. But is it worth {worthwhile:g}? Its interval reaches "
            f"{found['high']:.4f}: a change costs something, too."
        )
    elif found and found["high"] >= 0:
        where = "Its interval holds zero: chance explains as much as you have seen."
    else:
        where = "Of those whose whole interval is below -worthwhile, the smallest difference."
    return Failure(
        expected=f"winner = {right['winner']!r}",
        observed=f"winner = {show_value(told)}",
        where=where,
    )


def measure(cases: Sequence[Case], answers: Sequence[object]) -> Mapping[str, float]:
    """Keep how much narrower pairs make the interval."""
    champion, challengers, _worthwhile = cases[0].arguments
    losses = challengers["challenger"]
    strangers = float((losses.var(ddof=1) + champion.var(ddof=1)) ** 0.5)
    told = plain(answers[0])["challengers"]["challenger"]
    paired = (float(told["high"]) - float(told["low"])) / 2
    return {"narrower_by": round(find_width(strangers, 1) / paired, 1)}

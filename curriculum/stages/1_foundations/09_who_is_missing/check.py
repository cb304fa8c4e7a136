"""Judges `who_is_missing`: businesses whose groups speak more or less, or not at all."""

import numpy as np
import pandas as pd

from curriculum.checker.bench import Bench, Case
from curriculum.checker.results import Failure
from curriculum.material.answers import read_fields, read_numbers

GROUPS = ("young", "families", "retired", "business", "students")
FIELDS = ("naive", "weighted", "most_missing", "covered", "lowest", "highest")
CLOSE = 1e-6
WHERE = {
    "naive": "The mean of the column `score`, as it is.",
    "most_missing": "The smallest group need not be the one that is missing most, nor the one with "
    "most silent people: compare the share of the answers, relative to its size in the business.",
    "covered": "Nobody of this group answered, and still it is in `population`: what can be said "
    "about it?",
    "weighted": "Every answer counts the same here, or nearly. In a group that spoke half as "
    "often, each answer must count double.",
    "lowest": "Do not suppose that those who are silent are like those who speak: suppose the "
    "worst, 1 for each of them.",
    "highest": "Do not suppose that those who are silent are like those who speak: suppose the "
    "best, 5 for each of them.",
}


def prepare(bench: Bench) -> list[Case]:
    """Make businesses in which some speak more, some less; last one in which all are alike."""
    chance = np.random.default_rng([bench.seed, 9])
    return [
        make_case("a business in which some groups answer more than others", chance),
        make_case("a business with a large group that hardly answers", chance, shy=True),
        make_case("a business with a group of which nobody answers", chance, silent=True),
        make_case("a business in which all groups answer alike", chance, uneven=False),
    ]


def make_case(
    name: str,
    chance: np.random.Generator,
    *,
    uneven: bool = True,
    shy: bool = False,
    silent: bool = False,
) -> Case:
    """Make a population, ask it, and work out what the answers mean."""
    sizes = chance.permutation([3200, 1700, 900, 500, 240]) + 10 * chance.integers(
        0, 9, len(GROUPS)
    )
    rates = np.full(len(GROUPS), 0.3)
    if uneven:
        rates = chance.permutation([0.5, 0.42, 0.35, 0.3, 0.07])
        order, rare = sizes.argsort(), int(rates.argmin())
        # Most silent people are in the largest group; it is missing most only if it is shy.
        target = int(order[-1] if shy else order[-3])
        rates[[target, rare]] = rates[[rare, target]]
    if silent:
        rates[int(sizes.argsort()[-2])] = 0.0
    # The less a group answers, the less content it is: so the naive mean is too high.
    moods = (2.2 + 3.2 * rates + chance.uniform(-0.2, 0.2, len(GROUPS))).clip(1.4, 4.6)
    rows = [
        pd.DataFrame({"group": name, "score": draw_scores(mood, count, chance)})
        for name, mood, count in zip(GROUPS, moods, (sizes * rates).astype(int), strict=True)
        if count
    ]
    answers = pd.concat(rows).sample(frac=1.0, random_state=0).reset_index(drop=True)
    answers["group"] = answers["group"].astype(object)
    population = {name: int(size) for name, size in zip(GROUPS, sizes, strict=True)}
    return Case(name=name, arguments=(answers, population), expected=work_out(answers, population))


def draw_scores(mood: float, count: int, chance: np.random.Generator) -> np.ndarray:
    """Draw scores from 1 to 5 around a mood."""
    return np.clip(np.rint(chance.normal(mood, 1.0, count)), 1, 5).astype(np.int64)


def work_out(answers: pd.DataFrame, population: dict[str, int]) -> dict[str, object]:
    """Work the right answer out, group by group."""
    total, said = sum(population.values()), float(answers["score"].sum())
    counts = {name: int((answers["group"] == name).sum()) for name in population}
    spoken = [name for name in population if counts[name]]
    means = {name: float(answers["score"][answers["group"] == name].mean()) for name in spoken}
    weight = sum(population[name] for name in spoken)
    return {
        "naive": said / len(answers),
        "most_missing": min(population, key=lambda name: counts[name] / population[name]),
        "covered": weight / total,
        "weighted": sum(means[name] * population[name] for name in spoken) / weight,
        "lowest": (said + total - len(answers)) / total,
        "highest": (said + 5 * (total - len(answers))) / total,
    }


def judge(case: Case, answer: object) -> Failure | None:
    """Compare field by field; who is missing most matters only where the groups differ."""
    right = case.expected
    failure = read_fields(answer, FIELDS, where="What `who_is_missing` returns.")
    if failure or not isinstance(answer, dict):
        return failure
    for name in FIELDS:
        if name == "most_missing":
            if "alike" not in case.name and str(answer[name]) != right[name]:
                return Failure(
                    expected=f"most_missing = {right[name]}",
                    observed=str(answer[name])[:60],
                    where=tell_where(case, name),
                )
            continue
        told = read_numbers([answer[name]], (1,), what=name, where=WHERE[name])
        if isinstance(told, Failure):
            return told
        if abs(float(told[0]) - right[name]) > CLOSE:
            return Failure(
                expected=f"{name} = {right[name]:.4f}",
                observed=f"{name} = {float(told[0]):.4f}",
                where=tell_where(case, name, float(told[0])),
            )
    return None


def tell_where(case: Case, name: str, told: float = 0.0) -> str:
    """Say where to look when a field is wrong."""
    answers, population = case.arguments
    if set(population) - set(answers["group"]) and name in {"most_missing", "covered"}:
        return WHERE["covered"]
    means = answers.groupby("group")["score"].mean()
    if name == "weighted" and abs(told - float(means.mean())) < CLOSE:
        return "The groups are not of the same size: their means do not count the same."
    return WHERE[name]

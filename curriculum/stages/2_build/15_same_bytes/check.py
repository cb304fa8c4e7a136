"""Judges a workflow by its files: which runs write the same bytes, and which must not."""

import json
import random
from collections.abc import Mapping, Sequence
from typing import Any

from curriculum.checker.bench import Bench, Case
from curriculum.checker.results import Failure
from curriculum.material.answers import name_type

ROWS, HIDDEN = 90, 200
FEATURES = ("tenure", "usage", "contacts", "discount", "age", "autopay", "evenings", "bill")
LEAST = 0.75
FILES = ("model.json", "manifest.json")


def prepare(bench: Bench) -> list[Case]:
    """Make rows, and pairs of runs that are to agree or to differ."""
    chance = random.Random(bench.seed)  # noqa: S311 - a reproducible exercise, not a secret
    slope = {name: chance.choice([-1.5, -1.0, 1.0, 1.5]) for name in FEATURES}
    rows = make_rows(chance, slope, ROWS)
    settings = {"seed": chance.randrange(10**6), "rate": 0.1}
    mixed = chance.sample(rows, len(rows))
    place = chance.randrange(ROWS)
    changed = [dict(row) for row in rows]
    changed[place]["bill"] = round(changed[place]["bill"] + 0.5, 3)
    first = make_run(rows, settings)
    return [
        make_case("the same run, twice in a row", first, first, same=True, where=TWICE),
        make_case(
            "the same run in another process",
            first,
            make_run(rows, settings, elsewhere=True),
            same=True,
            where=(
                "Which process lists a set in which order is nobody's business. Sort what has no "
                "order of its own."
            ),
        ),
        make_case(
            "the same rows in another order",
            first,
            make_run(mixed, settings),
            same=True,
            where="The same rows, listed in another order, as another disk lists a folder.",
        ),
        make_case(
            "another seed",
            first,
            make_run(rows, settings | {"seed": settings["seed"] + 1}),
            where="Another seed, and the same model: where does chance come from?",
        ),
        make_case(
            "one changed cell",
            first,
            make_run(changed, settings),
            where="One cell has changed: `data_sha256` is a name for these rows and no others.",
        ),
        Case(
            name="rows that have not been seen",
            arguments=([first],),
            expected={"hidden": make_rows(chance, slope, HIDDEN)},
        ),
    ]


TWICE = (
    "What is in there that comes neither from the rows nor from the settings? Chance without a "
    "seed, the clock, the place."
)


def make_rows(
    chance: random.Random, slope: Mapping[str, float], count: int
) -> list[dict[str, Any]]:
    """Make rows whose label follows from their features, mostly."""
    rows: list[dict[str, Any]] = []
    for number in range(count):
        row: dict[str, Any] = {name: round(chance.gauss(0, 1), 3) for name in FEATURES}
        score = sum(slope[name] * row[name] for name in FEATURES)
        row |= {"id": f"row-{number:04d}", "label": int(score + chance.gauss(0, 0.5) > 0)}
        rows.append(row)
    return rows


def make_run(
    rows: list[dict[str, Any]], settings: dict[str, Any], *, elsewhere: bool = False
) -> dict[str, Any]:
    """Describe one run."""
    return {"rows": rows, "settings": settings, "elsewhere": elsewhere}


def make_case(
    name: str, first: dict[str, Any], second: dict[str, Any], *, where: str, same: bool = False
) -> Case:
    """Make a case of two runs."""
    return Case(name=name, arguments=([first, second],), expected={"same": same, "where": where})


def judge(case: Case, answer: object) -> Failure | None:
    """Read the files, then compare them."""
    runs = case.arguments[0]
    told: list[Any] = answer if isinstance(answer, list) else []
    for run, wrote in zip(runs, told, strict=True):
        failure = judge_files(run, wrote)
        if failure:
            return failure
    if "hidden" in case.expected:
        return judge_model(case.expected["hidden"], told[0])
    if case.expected["same"]:
        return judge_same(case, *told)
    return judge_different(case, *told)


def judge_files(run: Mapping[str, Any], wrote: Mapping[str, Any]) -> Failure | None:
    """Look whether both files are there, and what they must hold."""
    manifest, model = parse(wrote, "manifest.json"), parse(wrote, "model.json")
    for name, value, fields in (
        ("model.json", model, ("bias", "weights")),
        ("manifest.json", manifest, ("data_sha256", "settings", "model_sha256")),
    ):
        absent = [each for each in fields if each not in value] if isinstance(value, dict) else []
        if not isinstance(value, dict) or absent:
            observed = f"no {', '.join(absent)}" if absent else f"{name}: {name_type(value)}"
            expected = f"{name}, a JSON object with {', '.join(fields)}"
            return Failure(expected=expected, observed=observed, where="`run`'s docstring.")
    if manifest["settings"] != run["settings"]:
        return Failure(
            expected="the settings in the manifest, as they came",
            observed="others",
            where="`manifest.json`: who makes it again needs all of them.",
        )
    if manifest["model_sha256"] != wrote["model.json"]["sha256"]:
        return Failure(
            expected="`model_sha256` to be the hash of model.json's bytes",
            observed="the hash of something else",
            where="Hash the bytes that you write, not the object that they came from.",
        )
    return None


def parse(wrote: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Return what a file holds; None when it is not there, or no JSON."""
    try:
        return json.loads(wrote[name]["text"])
    except (KeyError, ValueError):
        return None


def judge_same(case: Case, first: Mapping[str, Any], second: Mapping[str, Any]) -> Failure | None:
    """Compare bytes; name the field that differs."""
    for name in FILES:
        if first[name]["sha256"] == second[name]["sha256"]:
            continue
        one, other = parse(first, name), parse(second, name)
        fields = [key for key in one if one[key] != other.get(key)]
        differs = f"'{fields[0]}' differs" if fields else "the same values in another order"
        return Failure(
            expected=f"{case.name}: the same bytes in {name}",
            observed=f"{name}: {differs}",
            where=case.expected["where"],
        )
    return None


def judge_different(
    case: Case, first: Mapping[str, Any], second: Mapping[str, Any]
) -> Failure | None:
    """See that another seed or another cell shows."""
    key = "model_sha256" if "seed" in case.name else "data_sha256"
    one, other = parse(first, "manifest.json")[key], parse(second, "manifest.json")[key]
    if one != other:
        return None
    return Failure(
        expected=f"{case.name}: another {key}",
        observed="the same one",
        where=case.expected["where"],
    )


def judge_model(hidden: Sequence[Mapping[str, Any]], wrote: Mapping[str, Any]) -> Failure | None:
    """Ask the model about hidden rows."""
    model = parse(wrote, "model.json")
    try:
        right = sum(
            (
                float(model["bias"])
                + sum(float(w) * row[name] for name, w in model["weights"].items())
                > 0
            )
            == bool(row["label"])
            for row in hidden
        ) / len(hidden)
    except (KeyError, TypeError, ValueError):
        right = 0.0
    if right >= LEAST:
        return None
    return Failure(
        expected=f"a model that has {LEAST:.0%} of hidden rows right",
        observed=f"{right:.0%}",
        where="`run`: a run that can be repeated still has to learn something.",
    )

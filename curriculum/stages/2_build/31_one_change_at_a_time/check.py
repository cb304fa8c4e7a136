"""Judges an experiment: two runs on the same rows that differ in one setting."""

from itertools import combinations
from typing import Any

from curriculum.checker.bench import Bench, Failure
from curriculum.material.deployed import list_own_runs, read_run
from training.report.tracking import list_runs

MODEL = "diabetes"
SETTINGS = ("budget", "prefer", "precision", "seed")
Json = dict[str, Any]


def probe(bench: Bench) -> Failure | None:
    """Look for a pair of runs that is an experiment."""
    runs = [read_request(bench, run_id) for run_id in find_asked(bench)]
    if not runs:
        return Failure(
            expected=f"two runs of {MODEL} that differ in one setting",
            observed=f"no run of {MODEL} that you asked for since you began",
            where=f"loop data add {MODEL}, then loop train --data {MODEL}",
        )
    pairs = [(a, b) for a, b in combinations(runs, 2) if a["version"] == b["version"]]
    differences = [(differ(a, b), a, b) for a, b in pairs]
    for names, a, b in differences:
        if len(names) == 1:
            bench.metrics |= {"loss_before": float(a["loss"]), "loss_after": float(b["loss"])}
            return None
    if not pairs:
        return Failure(
            expected="two runs on the same rows",
            observed=f"one run of {MODEL} since you began",
            where="loop train --data diabetes, with one option more than the last time.",
        )
    names = min((found for found, _, _ in differences), key=len)
    told = f"differ in {len(names)} settings: {', '.join(names)}" if names else "the same settings"
    return Failure(
        expected="two runs that differ in exactly one setting",
        observed=f"the runs nearest to each other {'' if names else 'had '}{told}",
        where="loop runs --model diabetes; a run's name shows what it was asked for. Two changes "
        "at once cannot be told apart, and none has nothing to tell.",
    )


def find_asked(bench: Bench) -> list[str]:
    """Return the learner's runs that came to an end, without the one that the landing started."""
    ended = [run for run in list_own_runs(bench, MODEL) if run.outcome in ("promoted", "refused")]
    everyone = list_runs(bench.store, dataset=MODEL, limit=100)
    first = min(everyone, key=lambda run: run.started_at).run_id if everyone else ""
    return [run.run_id for run in ended if run.run_id != first]


def read_request(bench: Bench, run_id: str) -> Json:
    """Return a run's settings, the rows that it had, and how good it came out."""
    spec = read_run(bench, run_id, "spec.json")
    evaluation = read_run(bench, run_id, "evaluation.json")
    return {
        **{name: spec[name] for name in SETTINGS},
        "version": read_run(bench, run_id, "data.json")["version"],
        "loss": evaluation["losses"]["candidate"],
    }


def differ(a: Json, b: Json) -> list[str]:
    """Return the settings in which two runs differ."""
    return [name for name in SETTINGS if a[name] != b[name]]

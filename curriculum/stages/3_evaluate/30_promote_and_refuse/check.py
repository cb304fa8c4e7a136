"""Judges a refusal: a declared limit, a champion that stayed, a gate that opens again."""

from core.registry import Registry
from curriculum.checker.bench import Bench, Failure
from curriculum.material.deployed import list_own_moves, list_own_runs, read_run
from training.data.judging import Judging, load_judging
from training.report.tracking import RunSummary

MODEL = "wine"


def probe(bench: Bench) -> Failure | None:
    """Look for a refused run, and for one that was promoted after it."""
    runs = list_own_runs(bench, MODEL)
    refused = [run for run in runs if run.outcome == "refused"]
    if not refused:
        return Failure(
            expected=f"a run of {MODEL} that the gate refused",
            observed="the gate refused nobody since you began",
            where=f"loop gate --model {MODEL} shows the limits; --set changes one.",
        )
    return (
        judge_refusal(bench, refused[-1])
        or judge_champion(bench, refused[-1])
        or judge_after(bench, refused[-1], runs)
    )


def judge_refusal(bench: Bench, run: RunSummary) -> Failure | None:
    """See that a limit of the learner's refused it."""
    declared = read_run(bench, run.run_id, "spec.json")["judging"]["gate"]
    usual = Judging().model_dump(mode="json")["gate"]
    failed = [
        rule for rule in read_run(bench, run.run_id, "gate.json")["rules"] if not rule["passed"]
    ]
    changed = {f"gate.{name}" for name, value in declared.items() if value != usual[name]}
    if any(rule["setting"] in changed for rule in failed):
        bench.metrics["off_by"] = float(abs(failed[0]["value"] - failed[0]["limit"]))
        return None
    return Failure(
        expected="a refusal by a limit that you have declared",
        observed=f"one by {failed[0]['rule'] if failed else 'nothing'}, not by a limit of yours",
        where=f"loop report --run {run.run_id}; loop gate --model {MODEL} --set gate.…",
    )


def judge_champion(bench: Bench, run: RunSummary) -> Failure | None:
    """See that the refused model is no version, and serves nobody."""
    version = next(
        (each for each in Registry(bench.store).versions(MODEL) if each.run_id == run.run_id), None
    )
    if version is None:
        return None
    return Failure(
        expected="a refused run makes no version",
        observed=f"version {version.version} is of this run",
        where=f"loop models {MODEL}",
    )


def judge_after(bench: Bench, run: RunSummary, runs: list[RunSummary]) -> Failure | None:
    """See that somebody can pass again."""
    later = [each for each in runs if each.started_at > run.started_at]
    promoted = [each for each in later if each.outcome == "promoted"]
    moves = [move for move in list_own_moves(bench, MODEL) if move.changed_at > run.started_at]
    limits = load_judging(bench.store, MODEL).gate
    if promoted and moves and limits.min_loss_decrease <= 0.5:
        return None
    return Failure(
        expected="a limit that a good model can keep, and a run that was promoted by it",
        observed="nobody has passed since the refusal",
        where=f"loop gate --model {MODEL} --reset, then loop train --data {MODEL}",
    )

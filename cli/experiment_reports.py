"""What an experiment says, with what may be done next."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from cli.system import System
from core.bundle import load_manifest
from core.captures import read_captures
from core.contract import Contract
from core.counted import counted
from core.events import Capture, Feedback
from core.experiment import MISMATCH_ALPHA, ShadowReport, SplitReport, judge_shadow, judge_split
from core.labels import MAX_OUTCOMES, read_labels
from core.metrics import LOSS_NAMES
from core.records import AliasState
from core.rollout import TrialName, is_on

MAX_ROWS = 500_000
MAX_OBJECTS = 20_000
_SKEW = timedelta(minutes=5)


class _Evidence(NamedTuple):
    """What was captured and what became known since an experiment began."""

    contract: Contract
    state: AliasState
    running: bool
    champion: int
    captures: list[Capture]
    outcomes: list[Feedback]
    notes: list[str]


def report_split(system: System, model: str) -> dict[str, Any] | None:
    """Return what the last split says; None if there was none."""
    evidence = _gather(system, model, "challenger")
    if evidence is None:
        return None
    report = judge_split(evidence.contract, evidence.state, evidence.captures, evidence.outcomes)
    notes = evidence.notes + _note_split(report)
    facts = _describe(evidence) | asdict(report) | {"notes": notes}
    facts["mismatch"] = min(report.mismatch, 1e300)  # JSON knows no infinity
    return facts | {"next_step": _advise_split(model, evidence, report)}


def report_shadow(system: System, model: str) -> dict[str, Any] | None:
    """Return what the last shadow says; None if there was none."""
    evidence = _gather(system, model, "shadow")
    if evidence is None:
        return None
    report = judge_shadow(
        evidence.contract,
        evidence.state,
        evidence.captures,
        evidence.outcomes,
        champion=evidence.champion,
    )
    facts = _describe(evidence) | asdict(report) | {"notes": evidence.notes}
    challenger = system.registry.alias(model, "challenger")
    answers = (
        challenger is not None
        and is_on(challenger, system.registry.alias(model))
        and challenger.version == evidence.state.version
    )
    return facts | {"next_step": _advise_shadow(model, evidence, report, answers_callers=answers)}


def _gather(system: System, model: str, trial: TrialName) -> _Evidence | None:
    state, champion = system.registry.alias(model, trial), system.registry.alias(model)
    if state is None or champion is None or state.experiment is None:
        return None
    compared = state.against or champion.version
    bundle_id = system.registry.version(model, compared).bundle_id
    since = next(
        one.changed_at
        for one in system.registry.history(model, trial)
        if one.experiment == state.experiment
    )
    since -= _SKEW
    found = read_captures(
        system.store,
        since,
        datetime.now(UTC) + _SKEW,
        model=model,
        max_rows=MAX_ROWS,
        max_objects=MAX_OBJECTS,
    )
    labels = read_labels(system.store, model, since=since)
    notes = []
    if found.truncated:
        notes.append(
            "More was captured than can be read at once. The oldest rows are left out, so the rows"
            " differ from look to look, and the intervals hold for this look only."
        )
    if labels.truncated:
        notes.append(
            f"There are more than {MAX_OUTCOMES:,} outcomes: those of the newest predictions are"
            " left out."
        )
    if broken := found.broken + labels.broken:
        notes.append(f"{counted(broken, 'object or line', 'objects or lines')} cannot be read.")
    return _Evidence(
        load_manifest(system.store, bundle_id).contract,
        state,
        is_on(state, champion),
        compared,
        found.captures,
        labels.outcomes,
        notes,
    )


def _describe(evidence: _Evidence) -> dict[str, Any]:
    state = evidence.state
    return {
        "model": state.model,
        "experiment": state.experiment,
        "version": state.version,
        "against": evidence.champion,
        "share": state.share,
        "running": evidence.running,
        "loss": LOSS_NAMES[evidence.contract.task].replace("_", " "),
    }


def _note_split(report: SplitReport) -> list[str]:
    notes = []
    if report.fallbacks:
        notes.append(
            "The challenger failed, and the champion answered for it: "
            f"{counted(report.fallbacks, 'row')}, counted as the challenger's (loop logs inference"
            " tells why)."
        )
    if report.shares > 1:
        notes.append(
            f"The share was changed: {report.shares} shares are mixed here. If the world changes"
            " with time as well, begin anew: end the split and start it again."
        )
    return notes


def _advise_split(model: str, evidence: _Evidence, report: SplitReport) -> str:
    version, named = evidence.state.version, f"--model {model}"
    if report.is_mismatched:
        return (
            "The arms have other sizes than their share asks for; by chance alone that happens"
            f" less than once in {1 / MISMATCH_ALPHA:.0f} experiments. Conclude nothing before"
            " you know why. Next: loop logs inference"
        )
    verdict = report.difference.verdict
    if verdict == "better":
        but = (
            ", but as champion nobody would answer where it fails. Find out why before you promote"
            " it. Next: loop logs inference"
        )
        promote = f". Next: loop promote {version} {named}"
        return f"The challenger is better{but if report.fallbacks else promote}"
    if verdict == "worse":
        return f"The challenger is worse. Next: loop split --challenger 0 {named}"
    if not evidence.running:
        how = "stopped" if evidence.state.share else "ended"
        return f"It has {how} undecided. Next: loop split {named}"
    if not (report.champion.labelled and report.challenger.labelled):
        return (
            "No arm can be judged without outcomes. Next: loop feedback PREDICTION_ID OUTCOME"
            f" {named}, or loop traffic --feedback {named}"
        )
    return "Not decided yet: wait for more outcomes, and look again whenever you like."


def _advise_shadow(
    model: str, evidence: _Evidence, report: ShadowReport, *, answers_callers: bool
) -> str:
    version, named = evidence.state.version, f"--model {model}"
    if not report.rows:
        return "Nothing is mirrored yet. Next: loop traffic, then look again"
    if report.difference.verdict == "worse":
        return f"The shadow is worse. Next: loop shadow --share 0 {named}"
    start = f"loop split --challenger 0.1 --version {version} {named}"
    if answers_callers:
        return "It answers callers already: go by what the split says."
    if report.difference.verdict == "better":
        return f"The shadow is better on the same rows. Next: {start}, or loop promote {version}"
    return f"Not decided yet. It may be tried on callers when you trust it: {start}"

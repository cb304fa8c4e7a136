"""``loop train``: start the workflow by hand, and the report that every run ends with."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

import typer

from cli.landing import describe, failure, follow, last_raw_key
from cli.local_training import train_here
from cli.models import metrics_line
from cli.session import JsonOption, Session, begin
from cli.workflow import Outcome
from core.counted import counted
from training.data.names import DEFAULT_BUDGET, Budget, Precision, Preference


def add_to(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(train)


def train(  # noqa: PLR0913 - a parameter is an option of the command
    ctx: typer.Context,
    *,
    data: Annotated[
        str | None, typer.Option("--data", help="The dataset; the default model's if not given.")
    ] = None,
    budget: Annotated[
        Budget | None,
        typer.Option(
            "--budget",
            help=f"How long to search: three candidates as they are ({DEFAULT_BUDGET}), or all"
            " five with up to 12 configurations of each (standard: a minute) or 60 (thorough: five"
            f" minutes); counted by the data's size, not timed. {DEFAULT_BUDGET} if not given.",
        ),
    ] = None,
    prefer: Annotated[
        Preference | None,
        typer.Option(
            "--prefer",
            help="Take the best candidate, or the simplest within one standard error of it;"
            " best if not given.",
        ),
    ] = None,
    precision: Annotated[
        Precision | None,
        typer.Option(
            "--precision",
            help="How the graph's weights are stored: fp16 and int8 are smaller and less exact,"
            " and only models with weights have them (linear, neural); fp32 if not given.",
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, max=2**32 - 1, help="Other random choices.")
    ] = None,
    local: Annotated[
        bool,
        typer.Option("--local", help="Take the workflow's steps on this computer, on its bucket."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Train on a dataset's newest file, and follow."""
    session = begin(ctx, as_json=as_json)
    system = session.system()
    dataset = system.model_name(data)
    raw_key = last_raw_key(system, dataset)
    with session.output.never_silent():
        given = {"budget": budget, "prefer": prefer, "precision": precision, "seed": seed}
        if local:
            outcome = train_here(session, system, raw_key, given)
        else:
            outcome = follow(session, system, system.workflow.start(raw_key, given))
    finish(session, describe(system, dataset, raw_key, outcome), outcome)


def finish(session: Session, document: dict[str, Any], outcome: Outcome) -> None:
    """Report a run; a failed one ends the command with its error, a refused one with code 1."""
    if session.output.json:
        session.output.report(document, lambda: None)
    else:
        _show(session, document)
    if outcome.is_good:
        return
    if _find_broken(document) and not session.output.json:
        outcome = replace(outcome, reason="the rules above say why.")
    error = failure(outcome, document["dataset"], champion=document["champion"])
    session.output.json = False  # the one document is written
    raise error


def _show(session: Session, document: dict[str, Any]) -> None:
    out = session.output
    if document["rows"] is not None:
        out.say(f"{document['rows']} clean rows, {document['quarantined']} quarantined")
    if document["faults"]:
        rows = [
            [f["rows"], f["column"] or "the whole row", f["reason"]] for f in document["faults"]
        ]
        out.table(["rows", "column", "reason"], rows, title="Quarantine")
    if document["unexpected_columns"]:
        names = ", ".join(document["unexpected_columns"])
        out.say(f"Not in the data contract, and left out: {names}")
    for line in describe_split(document["data"]):
        out.say(line)
    if document.get("changed"):
        out.table(
            ["values", "column"],
            [[count, column] for column, count in document["changed"].items()],
            title="Changed by the contract's policies",
        )
    if document["metrics"]:
        out.say(f"{document['candidate']} on the holdout: {metrics_line(document['metrics'])}")
    if note := describe_choice(document["choice"]):
        out.say(note)
    for rule in _find_broken(document):
        setting = f" ({rule['setting']})" if rule.get("setting") else ""
        out.say(
            f"Gate: {rule['rule']} is {rule['value']:.4g}, allowed {rule['limit']:.4g}{setting}."
            f" {rule.get('advice', '')}".rstrip()
        )
    if document["outcome"] == "promoted":
        out.say(f"Version {document['champion']} of {document['dataset']} serves now.")
        out.say(f"Next: loop predict --model {document['dataset']}")


def _find_broken(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [rule for rule in document["gate"] if not rule["passed"]]


def describe_split(data: Mapping[str, Any]) -> list[str]:
    """Say what a person should know of a run's split, one sentence each: leaks, duplicates."""
    lines = [
        f"The column {leak['column']} alone explains {leak['skill']:.0%} of the target. Is it known"
        " before the outcome? If not, put it under 'ignored' in the data contract."
        for leak in data.get("leaks", ())
    ]
    lines += [
        f"In the column {column} {counted(count, 'number is', 'numbers are')} rounded: a model"
        " reads about 7 digits."
        for column, count in data.get("rounded_numbers", {}).items()
    ]
    if aside := data.get("set_aside_rows"):
        told = counted(aside, "row is a near-duplicate", "rows are near-duplicates")
        lines.append(f"{told} of a holdout row, and left out of training.")
    if alike := data.get("overlap_rows"):
        lines.append(
            counted(alike, "training row has", "training rows have")
            + " the values of a holdout row in every column. Where columns have few values chance"
            " does that, so they stay."
        )
    return lines


def describe_choice(choice: Mapping[str, str]) -> str:
    """Say which candidate would have done as well with less, if any."""
    picked, best, simplest = (choice.get(name, "") for name in ("candidate", "best", "simplest"))
    if picked != best:
        return f"{best} was the best; {picked} is within one standard error of it, and simpler."
    if simplest != best:
        return (
            f"{simplest} is simpler and within one standard error of {best}:"
            " loop train --prefer simple takes it."
        )
    return ""

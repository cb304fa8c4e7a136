"""``loop train``: start the workflow by hand, and the report that every run ends with."""

from typing import Annotated, Any

import typer

from cli.landing import describe, failure, follow, last_raw_key
from cli.models import metrics_line
from cli.session import JsonOption, Session, begin
from cli.workflow import Outcome


def add_to(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(train)


def train(
    ctx: typer.Context,
    *,
    data: Annotated[
        str | None, typer.Option("--data", help="The dataset; the default model's if not given.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Train on the file of a dataset that landed last, and follow the run."""
    session = begin(ctx, as_json=as_json)
    system = session.system()
    dataset = system.model_name(data)
    raw_key = last_raw_key(system, dataset)
    with session.output.never_silent():
        outcome = follow(session, system, system.workflow.start(raw_key))
    finish(session, describe(system, dataset, raw_key, outcome), outcome)


def finish(session: Session, document: dict[str, Any], outcome: Outcome) -> None:
    """Report a run; a failed one ends the command with its error, a refused one with code 1."""
    if session.output.json:
        session.output.report(document, lambda: None)
    else:
        _show(session, document)
    if outcome.is_good:
        return
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
    if document["metrics"]:
        out.say(f"{document['candidate']} on the holdout: {metrics_line(document['metrics'])}")
    broken = [rule for rule in document["gate"] if not rule["passed"]]
    for rule in broken:
        advice = f" {rule['advice']}" if rule.get("advice") else ""
        out.say(
            f"Gate: {rule['rule']} is {rule['value']:.4f}, allowed {rule['limit']:.4f}.{advice}"
        )
    if document["outcome"] == "promoted":
        out.say(f"Version {document['champion']} of {document['dataset']} serves now.")
        out.say(f"Next: loop predict --model {document['dataset']}")

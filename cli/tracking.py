"""``loop runs``: every run that was ever started, and one of them in detail."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.models import metrics_line
from cli.session import JsonOption, Session, begin
from cli.system import System

if TYPE_CHECKING:
    from training.report.tracking import RunDetail, RunSummary

MAX_RUNS = 1000
_SHORT = 8  # characters of a run's name that are told; any beginning of it is understood
_REASON = 200


def add_to(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(runs)


def runs(
    ctx: typer.Context,
    run_id: Annotated[
        str | None, typer.Argument(help="One run, by its name or the beginning of it.")
    ] = None,
    *,
    model: Annotated[
        str | None, typer.Option("--model", help="Only this model's; all models' if not given.")
    ] = None,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1, max=MAX_RUNS)] = 20,
    as_json: JsonOption = False,
) -> None:
    """List the runs of training, the newest first, or show one.

    Refused, rejected and failed runs are kept too.
    """
    session = begin(ctx, as_json=as_json)
    system = session.system()
    if run_id is not None:
        _show_one(session, system, run_id)
        return
    from training.report.tracking import list_runs  # noqa: PLC0415 - slow to load

    found = list_runs(system.store, dataset=model, limit=limit)
    versions = _find_versions(system, {run.dataset for run in found})
    rows = [_describe(system, run, versions.get(run.run_id)) for run in found]
    session.output.report({"runs": rows}, lambda: _show_all(session, rows))


def describe_outcome(system: System, run: "RunSummary") -> tuple[str, str]:
    """Return how a run ended and why; one that wrote no outcome is running, or was cut short."""
    if run.outcome != "open":
        return run.outcome, run.reason
    status = _ask_workflow(system, run.run_id)
    if status == "RUNNING":
        return "running", ""
    if status is None:  # not one of the workflow's: a run on a laptop, or one of long ago
        return "open", "It wrote no outcome: it is still running elsewhere, or was cut short."
    return "failed", f"The workflow ended {status}."


def _ask_workflow(system: System, run_id: str) -> str | None:
    from botocore.exceptions import ClientError  # noqa: PLC0415 - slow to load

    machine = system.output("StateMachineArn")
    arn = f"{machine.replace(':stateMachine:', ':execution:', 1)}:{run_id}"
    try:
        found = system.client("stepfunctions").describe_execution(executionArn=arn)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == "ExecutionDoesNotExist":
            return None
        raise
    return str(found["status"])


def _find_versions(system: System, models: set[str]) -> dict[str, int]:
    return {
        version.run_id: version.version
        for model in sorted(models - {""})
        for version in system.registry.versions(model)
    }


def _describe(system: System, run: "RunSummary", version: int | None) -> dict[str, Any]:
    outcome, reason = describe_outcome(system, run)
    told = {"outcome": outcome, "reason": reason, "version": version}
    return run.model_dump(mode="json") | told


def _show_all(session: Session, rows: list[dict[str, Any]]) -> None:
    if not rows:
        session.output.say("There is no run yet. Next: loop train, or loop data add FILE")
        return
    session.output.table(
        [
            "run",
            "dataset",
            "started (UTC)",
            "took",
            "outcome",
            "candidate",
            "on the holdout",
        ],
        [
            [
                _shorten(row["run_id"]),
                row["dataset"] or None,
                _moment(row["started_at"]),
                describe_seconds(row["seconds"]),
                row["outcome"] + (f" as {row['version']}" if row["version"] else ""),
                row["candidate"] or None,
                metrics_line(row["metrics"]) or None,
            ]
            for row in rows
        ],
    )
    session.output.say(f"One of them: loop runs {_shorten(rows[0]['run_id'])}")


def _shorten(run_id: str) -> str:
    # What was trained here has a name that begins with the time: its beginning names no one run.
    return run_id if run_id.startswith("local-") else run_id[:_SHORT]


def describe_seconds(seconds: float | None) -> str | None:
    """Return a duration as people say it.

    Examples
    --------
    >>> describe_seconds(3.21), describe_seconds(75), describe_seconds(7260)
    ('3.2 s', '1 min 15 s', '2 h 1 min')
    """
    if seconds is None:
        return None
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _show_one(session: Session, system: System, text: str) -> None:
    from training.report.tracking import describe_run, find_run  # noqa: PLC0415 - slow to load

    detail = describe_run(system.store, find_run(system.store, text))
    summary = detail.summary
    version = _find_versions(system, {summary.dataset}).get(summary.run_id)
    described = _describe(system, summary, version)
    document = detail.model_dump(mode="json", exclude={"summary"}) | described
    session.output.report(document, lambda: _show_detail(session, detail, described))


def _show_detail(session: Session, detail: "RunDetail", described: dict[str, Any]) -> None:
    out = session.output
    out.facts(dict(_list_facts(detail, described)))
    if described["reason"]:
        out.say(described["reason"])
    if detail.steps:
        out.table(
            ["step", "began (UTC)", "took", "peak memory", "outcome"],
            [[each.step, _moment(each.started_at.isoformat()), describe_seconds(each.seconds),
              f"{each.peak_memory_mib:.0f} MiB", each.outcome] for each in detail.steps],
            title="Steps",
        )  # fmt: skip
    if detail.candidates:
        out.table(
            ["candidate", "loss", "calibration", "tried", "parameters, or why it failed"],
            [[each.candidate, each.cross_validated_loss, each.calibration, each.configurations,
              _parameters(each.parameters) or each.reason[:_REASON] or "its defaults"]
             for each in detail.candidates],
            title="Candidates, by cross-validation",
        )  # fmt: skip
    if detail.evaluation:
        out.say(f"On the holdout: {metrics_line(detail.evaluation.metrics)}")


def _list_facts(detail: "RunDetail", described: dict[str, Any]) -> Iterator[tuple[str, object]]:
    yield "run", described["run_id"]
    yield "dataset", described["dataset"] or None
    yield "outcome", described["outcome"]
    if described["version"]:
        yield "version", described["version"]
    yield "started (UTC)", _moment(described["started_at"])
    yield "took", describe_seconds(described["seconds"])
    if asked := detail.spec or detail.request:
        yield "asked for", f"budget {asked.budget}, prefer {asked.prefer}, seed {asked.seed}"
        yield "weights", asked.precision
        yield "file", asked.raw_key
    if data := detail.data:
        yield "data", data.version
        yield "rows", f"{data.training_rows} to train, {data.holdout_rows} held out"
    if detail.evaluation:
        yield "bundle", detail.evaluation.bundle_id
    environment = next((each.environment for each in detail.candidates if each.environment), None)
    if environment:
        yield "made with", f"Python {environment.python}, {environment.machine}"
        yield "kernels", environment.arithmetic
        yield "code", environment.code_sha256
        yield "lock", environment.lock_sha256


def _parameters(parameters: dict[str, str]) -> str:
    return ", ".join(f"{name.rpartition('__')[2]} {value}" for name, value in parameters.items())


def _moment(text: str) -> str:
    return text[:19].replace("T", " ")

"""``loop gate`` and ``loop report``: what is asked of a model, and what it is worth."""

import json
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from cli.models import ModelOption, RunOption, VersionArgument, find_version
from cli.session import JsonOption, Session, begin
from cli.system import System
from core import keys
from core.errors import InvalidInputError, NotFoundError

SLICES_TOLD = 8
HARDEST_TOLD = 5
IMPORTANCES_TOLD = 12


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(gate)
    app.command()(report)


def gate(
    ctx: typer.Context,
    *,
    model: ModelOption = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="A cost or a limit, such as decision.false_negative_cost=5. May be repeated.",
        ),
    ] = None,
    reset: Annotated[bool, typer.Option("--reset", help="Go back to the defaults first.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show or change costs and limits of the gate.

    The next run goes by them.
    """
    # pydantic's models take a while to load, and few commands need these.
    from training.data.judging import Judging, load_judging  # noqa: PLC0415

    session = begin(ctx, as_json=as_json)
    system = session.system()
    name = system.model_name(model)
    judging = Judging() if reset else load_judging(system.store, name)
    if settings:
        judging = Judging.from_json(_change(judging.model_dump(mode="json"), settings))
    if settings or reset:
        system.store.put(keys.judging(name), judging.to_json())
    document, defaults = judging.model_dump(mode="json"), Judging().model_dump(mode="json")
    rows = [
        [f"{part}.{setting}", value, "" if value == defaults[part][setting] else "declared"]
        for part, values in document.items()
        for setting, value in values.items()
    ]

    def show() -> None:
        session.output.table(["setting", "value", ""], _as_texts(rows), title=name)
        if settings or reset:
            session.output.say(f"Next: loop train --data {name}")

    session.output.report({"model": name, **document}, show)


def report(
    ctx: typer.Context,
    version: VersionArgument = None,
    *,
    model: ModelOption = None,
    run: RunOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a model is worth, and where it fails.

    Metrics with intervals, slices, the hardest rows, and the gate's verdicts.
    """
    session = begin(ctx, as_json=as_json)
    system = session.system()
    if run is None:
        name = system.model_name(model)
        run_id = find_version(system, name, version, command="loop report").run_id
    else:
        from training.report.tracking import find_run  # noqa: PLC0415

        run_id = find_run(system.store, run)
    document = {
        "run_id": run_id,
        **_read(system, run_id, "report.json"),
        "gate": _read(system, run_id, "gate.json"),
    }
    session.output.report(document, lambda: _show(session, document))


def _change(document: dict[str, Any], settings: Sequence[str]) -> str:
    for setting in settings:
        name, equals, value = setting.partition("=")
        part, _, field = name.partition(".")
        if not equals or field not in document.get(part, {}):
            raise InvalidInputError(
                f"{name} is not a setting of decisions or the gate.",
                next_step="loop gate (lists all of them), then --set NAME=VALUE",
            )
        try:
            document[part][field] = json.loads(value)
        except ValueError:
            raise InvalidInputError(
                f"The value of {name} must be a number, or null for none.",
                next_step=f"loop gate --set {name}=0.9",
            ) from None
    return json.dumps(document)


def _read(system: System, run_id: str, name: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(system.store.get(keys.run(run_id, name)).body)
    except NotFoundError:
        raise NotFoundError(
            f"The run {run_id} wrote no {name}: it ended before.",
            next_step=f"loop runs {run_id} (says how far it came)",
        ) from None
    return found


def _show(session: Session, document: dict[str, Any]) -> None:
    out = session.output
    _show_metrics(session, document)
    calibration, threshold = document["calibration"], document["decision_threshold"]
    if threshold is not None:
        out.say(f"Answers yes from {threshold:.4g}; calibration: {calibration}")
        out.say(f"A decision costs {document['expected_cost']:.4g} on average")
    if document["interval_half_width"] is not None:
        out.say(f"Interval: the prediction, {document['interval_half_width']:.4g} up and down")
    _show_slices(session, document)
    out.table(
        ["column", "loss grows by", "give or take"],
        [
            [each["column"], each["increase"], each["deviation"]]
            for each in document["importances"][:IMPORTANCES_TOLD]
        ],
        title="When a column is shuffled",
    )
    out.table(
        ["truth", "answer", "loss", "what the model was told"],
        [
            [each["truth"], each["answer"], each["loss"], _tell(each["features"])]
            for each in document["hardest"][:HARDEST_TOLD]
        ],
        title="Hardest rows of the holdout",
    )
    out.table(
        ["rule", "value", "limit", "passed"],
        [
            [rule["rule"], f"{rule['value']:.4g}", f"{rule['limit']:.4g}", rule["passed"]]
            for rule in document["gate"]["rules"]
        ],
        title="Gate",
    )
    out.say(f"With pictures: loop card --run {document['run_id']}")


def _show_metrics(session: Session, document: dict[str, Any]) -> None:
    session.output.table(
        ["metric", "value", "95% interval", "baseline", "champion then"],
        [
            [
                name.replace("_", " "),
                value,
                _tell_interval(document["intervals"].get(name)),
                document["baseline_metrics"].get(name),
                document["champion_metrics"].get(name),
            ]
            for name, value in document["metrics"].items()
        ],
        title=f"{document['candidate']} on {document['holdout_rows']} rows of the holdout",
    )
    for other, found in document["comparisons"].items():
        session.output.say(
            f"Loss less the {other}'s: {found['difference']:.4g}"
            f" ({found['low']:.4g} to {found['high']:.4g}, paired)"
        )


def _show_slices(session: Session, document: dict[str, Any]) -> None:
    session.output.table(
        ["column", "value", "rows", "loss", "95% interval"],
        [
            [s["column"], s["value"], s["rows"], s["loss"], _tell_interval([s["low"], s["high"]])]
            for s in document["slices"][:SLICES_TOLD]
        ],
        title="Worst slices",
    )
    for each in document["fairness"]:
        told = ", ".join(f"{name} {value:.3f}" for name, value in each["differences"].items())
        session.output.say(f"Between the {each['groups']} groups of {each['column']}: {told}")


def _tell_interval(interval: Sequence[float] | None) -> str:
    return "" if interval is None else f"{interval[0]:.4f} to {interval[1]:.4f}"


def _tell(features: dict[str, Any]) -> str:
    return ", ".join(f"{name} {'?' if v is None else v}" for name, v in features.items())


def _as_texts(rows: list[list[Any]]) -> list[list[str]]:
    return [["none" if cell is None else str(cell) for cell in row] for row in rows]

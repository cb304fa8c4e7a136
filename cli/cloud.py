"""``loop up``, ``loop down`` and ``loop status``: the whole system on this computer."""

from typing import Annotated, Any, Final

import typer

from cli.datasets import DEFAULT_DATASET
from cli.deployments import (
    bring_up,
    describe_parts,
    has_other_parts,
    local_cloud,
    show_parts,
)
from cli.home import TargetName, choose_place, load_deployed
from cli.landing import ensure_trained
from cli.models import describe_model
from cli.observe import list_alarms
from cli.output import GOES_ON
from cli.rows import example_record
from cli.session import JsonOption, Session, TargetOption, begin
from cli.system import READY, STACKS, System
from core.errors import UnavailableError

LOCAL: Final = "local"  # what `make up` means, whatever was deployed elsewhere meanwhile
HERE: Final[tuple[TargetName, ...]] = ("local", "localstack")  # what can run on this computer


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(up)
    app.command()(down)
    app.command()(status)


def up(ctx: typer.Context, *, target: TargetOption = None, as_json: JsonOption = False) -> None:
    """Start everything, and ask it for a prediction.

    Starts the local cloud, deploys all stacks, trains a first model if there is none.
    """
    session = begin(ctx, as_json=as_json)
    session.output.if_interrupted = GOES_ON
    place = choose_place(target or LOCAL, None, load_deployed(session.home))
    with session.output.never_silent():
        system = bring_up(session, *place)
        ensure_trained(session, system, DEFAULT_DATASET)
        session.output.progress("asking the API for a prediction")
        model = system.model_name(None)
        answer = system.api.first_prediction(model, example_record(system, model))
        facts = describe_model(system, model)
    session.output.report(
        {
            "api_url": system.api_url,
            "answer": answer,
            "model": facts,
            "parts": describe_parts(session, system),
        },
        lambda: _show_up(session, system, answer, facts),
    )


def down(
    ctx: typer.Context,
    *,
    target: TargetOption = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Stop the local cloud and keep its data. LocalStack, if it runs, keeps none."""
    session = begin(ctx, as_json=as_json)
    chosen = choose_place(target, None, load_deployed(session.home))[0] if target else None
    if chosen == "aws":
        raise UnavailableError(
            "AWS is not ours to stop.", next_step="loop destroy --target aws (removes the stacks)"
        )
    clouds = {each: local_cloud(session, each) for each in ([chosen] if chosen else HERE)}
    stopped = [each for each, cloud in clouds.items() if cloud.stop()]
    if not quiet:
        lines = [_say_stopped(each, keeps_data=clouds[each].keeps_data) for each in stopped]
        lines = lines or [f"Nothing was running. Start it with: {_how_to_start(chosen or LOCAL)}"]
        session.output.report(
            {"stopped": bool(stopped)}, lambda: session.output.say("\n".join(lines))
        )


def _say_stopped(target: TargetName, *, keeps_data: bool) -> str:
    kept = "its data are kept" if keeps_data else "its stacks and data are gone"
    return f"Stopped; {kept}. Start it with: {_how_to_start(target)}"


def _how_to_start(target: TargetName) -> str:
    return "make up" if target == LOCAL else f"loop deploy --target {target}"


def status(ctx: typer.Context, *, as_json: JsonOption = False) -> None:
    """Show what runs and where: stacks, models, alarms."""
    session = begin(ctx, as_json=as_json)
    system = session.system()
    document = _describe(system) | {"parts": describe_parts(session, system)}

    def show() -> None:
        _show_status(session, document)
        show_parts(session, system)
        if has_other_parts(session, system):
            session.output.say("Other files of yours have passed since. Next: loop deploy")

    session.output.report(document, show)


def _describe(system: System) -> dict[str, Any]:
    stacks = system.stacks()
    document: dict[str, Any] = {
        "target": system.target,
        "stage": system.stage,
        "stacks": stacks,
        "is_deployed": system.is_deployed(),
    }
    if not document["is_deployed"]:
        ready = sum(status in READY for status in stacks.values())
        raise UnavailableError(
            f"The cloud runs, but only {ready} of {len(STACKS)} stacks are deployed on"
            f" {system.target}.",
            next_step=system.deploy_command,
        )
    states = [alarm["state"] for alarm in list_alarms(system)]
    return document | {
        "api_url": system.api_url,
        "api_healthy": system.api.is_healthy(),
        "default_model": system.registry.default_model(),
        "models": [describe_model(system, name) for name in system.registry.models()],
        "alarms": {state: states.count(state) for state in sorted(set(states))},
    }


def _show_status(session: Session, document: dict[str, Any]) -> None:
    out = session.output
    alarms = ", ".join(f"{count} {state}" for state, count in document["alarms"].items())
    out.facts(
        {
            "target": f"{document['target']}, stage {document['stage']}",
            "API": document["api_url"],
            "healthy": document["api_healthy"],
            "default model": document["default_model"],
            "alarms": alarms or "none",
        }
    )
    out.table(["stack", "status"], list(document["stacks"].items()))
    rows = [
        [m["model"], m["champion"], m["version_count"], m["metrics_line"]]
        for m in document["models"]
    ]
    if rows:
        out.table(["model", "champion", "versions", "on the holdout"], rows)
    else:
        out.say("No model yet. Next: loop data add subscriptions")


def _show_up(
    session: Session, system: System, answer: dict[str, Any], facts: dict[str, Any]
) -> None:
    prediction = answer["predictions"][0]
    lines = [
        f"prediction   {prediction['prediction']}{_chances(prediction)}",
        f"model        {answer['model']}, version {answer['model_version']}",
        f"holdout      {facts['metrics_line']}",
    ]
    if facts["best_possible_line"]:
        lines.append(f"best possible  {facts['best_possible_line']}")
    lines.append(f"API          {system.api_url}")
    session.output.panel("The loop runs", [_aligned(line) for line in lines])
    show_parts(session, system)
    session.output.say("Next: loop predict · loop status · loop traffic · loop learn")


def _aligned(line: str) -> str:
    name, _, value = line.partition("  ")
    return f"{name:<14} {value.strip()}"


def _chances(prediction: dict[str, Any]) -> str:
    chances = prediction.get("probability") or {}
    listed = ", ".join(f"{name} {chance:.1%}" for name, chance in chances.items())
    return f" ({listed})" if listed else ""

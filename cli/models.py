"""``loop models``, ``loop promote`` and ``loop rollback``: which version of a model serves."""

import getpass
import os
from typing import Annotated, Any

import typer

from cli.ceiling import best_possible
from cli.session import JsonOption, Session, begin
from cli.system import System
from core.errors import InvalidInputError, NotFoundError
from core.records import ALIASES, AliasState, ModelVersion
from core.rollout import TrialName, is_on

HEADLINES = (
    "roc_auc",
    "macro_roc_auc",
    "brier_score",
    "accuracy",
    "mean_absolute_error",
    "r2",
)

ReasonOption = Annotated[str, typer.Option("--reason", help="Why; kept in the audit history.")]
ModelOption = Annotated[
    str | None, typer.Option("--model", help="The model; the default one if not given.")
]
VersionArgument = Annotated[
    int | None, typer.Argument(help="A model version; the champion if not given.", min=1)
]
RunOption = Annotated[str | None, typer.Option("--run", help="A run by its id, a refused one too.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(models)
    app.command()(promote)
    app.command()(rollback)


def models(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Argument(help="One model, with its versions.")] = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """List the models, or the versions of one."""
    session = begin(ctx, as_json=as_json)
    system = session.system()
    if name is None:
        found = [describe_model(system, model) for model in system.registry.models()]
        default = system.registry.default_model()
        session.output.report(
            {"default_model": default, "models": found},
            lambda: _show_models(session, found, default),
        )
        return
    versions = describe_versions(system, name)
    facts = describe_model(system, name)
    session.output.report(
        facts | {"versions": versions}, lambda: _show_versions(session, facts, versions)
    )


def promote(
    ctx: typer.Context,
    version: Annotated[int, typer.Argument(help="The version that shall serve.", min=1)],
    *,
    model: ModelOption = None,
    reason: ReasonOption = "promoted by hand",
    as_json: JsonOption = False,
) -> None:
    """Make a version the champion.

    It answers requests within seconds; nothing is deployed again.
    """
    session = begin(ctx, as_json=as_json)
    system = session.system()
    name = system.model_name(model)
    system.registry.version(name, version)
    champion = system.registry.alias(name)
    if champion and champion.version == version:
        raise InvalidInputError(
            f"Version {version} of {name} is the champion already.", next_step=f"loop models {name}"
        )
    moved = system.registry.move_alias(
        name,
        "champion",
        to=version,
        expected_revision=champion.revision if champion else 0,
        reason=reason,
        changed_by=person(),
    )
    _report_move(session, system, moved, f"Version {version} of {name} is the champion now.")


def rollback(
    ctx: typer.Context,
    *,
    model: ModelOption = None,
    reason: ReasonOption = "rolled back by hand",
    as_json: JsonOption = False,
) -> None:
    """Return to the champion before this one.

    A split or shadow that its promotion stopped goes on.
    """
    session = begin(ctx, as_json=as_json)
    system = session.system()
    name = system.model_name(model)
    moved = system.registry.rollback(name, reason=reason, changed_by=person())
    told = f"{name} is back at version {moved.version} (was {moved.previous_version})."
    _report_move(session, system, moved, told)


def end_trial(trial: TrialName, model: str) -> str:
    """Return the command that ends what is tried, for good."""
    command = "split --challenger 0" if trial == "challenger" else "shadow --share 0"
    return f"loop {command} --model {model}"


def person() -> str:
    """Return who is at the keyboard, for the audit history."""
    return os.environ.get("LOOP_USER") or getpass.getuser()


def describe_model(system: System, name: str) -> dict[str, Any]:
    """Return a model's champion, its metrics and the best possible score where it is known."""
    versions = system.registry.versions(name)
    if not versions:
        raise NotFoundError(f"There is no model {name}.", next_step="loop models")
    champion = system.registry.alias(name)
    serving = next((v for v in versions if champion and v.version == champion.version), None)
    metrics = serving.metrics if serving else {}
    ceiling = best_possible(system, name, serving)
    return {
        "model": name,
        "champion": champion.version if champion else None,
        "version_count": len(versions),
        "metrics": metrics,
        "metrics_line": metrics_line(metrics),
        "best_possible": ceiling,
        "best_possible_line": metrics_line(ceiling),
    }


def describe_versions(system: System, name: str) -> list[dict[str, Any]]:
    """Return every version of a model, the newest first, with the aliases that point at it.

    A challenger or shadow whose trial has ended or stopped is none any more.
    """
    pointing: dict[int, list[str]] = {}
    champion = system.registry.alias(name)
    for alias in ALIASES:
        state = system.registry.alias(name, alias)
        if state and (state.share is None or is_on(state, champion)):
            pointing.setdefault(state.version, []).append(alias)
    return [
        version.model_dump(mode="json") | {"aliases": pointing.get(version.version, [])}
        for version in reversed(system.registry.versions(name))
    ]


def find_version(system: System, model: str, version: int | None, *, command: str) -> ModelVersion:
    """Return the version that was named, or the champion.

    Parameters
    ----------
    command : str
        What takes a run as well, for a model that has no champion.

    Raises
    ------
    NotFoundError
        If there is none.
    """
    if version is None:
        champion = system.registry.alias(model)
        if champion is None:
            raise NotFoundError(
                f"{model} has no champion yet.",
                next_step=f"loop runs --model {model}, then {command} --run RUN",
            )
        version = champion.version
    return system.registry.version(model, version)


def metrics_line(metrics: dict[str, float]) -> str:
    """Return the metrics that people compare first as one line; ``--json`` has them all."""
    told = [name for name in HEADLINES if name in metrics] or list(metrics)
    return ", ".join(f"{name.replace('_', ' ')} {metrics[name]:.3f}" for name in told)


def _show_models(session: Session, found: list[dict[str, Any]], default: str | None) -> None:
    if not found:
        session.output.say("There is no model yet. Next: loop data add subscriptions")
        return
    session.output.table(
        ["model", "default", "champion", "versions", "on the holdout", "best possible"],
        [
            [
                m["model"],
                m["model"] == default,
                m["champion"],
                m["version_count"],
                m["metrics_line"],
                m["best_possible_line"] or "unknown",
            ]
            for m in found
        ],
    )


def _show_versions(session: Session, facts: dict[str, Any], versions: list[dict[str, Any]]) -> None:
    session.output.table(
        ["version", "aliases", "candidate", "on the holdout", "registered", "run"],
        [
            [
                v["version"],
                ", ".join(v["aliases"]),
                v["candidate"],
                metrics_line(v["metrics"]),
                v["registered_at"][:19].replace("T", " "),
                v["run_id"],
            ]
            for v in versions
        ],
        title=facts["model"],
    )
    if facts["best_possible_line"]:
        session.output.say(f"Best possible: {facts['best_possible_line']}")
    named = f"--model {facts['model']}"
    session.output.say(f"In full, with pictures: loop card VERSION {named}")
    if len(versions) > 1:
        session.output.say(f"Side by side: loop compare VERSION VERSION {named}")


def _report_move(session: Session, system: System, moved: AliasState, told: str) -> None:
    again = _find_started_again(system, moved)
    document = moved.model_dump(mode="json") | {
        "started_again": [state.experiment for state in again.values()]
    }

    def show() -> None:
        session.output.say(told)
        for trial, state in again.items():
            does = "answers" if trial == "challenger" else "mirrors"
            session.output.say(
                f"{state.experiment} goes on: version {state.version} {does}"
                f" {(state.share or 0) * 100:.4g}% of the requests again."
                f" To end it: {end_trial(trial, moved.model)}"
            )

    session.output.report(document, show)


def _find_started_again(system: System, moved: AliasState) -> dict[TrialName, AliasState]:
    """Return what the champion before stopped, and this one lets go on."""
    if moved.previous_version is None:
        return {}
    before = moved.model_copy(update={"version": moved.previous_version})
    trials: tuple[TrialName, ...] = ("challenger", "shadow")
    states = {trial: system.registry.alias(moved.model, trial) for trial in trials}
    return {
        trial: state
        for trial, state in states.items()
        if state and is_on(state, moved) and not is_on(state, before)
    }

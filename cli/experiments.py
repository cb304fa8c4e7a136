"""``loop split``, ``loop shadow`` and ``loop experiment``: versions tried on live requests."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from cli.models import ModelOption, end_trial, person
from cli.session import JsonOption, Session, begin
from cli.system import System
from core.errors import InvalidInputError, NotFoundError
from core.records import AliasState
from core.rollout import TrialName, is_on

ShareOption = Annotated[
    float | None,
    typer.Option("--challenger", help="Share of the requests, 0 to 1; 0 ends the split."),
]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; kept in the audit history.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(split)
    app.command()(shadow)
    app.command()(experiment)


def split(
    ctx: typer.Context,
    *,
    challenger: ShareOption = None,
    version: Annotated[
        int | None, typer.Option("--version", help="The challenger; the last one if not given.")
    ] = None,
    model: ModelOption = None,
    reason: ReasonOption = "split by hand",
    as_json: JsonOption = False,
) -> None:
    """Let a challenger answer a share of requests, or show which does.

    A caller who sends the data contract's identifier, or the header x-split-key, always gets the
    same version. A promotion stops the split, a rollback starts it again; 0 ends it.
    """
    session = begin(ctx, as_json=as_json)
    if challenger is None and version is not None:
        raise InvalidInputError(
            "A challenger needs a share.",
            next_step=f"loop split --challenger 0.1 --version {version}",
        )
    _try(session, "challenger", version, challenger, model=model, reason=reason)


def shadow(
    ctx: typer.Context,
    version: Annotated[
        int | None, typer.Argument(help="The version that shall mirror.", min=1)
    ] = None,
    *,
    share: Annotated[
        float | None,
        typer.Option("--share", help="Of the requests, 0 to 1, usually all; 0 ends it."),
    ] = None,
    model: ModelOption = None,
    reason: ReasonOption = "mirrored by hand",
    as_json: JsonOption = False,
) -> None:
    """Let a version answer beside the champion, or show which does.

    Nobody gets its answers; they are captured, and 'loop experiment' compares them.
    """
    session = begin(ctx, as_json=as_json)
    wanted = 1.0 if share is None and version is not None else share
    _try(session, "shadow", version, wanted, model=model, reason=reason)


def experiment(
    ctx: typer.Context, *, model: ModelOption = None, as_json: JsonOption = False
) -> None:
    """Compare the arms of a split, and a shadow with its champion.

    The intervals hold however often you look, so you may stop as soon as they tell.
    """
    session = begin(ctx, as_json=as_json)
    system = session.system()
    document = describe_experiments(system, system.model_name(model))
    session.output.report(document, lambda: _show_experiments(session, document))


def describe_experiments(system: System, model: str) -> dict[str, Any]:
    """Return what the experiments of a model say at this moment.

    Raises
    ------
    NotFoundError
        If nothing was ever tried.
    """
    from cli.experiment_reports import report_shadow, report_split  # noqa: PLC0415 - numpy is slow

    found = {"split": report_split(system, model), "shadow": report_shadow(system, model)}
    if found["split"] is None and found["shadow"] is None:
        raise NotFoundError(
            f"Nothing was ever tried beside the champion of {model}.",
            next_step=f"loop shadow VERSION --model {model}",
        )
    return {"model": model, **found}


def _try(
    session: Session,
    trial: TrialName,
    version: int | None,
    share: float | None,
    *,
    model: str | None,
    reason: str,
) -> None:
    system = session.system()
    name = system.model_name(model)
    if share is not None:
        _start(system, name, trial, version, share, reason)
    document = describe_trial(system, name, trial)
    session.output.report(document, lambda: session.output.say(_say_trial(document)))


def _start(
    system: System, model: str, trial: TrialName, version: int | None, share: float, reason: str
) -> None:
    from core.trials import start_trial  # noqa: PLC0415 - showing needs no manifests

    current = system.registry.alias(model, trial)
    if not share and not (current and current.share):
        raise InvalidInputError(
            f"{model} has no {trial} that could be ended.",
            next_step=f"loop {'split' if trial == 'challenger' else 'shadow'} --model {model}",
        )
    start_trial(
        system.store,
        model,
        trial,
        version=version if share else None,
        share=share,
        reason=reason,
        changed_by=person(),
    )


def describe_trial(system: System, model: str, trial: TrialName) -> dict[str, Any]:
    """Return what a challenger or a shadow takes of a model's requests."""
    champion = system.registry.alias(model)
    state = system.registry.alias(model, trial)
    return {
        "model": model,
        "trial": trial,
        "champion": champion.version if champion else None,
        "running": is_on(state, champion),
        **({} if state is None else _describe_state(state)),
    }


def _describe_state(state: AliasState) -> dict[str, Any]:
    fields = {"version", "share", "experiment", "against", "revision", "changed_at", "changed_by",
              "reason"}  # fmt: skip
    return state.model_dump(mode="json", include=fields)


def _say_trial(facts: dict[str, Any]) -> str:
    model, is_split = facts["model"], facts["trial"] == "challenger"
    others = f"Version {facts['champion']} of {model} answers all requests"
    if "version" not in facts or facts["share"] is None:
        command = "loop split --challenger 0.1 --version" if is_split else "loop shadow"
        return f"{others}; nothing is tried. Next: {command} VERSION --model {model}"
    version, share = facts["version"], f"{facts['share'] * 100:.4g}%"
    if facts["running"] and is_split:
        return (
            f"Version {version} of {model} answers {share} of the requests, version"
            f" {facts['champion']} the others ({facts['experiment']}, since {_when(facts)})."
            f" Next: loop experiment --model {model}"
        )
    if facts["running"]:
        return (
            f"Version {version} of {model} mirrors {share} of the requests that version"
            f" {facts['champion']} answers ({facts['experiment']}, since {_when(facts)})."
            f" Next: loop experiment --model {model}"
        )
    trial = f"{others}; {facts['experiment']} with version {version}"
    if not facts["share"]:
        return f"{trial} ended."
    starts = f"a rollback to version {facts['against']}" if is_split else "another champion"
    return (
        f"{trial} stopped when version {facts['champion']} became the champion, and {starts}"
        f" starts it again. To end it: {end_trial(facts['trial'], model)}"
    )


def _when(facts: dict[str, Any]) -> str:
    return f"{datetime.fromisoformat(facts['changed_at']).astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _show_experiments(session: Session, document: dict[str, Any]) -> None:
    for part, show in (("split", _show_split), ("shadow", _show_shadow)):
        if document[part] is not None:
            show(session, document[part])


def _show_split(session: Session, facts: dict[str, Any]) -> None:
    arms = [facts["champion"], facts["challenger"]]
    session.output.table(
        ["arm", "version", "rows", "callers", "with outcome", facts["loss"], "at 97.5%", "ms"],
        [
            [
                a["arm"],
                a["version"],
                a["predictions"],
                a["units"],
                a["labelled"],
                _number(a["loss"]),
                _between(a),
                _number(a["took_ms"]),
            ]
            for a in arms
        ],
        title=f"{facts['experiment']} of {facts['model']}",
    )
    _say_conclusion(session, facts)


def _show_shadow(session: Session, facts: dict[str, Any]) -> None:
    agreement = facts["agreement"]
    session.output.facts(
        {
            "experiment": f"{facts['experiment']} of {facts['model']}, version {facts['version']}",
            "rows both answered": facts["rows"],
            "the same prediction": "-" if agreement is None else f"{agreement:.1%}",
            "score, mean difference": _number(facts["mean_difference"]),
            "score, mean distance": _number(facts["mean_distance"]),
            "median ms, shadow": _number(facts["took_ms"]),
            "median ms, champion": _number(facts["answered_in_ms"]),
            "with outcome": facts["labelled"],
        }
    )
    _say_conclusion(session, facts)


def _say_conclusion(session: Session, facts: dict[str, Any]) -> None:
    difference = facts["difference"]
    if difference["loss"] is not None:
        session.output.say(
            f"{facts['loss']}, version {facts['version']} less the champion:"
            f" {difference['loss']:+.4f}, true value within {_between(difference, sign='+')}"
            " with 95%, whenever you look (below 0 is better)."
        )
    for note in facts["notes"]:
        session.output.say(note)
    session.output.say(facts["next_step"])


def _between(facts: dict[str, Any], *, sign: str = "") -> str:
    if facts["lower"] is None or facts["upper"] is None:
        return "unknown"
    return f"{facts['lower']:{sign}.4f} to {facts['upper']:{sign}.4f}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"

"""``loop deploy`` and ``loop destroy``: the same CDK app on any target."""

import os
import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from cdk.fingerprint import fingerprint, read_settings
from cdk.local.cloud import LocalCloud
from cdk.toolkit import Toolkit, ToolkitError
from cli import parts
from cli.home import (
    Deployed,
    StageName,
    TargetName,
    choose_place,
    load_deployed,
    project_root,
    save_deployed,
    workspace_folder,
)
from cli.output import GOES_ON
from cli.session import JsonOption, Session, StageOption, TargetOption, begin
from cli.system import System
from cli.targets import aws_environment, use_environment
from core.errors import InvalidInputError, UnavailableError
from core.parts import VARIABLE, PartError

_BROKEN_PART = re.compile(r"^ *(Your part \w+ .*)$", re.MULTILINE)


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(deploy)
    app.command()(destroy)


def deploy(
    ctx: typer.Context,
    *,
    target: TargetOption = None,
    stage: StageOption = None,
    again: Annotated[
        bool, typer.Option("--again", help="Deploy even if nothing has changed.")
    ] = False,
    reference: Annotated[
        bool, typer.Option("--reference", help="Leave your own parts out, this time.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Deploy all stacks: local cloud, LocalStack or AWS.

    What you wrote in the course and what passed takes the reference's place.
    """
    session = begin(ctx, as_json=as_json)
    session.output.if_interrupted = GOES_ON
    deployed = load_deployed(session.home)
    with session.output.never_silent():
        place = choose_place(target, stage, deployed)
        system = bring_up(session, *place, again=again, reference=reference)
        document = {
            "target": system.target,
            "stage": system.stage,
            "stacks": system.stacks(),
            "api_url": system.api_url,
            "outputs": system.outputs,
            "parts": describe_parts(session, system),
        }
    session.output.report(document, lambda: _show_deployment(session, system))


def destroy(
    ctx: typer.Context,
    *,
    target: TargetOption = None,
    stage: StageOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    really: Annotated[
        bool, typer.Option("--really", help="Needed for the stage prod, beside --yes.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Destroy all stacks; in the stage dev their data too.

    In prod the data stay, and what else is kept is told.
    """
    session = begin(ctx, as_json=as_json)
    deployed = load_deployed(session.home)
    chosen = choose_place(target, stage, deployed)
    _confirm(*chosen, yes=yes, really=really)
    session.output.if_interrupted = GOES_ON
    with session.output.never_silent():
        system = session.connect(target=chosen[0], stage=chosen[1], home=session.home)
        system.stacks()  # asks the cloud, which says at once, and better than cdk, what is missing
        if system.stage == "prod":
            system.lift_protection()
        _toolkit(session, *chosen).destroy()
    kept = {name: mark for name, mark in deployed.fingerprints.items() if name != "/".join(chosen)}
    save_deployed(session.home, deployed.model_copy(update={"fingerprints": kept}))
    session.output.report(
        {"destroyed": {"target": chosen[0], "stage": chosen[1]}},
        lambda: _say_destroyed(session, *chosen),
    )


def bring_up(
    session: Session,
    target: TargetName,
    stage: StageName,
    *,
    again: bool = False,
    reference: bool = False,
) -> System:
    """Make the system on a target what the sources say; do nothing when it is that already.

    Parameters
    ----------
    reference : bool
        Whether the learner's own parts are left out.

    Returns
    -------
    System
        The deployed system, remembered as the one that later commands speak to.
    """
    start_cloud(session, target)
    system = session.connect(target=target, stage=stage, home=session.home)
    root, place = project_root(), f"{target}/{stage}"
    chosen = parts.choose_parts(workspace_folder(), reference=reference)
    waiting = parts.lay_out(session.home, chosen)
    mark = _make_mark(root, target, stage, parts.identify(chosen))
    deployed = load_deployed(session.home)
    if not again and deployed.fingerprints.get(place) == mark and system.is_deployed():
        session.output.progress("nothing to deploy: no source, setting or part has changed")
        marks = deployed.fingerprints
    else:
        _deploy(session, system, waiting if parts.identify(chosen) else None)
        marks = deployed.fingerprints | {place: mark}
        system = session.connect(target=target, stage=stage, home=session.home)
    parts.settle(session.home, place, waiting)
    save_deployed(session.home, Deployed(target=target, stage=stage, fingerprints=marks))
    return system


def describe_parts(session: Session, system: System) -> list[dict[str, object]]:
    """Return whose the deployed parts are, and why."""
    deployed = parts.read_deployed(session.home, f"{system.target}/{system.stage}")
    return [each.model_dump(mode="json") for each in deployed]


def show_parts(session: Session, system: System) -> None:
    """Write whose the deployed parts are, for those who have begun to learn."""
    deployed = parts.read_deployed(session.home, f"{system.target}/{system.stage}")
    if workspace_folder().is_dir() or parts.identify(deployed):
        parts.show(session.output, deployed)


def has_other_parts(session: Session, system: System) -> bool:
    """Tell whether a deployment now would take other files of the learner's."""
    deployed = parts.read_deployed(session.home, f"{system.target}/{system.stage}")
    return parts.identify(parts.choose_parts(workspace_folder())) != parts.identify(deployed)


def _make_mark(root: Path, target: TargetName, stage: StageName, own: dict[str, str]) -> str:
    settings = read_settings(target=target, stage=stage, environment=os.environ)
    named = {f"part {name}": sha256 for name, sha256 in own.items()}
    return fingerprint(root, settings | named)


def start_cloud(session: Session, target: TargetName) -> None:
    """Start the target's local cloud; AWS needs no start, but credentials."""
    if target == "aws":
        use_environment(aws_environment(os.environ))
        return
    running = local_cloud(session, target).start(report=session.output.progress)
    use_environment(running.environment_over(os.environ))


def local_cloud(session: Session, target: TargetName) -> LocalCloud:
    """Return the local cloud of a target (not ``aws``), running or not."""
    return session.open_cloud(
        session.home, emulator="localstack" if target == "localstack" else "ministack"
    )


def _deploy(session: Session, system: System, own_parts: Path | None) -> None:
    toolkit = _toolkit(session, system.target, system.stage, own_parts)
    if not system.has_toolkit():
        sts = system.client("sts")
        toolkit.bootstrap(account=sts.get_caller_identity()["Account"], region=sts.meta.region_name)
    try:
        toolkit.deploy(outputs_file=session.home / "outputs.json")
    except ToolkitError as error:
        if own_parts and (broken := _BROKEN_PART.search(str(error))):
            raise PartError(
                broken[1], next_step="mend it and check it (loop learn), or loop deploy --reference"
            ) from error
        if system.target == "aws":
            raise
        raise local_cloud(session, system.target).explain(str(error)) or error from error


def _toolkit(
    session: Session, target: TargetName, stage: StageName, own_parts: Path | None = None
) -> Toolkit:
    # Only what is deployed here and now, whatever the caller's own environment says.
    given = {name: value for name, value in os.environ.items() if name != VARIABLE}
    return session.make_toolkit(
        root=project_root(),
        home=session.home,
        environment=given | ({VARIABLE: str(own_parts)} if own_parts else {}),
        context={"target": target, "stage": stage},
        report=session.output.progress,
    )


def _confirm(target: TargetName, stage: StageName, *, yes: bool, really: bool) -> None:
    if stage == "prod" and not really:
        raise InvalidInputError(
            "The stage prod is protected.",
            next_step=f"loop destroy --target {target} --stage prod --really",
        )
    if yes:
        return
    if not sys.stdin.isatty():
        raise InvalidInputError(
            "destroy asks before it destroys, and nobody is here to answer.",
            next_step="loop destroy --yes",
        )
    data = "with their data" if stage == "dev" else "but for their data"
    if not typer.confirm(f"Destroy all stacks of {stage} on {target}, {data}?", err=True):
        raise UnavailableError("Nothing was destroyed.", next_step="")


def _say_destroyed(session: Session, target: TargetName, stage: StageName) -> None:
    session.output.say(f"Destroyed: all stacks of {stage} on {target}.")
    if stage == "prod":
        session.output.say(
            "Kept, for you to delete: the data bucket, the dead letters, the logs, the alarms' key."
        )


def _show_deployment(session: Session, system: System) -> None:
    session.output.table(["stack", "status"], list(system.stacks().items()))
    show_parts(session, system)
    session.output.say(f"API: {system.api_url}")
    if system.target != "local":
        session.output.say(
            f"Commands speak to {system.target}, stage {system.stage}, from now on. Back to the"
            " local cloud: make up"
        )
    session.output.say("Next: loop data add subscriptions, loop status, loop predict")

"""``loop doctor``: every prerequisite, what was found, and how to mend it."""

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import typer

from cdk.local.ports import is_free
from cdk.toolkit import Toolkit, node_folder
from cli.deployments import local_cloud
from cli.home import StageName, TargetName, choose_place, load_deployed, project_root
from cli.session import JsonOption, Session, TargetOption, begin, explain
from core.counted import counted
from core.errors import LoopError

Verdict = Literal["ok", "note", "wrong"]

NEEDED_BYTES = 3 * 1024**3
USUAL_PORT = 4566
_PINNED = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)(?P<marker>\s*;)?")


@dataclass(frozen=True, slots=True)
class Finding:
    """One prerequisite: how it stands, and the mend when it is wrong."""

    check: str
    verdict: Verdict
    detail: str
    mend: str = ""


def add_to(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(doctor)


def doctor(ctx: typer.Context, *, target: TargetOption = None, as_json: JsonOption = False) -> None:
    """Check what the system needs; name each mend."""
    session = begin(ctx, as_json=as_json)
    place = choose_place(target, None, load_deployed(session.home))
    findings = list(examine(session, *place))
    wrong = [finding for finding in findings if finding.verdict == "wrong"]
    session.output.report(
        {"healthy": not wrong, "findings": [asdict(finding) for finding in findings]},
        lambda: _show(session, findings, wrong),
    )
    if wrong:
        raise typer.Exit(1)


def examine(session: Session, target: TargetName, stage: StageName) -> Iterator[Finding]:
    """Look at every prerequisite, the cheap and fundamental ones first."""
    root = project_root()
    yield check_python()
    yield check_lock(root / "locks" / "project.txt")
    yield _check_program("uv", _uv())
    yield _check_program("node", node_folder() / "node")
    yield _check_toolkit(session, root)
    yield check_disk(session.home)
    if target == "aws":
        yield _check_credentials()
    else:
        yield from _check_cloud(session, target)
    yield _check_stacks(session, target, stage)


def check_python(version: tuple[int, ...] = sys.version_info[:3]) -> Finding:
    """Check the interpreter that runs this command."""
    shown = ".".join(str(part) for part in version)
    if (3, 11) <= version[:2] <= (3, 13):
        return Finding("Python", "ok", shown)
    return Finding(
        "Python", "wrong", f"{shown}; 3.11, 3.12 or 3.13 is needed",
        "make clean, then make up PYTHON=python3.12",
    )  # fmt: skip


def check_lock(lock: Path, installed: Callable[[str], str | None] | None = None) -> Finding:
    """Compare what is installed with the lock file; a marker may leave a package out."""
    look_up = installed or _installed_version
    if not lock.is_file():
        return Finding("lock file", "wrong", f"{lock} is missing", "git checkout -- locks")
    different = []
    for line in lock.read_text().splitlines():
        if not (pin := _PINNED.match(line)):
            continue
        found = look_up(pin["name"])
        if found != pin["version"] and not (found is None and pin["marker"]):
            different.append(f"{pin['name']} {found or 'missing'} instead of {pin['version']}")
    # A package may be pinned twice, for two platforms: then one of the two lines fits.
    different = [each for each in different if not _fits_elsewhere(lock, each.split()[0], look_up)]
    if different:
        more = f" and {len(different) - 1} more" if len(different) > 1 else ""
        return Finding("lock file", "wrong", different[0] + more, "make setup")
    return Finding("lock file", "ok", "the environment is in step with it")


def check_disk(home: Path, needed_bytes: int = NEEDED_BYTES) -> Finding:
    """Check that packages, images of state and logs have room."""
    place = next(folder for folder in (home, *home.parents) if folder.exists())
    free = shutil.disk_usage(place).free
    detail = f"{free / 1024**3:.1f} GiB free, {needed_bytes / 1024**3:.1f} GiB needed"
    if free >= needed_bytes:
        return Finding("disk", "ok", detail)
    return Finding("disk", "wrong", detail, f"free space on the disk of {place}")


def _installed_version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _fits_elsewhere(lock: Path, name: str, look_up: Callable[[str], str | None]) -> bool:
    pins = (_PINNED.match(line) for line in lock.read_text().splitlines())
    return any(pin["version"] == look_up(name) for pin in pins if pin and pin["name"] == name)


def _uv() -> Path:
    return Path(sys.executable).with_name("uv")


def _check_program(name: str, program: Path) -> Finding:
    try:
        done = subprocess.run(  # noqa: S603 - a tool of our own environment, no shell
            [str(program), "--version"], capture_output=True, text=True, check=True, timeout=30
        )
    except (OSError, subprocess.SubprocessError):
        return Finding(name, "wrong", f"{program} does not start", "make setup")
    return Finding(name, "ok", done.stdout.strip())


def _check_toolkit(session: Session, root: Path) -> Finding:
    toolkit: Toolkit = session.make_toolkit(
        root=root, home=session.home, environment=dict(os.environ), context={},
        report=session.output.progress,
    )  # fmt: skip
    try:
        return Finding("CDK command line", "ok", toolkit.version())
    except LoopError as error:
        return Finding("CDK command line", "wrong", str(error), error.next_step)


def _check_cloud(session: Session, target: TargetName) -> Iterator[Finding]:
    cloud = local_cloud(session, target)
    health = cloud.health()
    if health.state == "healthy":
        yield Finding("local cloud", "ok", f"{cloud.name}, port {health.port}, pid {health.pid}")
    elif health.state == "unresponsive":
        yield Finding(
            "local cloud", "wrong", f"{cloud.name} lives and does not answer (pid {health.pid})",
            "make down, then make up" if target == "local"
            else f"loop down --target {target}, then loop deploy --target {target}",
        )  # fmt: skip
    else:
        start = "make up" if target == "local" else f"loop deploy --target {target}"
        yield Finding("local cloud", "note", f"{cloud.name} is {health.state}", start)
        taken = not is_free(USUAL_PORT)
        detail = (
            f"{USUAL_PORT} is taken: another will be chosen" if taken else f"{USUAL_PORT} is free"
        )
        yield Finding("port", "note" if taken else "ok", detail)
    for lacking in cloud.lacks:
        yield Finding("not in the local cloud", "note", lacking)


def _check_credentials() -> Finding:
    import boto3  # noqa: PLC0415 - slow to load, and only AWS needs it
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    mend = "aws configure, or set AWS_PROFILE and AWS_REGION"
    try:
        session = boto3.Session()
        account = session.client("sts").get_caller_identity()["Account"]
    except (BotoCoreError, ClientError) as error:
        return Finding("AWS credentials", "wrong", type(error).__name__, mend)
    return Finding("AWS credentials", "ok", f"account {account}, region {session.region_name}")


def _check_stacks(session: Session, target: TargetName, stage: StageName) -> Finding:
    try:
        system = session.connect(target=target, stage=stage, home=session.home)
        stacks = system.stacks()
        if system.is_deployed():
            return Finding("stacks", "ok", f"all {len(stacks)} of stage {stage} are deployed")
        found = ", ".join(f"{name} {status}" for name, status in stacks.items()) or "none"
        return Finding("stacks", "wrong", f"deployed: {found}", system.deploy_command)
    except Exception as error:  # noqa: BLE001 - whatever it is, the other findings are told
        told = error if isinstance(error, LoopError) else explain(error)
        return Finding("stacks", "note", str(told), told.next_step)


def _show(session: Session, findings: list[Finding], wrong: list[Finding]) -> None:
    rows = [[f.check, f.verdict, f.detail, f.mend] for f in findings]
    session.output.table(["check", "verdict", "found", "mend"], rows)
    if wrong:
        session.output.say(
            f"Wrong: {len(wrong)} of {counted(len(findings), 'check')}. Next: {wrong[0].mend}"
        )
    else:
        session.output.say("Everything that the system needs is there.")

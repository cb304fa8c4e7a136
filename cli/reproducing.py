"""``loop reproduce``: train a model version again, and prove that it is the same."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import parts
from cli.home import project_root
from cli.models import ModelOption
from cli.session import JsonOption, Session, begin
from core.arithmetic import UNPINNED, pinned_variables
from core.counted import counted
from core.errors import LoopError, UnavailableError
from core.parts import VARIABLE

if TYPE_CHECKING:
    from training.report.reproduce import Reproduction

_MODULE = "training.report.reproduce"
_SHOWN = 5  # differences of numbers that are told; --json has all
# What a person can do about a part of the making that differs, the most telling first.
_REMEDIES = {
    "code": "check out the version of the project that trained it, then make setup",
    "lock files": "check out the locks/ that it was trained with, then make setup",
    "installed packages": "make setup (it installs what locks/ says)",
    "Python version": "make setup PYTHON=python{recorded}, in a fresh checkout",
    "architecture": "run it on a machine with a processor of {recorded}",
    "kernels of the processor": "train a new version: this one was made by a process that"
    " let its machine choose the kernels",
}


def add_to(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(reproduce)


def reproduce(
    ctx: typer.Context,
    version: Annotated[int, typer.Argument(help="The version to train again.", min=1)],
    *,
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train a version again on this computer; compare every byte.

    From its dataset version, its spec and its seed. Nothing is written to the bucket. The exit code
    is 0 only when every file of the bundle is the same.
    """
    from core.bundle import load_manifest  # noqa: PLC0415 - slow to load
    from training.report import reproduce as again  # noqa: PLC0415

    session = begin(ctx, as_json=as_json)
    system = session.system()
    name = system.model_name(model)
    record = system.registry.version(name, version)
    given = again.gather(system.store, record)
    pins = _choose_pins(load_manifest(system.store, record.bundle_id).provenance.arithmetic)
    with tempfile.TemporaryDirectory(prefix="loop-reproduce-") as folder:
        again.write_given(Path(folder), given)
        # The very files of the learner's that it was made with, whatever is deployed now.
        own = Path(folder) / "parts"
        parts.fetch_kept(session.home, again.list_parts(given), own)
        with session.output.never_silent():
            _train(Path(folder), {**pins, VARIABLE: str(own)}, session.output.progress)
        found = again.compare(system.store, record.bundle_id, again.read_made(Path(folder)))
    _report(session, f"Version {version} of {name}", record.bundle_id, found)


def _choose_pins(arithmetic: str) -> dict[str, str]:
    # What was made with the machine's own kernels is made again with these.
    return {} if arithmetic == UNPINNED else pinned_variables()


def _train(folder: Path, pins: dict[str, str], report: Callable[[str], None]) -> None:
    surroundings = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-m", _MODULE, str(folder)]
    with (folder / "errors").open("w") as errors:
        process = subprocess.Popen(  # noqa: S603 - our own module, no shell
            command, cwd=project_root(), env=surroundings | pins, text=True,
            stdout=subprocess.PIPE, stderr=errors,
        )  # fmt: skip
        with process:
            for line in process.stdout or ():
                report(line.strip())
    if process.returncode:
        said = (folder / "errors").read_text().strip().splitlines()
        raise UnavailableError(
            f"Training again did not come to an end: {said[-1] if said else process.returncode}",
            next_step="loop doctor, then run the same command again",
        )


def _report(session: Session, what: str, bundle_id: str, found: "Reproduction") -> None:
    out = session.output
    document = _describe(what, bundle_id, found)
    out.report(document, lambda: _show(session, what, bundle_id, found))
    if found.is_same:
        return
    out.json = False  # the one document is written
    raise LoopError(document["verdict"], next_step=document["next_step"])


def _describe(what: str, bundle_id: str, found: "Reproduction") -> dict[str, Any]:
    from training.report.reproduce import name_part  # noqa: PLC0415 - slow to load

    parts = list(dict.fromkeys(name_part(each) for each in found.making))
    return {
        "what": what,
        "bundle_id": bundle_id,
        "reproduced": found.is_same,
        "same_graph": found.is_same_graph,
        "files": found.files,
        "different_making": [_as_row(each) | {"part": name_part(each)} for each in found.making],
        "different_numbers": [_as_row(each) for each in found.numbers],
        "verdict": _judge(what, found, parts),
        "next_step": "" if found.is_same else _advise(found, parts),
    }


def _judge(what: str, found: "Reproduction", parts: list[str]) -> str:
    if found.is_same:
        return f"{what} is reproduced byte for byte."
    why = f"Different here: {', '.join(parts)}." if parts else "All it was made of is the same."
    if not found.is_same_graph:
        return f"{what} is not reproduced. {why}"
    kept = "The graph is the same." if found.numbers else "The graph and all numbers are the same."
    return f"{what} is not reproduced. {why} {kept}"


def _advise(found: "Reproduction", parts: list[str]) -> str:
    from training.report.reproduce import name_part  # noqa: PLC0415 - slow to load

    for part, remedy in _REMEDIES.items():
        if part in parts:
            recorded = next(each.recorded for each in found.making if name_part(each) == part)
            return remedy.format(recorded=recorded)
    return "run it once more; if it differs again, report it with the output of --json"


def _as_row(difference: Any) -> dict[str, object]:  # noqa: ANN401 - imported late
    return {
        "place": difference.place,
        "recorded": difference.recorded,
        "here": difference.here,
    }


def _show(session: Session, what: str, bundle_id: str, found: "Reproduction") -> None:
    out = session.output
    if found.is_same:
        out.say(f"{what} is reproduced byte for byte: {len(found.files)} files.")
        out.say(f"Bundle {bundle_id}")
        return
    rows = [[each.place.removeprefix("provenance."), _short(each.recorded), _short(each.here)]
            for each in (*found.making, *found.numbers[:_SHOWN])]  # fmt: skip
    out.table(["what differs", "recorded", "here"], rows, title=what)
    if (more := len(found.numbers) - _SHOWN) > 0:
        told = counted(more, "more number differs", "more numbers differ")
        out.say(f"{told}: --json shows all.")


def _short(value: object) -> str:
    text = "-" if value is None else str(value)
    return text if len(text) <= 24 else f"{text[:12]}…"

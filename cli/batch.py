"""``loop batch``: a whole file scored on this computer, with the deployed model."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.models import ModelOption
from cli.session import JsonOption, Session, begin
from cli.system import System
from core.errors import InvalidInputError, LoopError, NotFoundError

MODULE = "lambdas.batch.program"
_INTERRUPTED = {130, -2}


def add_to(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(batch)


def batch(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="A CSV or Parquet file of any length.")],
    *,
    to: Annotated[Path, typer.Option("--to", help="The Parquet file to write.")],
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    """Score a file with a model's champion: one row out for each row in, in order.

    A row that breaks the data contract keeps its place, without a prediction and with its reason.
    A run that was interrupted goes on where it was.
    """
    from core.bundle import load_files  # noqa: PLC0415 - numpy is slow to load

    session = begin(ctx, as_json=as_json)
    source, target = file.expanduser().resolve(), to.expanduser().resolve()
    _check_paths(source, target, given=file)
    system = session.system()
    name, version, bundle_id = find_champion(system, model)
    session.output.progress(f"scoring {file} with {name}, version {version}")
    with tempfile.TemporaryDirectory() as folder, session.output.never_silent():
        for part, body in load_files(system.store, bundle_id).items():
            Path(folder, part).parent.mkdir(parents=True, exist_ok=True)
            Path(folder, part).write_bytes(body)
        what = ["--file", str(source), "--bundle", folder, "--version", str(version)]
        report = _run([*what, "--to", str(target)])
    document = {"model": name, "model_version": version, "answer": str(to), **report}
    session.output.report(document, lambda: _show(session, document))


def find_champion(system: System, model: str | None) -> tuple[str, int, str]:
    """Return a model's name, the version that serves, and its bundle's id.

    Raises
    ------
    NotFoundError
        If there is no such model, or no version of it serves.
    """
    name = model or system.registry.default_model()
    champion = system.registry.alias(name) if name else None
    if name is None or champion is None:
        what = f"No version of {name} serves yet." if name else "There is no model yet."
        raise NotFoundError(what, next_step="loop models")
    return name, champion.version, system.registry.version(name, champion.version).bundle_id


def _check_paths(source: Path, target: Path, *, given: Path) -> None:
    if not source.is_file():
        raise InvalidInputError(f"There is no file {given}.", next_step="Check the path.")
    if source == target:
        raise InvalidInputError(
            "The answer would be written over the file.", next_step="Name another --to."
        )


def _run(arguments: list[str]) -> dict[str, Any]:
    """Run the program in a process of its own: the command line holds no inference."""
    command = [sys.executable, "-m", MODULE, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:  # noqa: S603 - our own
        try:
            out, _ = process.communicate()
        except SystemExit:
            process.terminate()
            raise
    if process.returncode in _INTERRUPTED:
        raise KeyboardInterrupt
    try:
        document: dict[str, Any] = json.loads(out)
    except ValueError:
        raise LoopError(
            "The file was not scored to its end.",
            next_step="Run the same command again: it goes on where it was.",
        ) from None
    if "error" in document:
        fault = LoopError(document["error"], next_step=document["next_step"])
        fault.exit_code = document["exit_code"]
        raise fault
    return document


def _show(session: Session, document: dict[str, Any]) -> None:
    output = session.output
    output.facts(
        {
            "answer": document["answer"],
            "model": f"{document['model']}, version {document['model_version']}",
            "rows": document["rows"],
            "without a prediction": document["failures"],
            "with a warning": document["warnings"],
        }
    )
    if document["resumed"]:
        output.say(f"{document['resumed']} of {document['shards']} parts were there already.")
    if document["absent"]:
        output.say(f"Not in the file, read as missing: {', '.join(document['absent'])}.")
    if document["listed"]:
        rows = [(row["row"], row["field"] or "", row["reason"]) for row in document["listed"]]
        output.say()
        output.table(("row", "column", "reason"), rows, title="Rows without a prediction")
        if document["failures"] > len(rows):
            output.say("… and more: the column failure of the answer has them all.")

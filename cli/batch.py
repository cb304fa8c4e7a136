"""``loop batch``: a whole file scored with the deployed model, on this computer or on the cloud."""

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.batch_jobs import BatchJobs, describe_job, describe_jobs, parts_beside
from cli.models import ModelOption
from cli.output import GOES_ON
from cli.session import JsonOption, Session, begin
from cli.system import System
from core.batch import check_place
from core.counted import counted
from core.errors import InvalidInputError, LoopError, NotFoundError

MODULE = "lambdas.batch.program"
_KINDS = ("", ".parquet", ".pq")
_INTERRUPTED = {130, -2}
_WRONG_INPUT = f"{InvalidInputError.__name__}: "  # as Step Functions begins what a function says
_CORRECT = "Correct the file, then give the same command again."


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(batch)
    app.command()(batches)


def batch(
    ctx: typer.Context,
    file: Annotated[
        str,
        typer.Argument(help="A CSV or Parquet file of any length, or s3://BUCKET/KEY of one."),
    ],
    *,
    to: Annotated[
        Path | None, typer.Option("--to", help="The Parquet file to write.", show_default=False)
    ] = None,
    cloud: Annotated[
        bool, typer.Option("--cloud", help="Let functions of the deployed system do the work.")
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="On the cloud: wait for the job's end.")
    ] = True,
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    """Score a file with a model's champion. One row out for each row in, in order.

    A row that breaks the data contract keeps its place, without a prediction and with its reason.
    A run that was interrupted goes on where it was when the same command is given again. A file in
    the data bucket, or with --cloud a file of yours, is scored by functions side by side; the
    answer stays in the bucket, and --to fetches it.
    """
    session = begin(ctx, as_json=as_json)
    session.output.if_interrupted = GOES_ON
    if to is not None and to.suffix.lower() not in _KINDS:
        raise InvalidInputError(
            f"The answer is a Parquet file, and {to.name} says that it is another kind.",
            next_step=f"--to {to.with_suffix('.parquet')}",
        )
    if cloud or file.startswith("s3://"):
        return _score_there(session, file, to, model=model, wait=wait)
    if to is None:
        raise InvalidInputError(
            "Where shall the answer go?", next_step=f"loop batch {file} --to answer.parquet"
        )
    return _score_here(session, Path(file), to, model=model)


def batches(
    ctx: typer.Context,
    job: Annotated[
        str | None, typer.Argument(help="One job by its name.", show_default=False)
    ] = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """List the batch jobs on the cloud, or show how one stands."""
    session = begin(ctx, as_json=as_json)
    jobs = BatchJobs(session.system())
    if job is not None:
        document = describe_job(jobs, job)
        return session.output.report(document, lambda: _show(session, document))
    found = list(describe_jobs(jobs))
    return session.output.report({"jobs": found}, lambda: _show_jobs(session, found))


def _score_here(session: Session, file: Path, to: Path, *, model: str | None) -> None:
    from core.bundle import load_files  # noqa: PLC0415 - numpy is slow to load

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


def _score_there(
    session: Session, file: str, to: Path | None, *, model: str | None, wait: bool
) -> None:
    target = to.expanduser().resolve() if to else None
    if target is not None:
        check_place(target)  # before the job, not when its answer is fetched
    system = session.system()
    name, version, bundle_id = find_champion(system, model)
    jobs = BatchJobs(system)
    with session.output.never_silent():
        job = jobs.make(
            _find_source(session, jobs, file), model=name, version=version, bundle_id=bundle_id
        )
        arn = jobs.start(job.job_id)
        session.output.progress(f"job {job.job_id}: {name}, version {version}")
        if arn is not None and wait:
            jobs.follow(job.job_id, arn, session.output.progress)
    document = describe_job(jobs, job.job_id)
    if document["state"] == "failed":
        raise _fault(document["reason"])
    if target is not None and document["state"] == "complete":
        with parts_beside(target) as folder:
            jobs.fetch(job.job_id, Path(folder))
            _run(["--parts", folder, "--to", str(target)])
        document["answer"] = str(to)
    session.output.report(document, lambda: _show(session, document))
    if document["state"] == "incomplete":
        raise typer.Exit(LoopError.exit_code)


def _find_source(session: Session, jobs: BatchJobs, file: str) -> str:
    if file.startswith("s3://"):
        return jobs.find_key(file)
    path = Path(file).expanduser()
    if not path.is_file():
        raise InvalidInputError(f"There is no file {file}.", next_step="Check the path.")
    session.output.progress(f"sending {file} to the data bucket, if it is not there")
    return jobs.upload(path)


def _fault(reason: str) -> LoopError:
    """Return a job's failure as an error: what the functions say begins with the error's name."""
    name, _, said = reason.partition(": ")
    if name.endswith(InvalidInputError.__name__):
        return InvalidInputError(said, next_step=_CORRECT)
    return LoopError(reason)


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
    # Nothing is ever written to its standard input, which ends when this process does.
    command = [sys.executable, "-m", MODULE, *arguments, "--attended"]
    # Ctrl-C reaches both. The program has it wait until it can end without a traceback.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        with subprocess.Popen(  # noqa: S603 - our own
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process:
            try:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)
                out = process.stdout.read() if process.stdout else b""
                process.wait()
            except (KeyboardInterrupt, SystemExit):
                # A signal to this process alone must not leave the other at work.
                process.terminate()
                process.wait()
                raise
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    if process.returncode in _INTERRUPTED:
        raise KeyboardInterrupt
    if process.returncode == -signal.SIGKILL:
        raise LoopError(
            "The program that scored was ended from outside: perhaps the memory is too small.",
            next_step="Close other programs, and run the same command again: it goes on where it"
            " was.",
        )
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


def _show_jobs(session: Session, found: list[dict[str, Any]]) -> None:
    rows = [
        (each["job"], each["state"], each.get("rows", ""), each["model"], each["model_version"],
         each["file"].rpartition("/")[2])
        for each in found
    ]  # fmt: skip
    if not rows:
        session.output.say("There is no batch job. loop batch FILE --cloud starts one.")
        return
    session.output.table(("job", "state", "rows", "model", "version", "file"), rows)


def _show(session: Session, document: dict[str, Any]) -> None:
    output = session.output
    facts = {
        "job": document.get("job"),
        "state": document.get("state"),
        "answer": document["answer"],
        "model": f"{document['model']}, version {document['model_version']}",
        "parts scored": document.get("scored"),
        "rows": document.get("rows"),
        "without a prediction": document.get("failures"),
        "with a warning": document.get("warnings"),
    }
    output.facts({name: value for name, value in facts.items() if value is not None})
    _show_missing(session, document.get("missing", ()))
    if document.get("resumed"):
        parts = counted(document["shards"], "part")
        output.say(f"Of {parts} {document['resumed']} had been scored before.")
    if document.get("absent"):
        output.say(f"Not in the file, read as missing: {', '.join(document['absent'])}.")
    if document.get("listed"):
        rows = [(row["row"], row["field"] or "", row["reason"]) for row in document["listed"]]
        output.say()
        output.table(("row", "column", "reason"), rows, title="Rows without a prediction")
        if document["failures"] > len(rows):
            output.say("… and more: the column failure of the answer has them all.")


def _show_missing(session: Session, missing: Sequence[Mapping[str, Any]]) -> None:
    """Say which rows were not scored, and whether the same command will do."""
    for lost in missing:
        first, last = lost["first_row"], lost["first_row"] + lost["rows"] - 1
        where = f"Rows {first} to {last} were" if last > first else f"Row {first} was"
        session.output.say(f"{where} not scored: {lost['reason'].removeprefix(_WRONG_INPUT)}")
    if any(not lost["reason"].startswith(_WRONG_INPUT) for lost in missing):
        session.output.say("The same command again scores what is missing.")
    elif missing:
        session.output.say(_CORRECT)

"""``loop export``: take a run to MLflow, or a version's files to a folder."""

from pathlib import Path
from typing import Annotated

import typer

from cli.models import ModelOption
from cli.session import JsonOption, begin
from cli.system import System
from core.errors import ConflictError

_LONGER_THAN_VERSIONS = 6

ToOption = Annotated[
    str,
    typer.Option("--to", help="A folder, or the address of an MLflow tracking server."),
]

export = typer.Typer(no_args_is_help=True, help="Take runs and models elsewhere.")


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(export, name="export")


@export.command()
def mlflow(
    ctx: typer.Context,
    run: Annotated[
        str,
        typer.Argument(
            help="The run, or the beginning of its name; or a version of the default model."
        ),
    ],
    *,
    to: ToOption = "mlruns",
    as_json: JsonOption = False,
) -> None:
    """Write a run into a tracking store of MLflow.

    With its parameters, metrics, files and model. A run that is there already is left as it is.
    """
    from training.report.mlflow_export import export_run  # noqa: PLC0415 - slow to load

    session = begin(ctx, as_json=as_json)
    system = session.system()
    name = _find_run(system, run)
    with session.output.never_silent():
        session.output.progress(f"exporting the run {name}")
        done = export_run(system.store, name, to=to, version=_find_version(system, name))
    document = {
        "run_id": name,
        "tracking_uri": done.tracking_uri,
        "experiment": done.experiment,
        "mlflow_run_id": done.mlflow_run_id,
        "is_new": done.is_new,
        "model_uri": f"runs:/{done.mlflow_run_id}/model" if done.has_model else None,
    }

    def show() -> None:
        was = "is" if done.is_new else "was already"
        session.output.say(f"The run {was} in MLflow's experiment {done.experiment}.")
        session.output.facts({name: document[name] for name in ("tracking_uri", "mlflow_run_id",
                                                                "model_uri")})  # fmt: skip

    session.output.report(document, show)


@export.command()
def bundle(
    ctx: typer.Context,
    version: Annotated[int, typer.Argument(help="The version.", min=1)],
    *,
    to: Annotated[Path, typer.Option("--to", help="A folder that is new or empty.")],
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a version's files into a folder, each verified by its hash.

    The folder is a model of MLflow too: mlflow.pyfunc.load_model takes it.
    """
    from core.bundle import load_files  # noqa: PLC0415 - slow to load

    session = begin(ctx, as_json=as_json)
    system = session.system()
    name = system.model_name(model)
    record = system.registry.version(name, version)
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise ConflictError(
            f"{to} is there already, and is not an empty folder.",
            next_step="give another one with --to",
        )
    files = load_files(system.store, record.bundle_id)
    to.mkdir(parents=True, exist_ok=True)
    for file, body in files.items():
        (to / file).write_bytes(body)
    session.output.report(
        {"model": name, "version": version, "bundle_id": record.bundle_id, "files": sorted(files)},
        lambda: session.output.say(f"Version {version} of {name} is in {to}: {len(files)} files."),
    )


def _find_run(system: System, text: str) -> str:
    from training.report.tracking import find_run  # noqa: PLC0415 - slow to load

    # The beginning of a run's name, as 'loop runs' tells it, may happen to have digits only.
    if text.isdecimal() and len(text) < _LONGER_THAN_VERSIONS:
        return system.registry.version(system.model_name(None), int(text)).run_id
    return find_run(system.store, text)


def _find_version(system: System, run_id: str) -> int | None:
    from training.report.tracking import describe_run  # noqa: PLC0415 - slow to load

    dataset = describe_run(system.store, run_id).summary.dataset
    versions = system.registry.versions(dataset) if dataset else []
    return next((each.version for each in versions if each.run_id == run_id), None)

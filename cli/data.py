"""``loop data``: infer contracts; add, list and choose datasets."""

from pathlib import Path
from typing import Annotated, Any

import typer

from cli import statements
from cli.ceiling import load_source
from cli.contracts import infer, read_contract, show_evidence
from cli.datasets import BUILTIN, Prepared, prepare_builtin, prepare_declared, prepare_file
from cli.landing import describe, follow, land
from cli.rows import load_contract
from cli.runs import finish
from cli.session import JsonOption, Session, begin
from cli.system import System
from core.errors import InvalidInputError, LoopError
from training.data.stated import Stated

data = typer.Typer(no_args_is_help=True, help="Infer contracts; add, list and choose datasets.")


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(data, name="data")


@data.command()
@statements.takes_options
def add(
    ctx: typer.Context,
    source: Annotated[
        str, typer.Argument(help=f"A CSV or Parquet file, or one of: {', '.join(BUILTIN)}.")
    ],
    *,
    target: statements.Target = None,
    contract: Annotated[
        Path | None,
        typer.Option("--contract", help="A data contract that `loop data infer` has written."),
    ] = None,
    new_contract: Annotated[
        bool, typer.Option("--new-contract", help="Replace the data contract of this name.")
    ] = False,
    as_json: JsonOption = False,
    said: statements.Said,
) -> None:
    """Add a dataset and train a model on it.

    Infers the data contract, lands the file, follows the training that this starts.
    """
    session = begin(ctx, as_json=as_json)
    stated = statements.state(said)
    with session.output.never_silent():
        system = session.system()
        session.output.progress(f"reading {source}")
        prepared = _prepare(source, target=target, contract=contract, stated=stated)
        _tell_contract(session, prepared)
        # A contract that somebody hands in is meant to hold.
        replace = new_contract or contract is not None
        _train_on(session, system, prepared, replace_contract=replace)


data.command()(infer)


@data.command("list")
def list_(ctx: typer.Context, *, as_json: JsonOption = False) -> None:
    """List the datasets and where they came from."""
    session = begin(ctx, as_json=as_json)
    system = session.system()
    default = system.registry.default_model()
    found = [_describe(system, dataset, default) for dataset in _datasets(system)]
    session.output.report({"datasets": found}, lambda: _show(session, found))


@data.command()
def use(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="The dataset whose model shall be the default.")],
    *,
    as_json: JsonOption = False,
) -> None:
    """Choose the default dataset and model.

    It is the one that answers when no name is given.
    """
    session = begin(ctx, as_json=as_json)
    system = session.system()
    load_contract(system, name)
    system.registry.set_default_model(name)
    session.output.report(
        {"default_model": name}, lambda: session.output.say(f"{name} is the default now.")
    )


def _prepare(source: str, *, target: str | None, contract: Path | None, stated: Stated) -> Prepared:
    if contract is not None:
        if target is not None or stated != Stated():
            raise InvalidInputError(
                f"What a file is stands in {contract}; other options cannot change it.",
                next_step=f"edit {contract}, or leave --contract out",
            )
        return prepare_declared(Path(source), read_contract(contract))
    is_file = Path(source).is_file()
    if target is not None and (is_file or source not in BUILTIN):
        return prepare_file(Path(source), target=target, stated=stated)
    if source not in BUILTIN:
        what = f"{source} needs a target" if is_file else f"There is no dataset named {source}"
        raise InvalidInputError(
            f"{what}. Built in are: {', '.join(BUILTIN)}.",
            next_step=f"loop data add {source if is_file else 'FILE'} --target COLUMN",
        )
    if target is not None or stated != Stated():
        raise InvalidInputError(
            f"{source} is built in, and knows by itself what it is.",
            next_step=f"loop data add {source}",
        )
    return prepare_builtin(source)


def _train_on(
    session: Session, system: System, prepared: Prepared, *, replace_contract: bool
) -> None:
    dataset = prepared.contract.dataset
    raw_key, is_new = land(system, prepared, replace_contract=replace_contract)
    if not is_new:
        arn = system.workflow.find(raw_key)
        if arn is None or not system.workflow.is_running(arn):
            _tell_known(session, dataset, raw_key)
            return
    else:
        session.output.progress(f"landed as {raw_key}; waiting for the training that it starts")
        arn = system.workflow.wait_for(raw_key)
    outcome = follow(session, system, arn)
    finish(session, describe(system, dataset, raw_key, outcome), outcome)


def _tell_known(session: Session, dataset: str, raw_key: str) -> None:
    session.output.report(
        {"dataset": dataset, "raw_key": raw_key, "outcome": "already there"},
        lambda: session.output.say(
            f"This very file is there already ({raw_key}). "
            f"To train on it again: loop train --data {dataset}"
        ),
    )


def _tell_contract(session: Session, prepared: Prepared) -> None:
    contract = prepared.contract
    session.output.progress(
        f"{contract.dataset}: {contract.task} target {contract.target}, "
        f"features: {len(contract.columns)}, columns left out: {len(contract.ignored)}"
    )
    show_evidence(session, prepared)


def _datasets(system: System) -> list[str]:
    names = []
    for info in system.store.list("contracts/"):
        name = info.key.removeprefix("contracts/").removesuffix(".json")
        if "." not in name:  # the notes beside a contract: its source, its judging
            names.append(name)
    return names


def _describe(system: System, dataset: str, default: str | None) -> dict[str, Any]:
    try:
        contract = load_contract(system, dataset)
    except LoopError as error:  # one damaged contract must not hide the others
        return {"dataset": dataset, "error": str(error)}
    champion = system.registry.alias(dataset)
    return {
        "dataset": dataset,
        "default": dataset == default,
        "task": contract.task,
        "target": contract.target,
        "features": len(contract.columns),
        "landed_files": sum(1 for _ in system.store.list(f"raw/{dataset}/")),
        "champion": champion.version if champion else None,
        "source": load_source(system, dataset),
    }


def _show(session: Session, found: list[dict[str, Any]]) -> None:
    if not found:
        session.output.say(f"No dataset yet. Next: loop data add {BUILTIN[0]}")
        return
    session.output.table(
        ["dataset", "default", "task", "target", "features", "files", "champion", "source"],
        [
            [
                d["dataset"],
                d.get("default", False),
                d.get("task", "damaged contract"),
                d.get("target"),
                d.get("features"),
                d.get("landed_files"),
                d.get("champion"),
                _kind(d),
            ]
            for d in found
        ],
    )


def _kind(dataset: dict[str, Any]) -> str:
    return str(dataset.get("source", {}).get("kind", "unknown"))

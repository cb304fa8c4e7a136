"""``loop data infer``: a first data contract of a file, for a person to read and correct."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from cli import statements
from cli.datasets import Prepared, prepare_file
from cli.session import JsonOption, Session, begin
from core.contract import Contract
from core.errors import ConflictError, InvalidInputError, NotFoundError
from core.strict_json import parse_json

MAX_CONTRACT_FILE_BYTES = 16 * 1024 * 1024
_EVIDENCE = "evidence"


@statements.takes_options
def infer(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="A CSV or Parquet file.")],
    *,
    target: Annotated[str, typer.Option("--target", help="The column to predict.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Where to write the contract; {name}.contract.json here."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Write over a contract that is there.")
    ] = False,
    as_json: JsonOption = False,
    said: statements.Said,
) -> None:
    """Guess the data contract of a file and write it.

    The evidence for every guess is shown.
    """
    session = begin(ctx, as_json=as_json)
    stated = statements.state(said)
    with session.output.never_silent():
        session.output.progress(f"reading {file}")
        prepared = prepare_file(file, target=target, stated=stated)
        path = out or Path(f"{prepared.contract.dataset}.contract.json")
        write_contract(path, prepared, force=force)
    document: dict[str, Any] = {
        "path": str(path),
        "contract": prepared.contract.model_dump(mode="json"),
    }
    document["file"] = prepared.file_notes
    document[_EVIDENCE] = _list_evidence(prepared)
    session.output.report(document, lambda: _show(session, prepared, file, path))


def write_contract(path: Path, prepared: Prepared, *, force: bool) -> None:
    """Write a contract for people to read: indented, in the order of the file, with evidence.

    Raises
    ------
    ConflictError
        There is such a file, and it may have been edited.
    """
    document = prepared.contract.model_dump(mode="json")
    reasons = {column: f"{kind}: {why}" for column, _, kind, why in prepared.notes}
    body = json.dumps({**document, _EVIDENCE: reasons}, indent=2, ensure_ascii=False) + "\n"
    try:
        with path.open("w" if force else "x", encoding="utf-8") as stream:
            stream.write(body)
    except FileExistsError:
        raise ConflictError(
            f"There is a file {path} already.",
            next_step="add --out ANOTHER.json, or --force to write over it",
        ) from None


def read_contract(path: Path) -> Contract:
    """Read a contract that `write_contract` wrote and a person has perhaps edited.

    Raises
    ------
    NotFoundError
        If there is no such file.
    InvalidInputError
        If it is no contract; the message names the field.
    """
    try:
        body = path.read_bytes()
    except FileNotFoundError:
        raise NotFoundError(
            f"There is no file {path}.", next_step="loop data infer FILE --target COLUMN"
        ) from None
    except IsADirectoryError:
        raise InvalidInputError(f"{path} is a folder.", next_step="Name a file.") from None
    content = parse_json(body, max_bytes=MAX_CONTRACT_FILE_BYTES)
    if isinstance(content, dict):
        content.pop(_EVIDENCE, None)
    return Contract.from_content(content)


def _list_evidence(prepared: Prepared) -> list[dict[str, Any]]:
    return [
        {"column": column, "role": role, "kind": kind, "reason": reason}
        for column, role, kind, reason in prepared.notes
    ]


def show_evidence(session: Session, prepared: Prepared) -> None:
    """Print how the file is written and what was made of each column."""
    if session.output.json:
        return
    if prepared.file_notes:
        session.output.say("The file: " + "; ".join(prepared.file_notes) + ".")
    if prepared.notes:
        session.output.table(["column", "role", "kind", "why"], prepared.notes)


def _show(session: Session, prepared: Prepared, file: Path, path: Path) -> None:
    show_evidence(session, prepared)
    session.output.say(f"The data contract is in {path}: read it, and correct what is not so.")
    session.output.say(f"Next: loop data add {file} --contract {path}")

"""Datasets before they land: contract, note of origin and the file's bytes, all in hand."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.contract import Contract
from core.errors import InvalidInputError
from training.data.stated import Stated

DEFAULT_DATASET = "subscriptions"
# Named here too, because help and usage errors must not wait for numpy.
BUILTIN = (DEFAULT_DATASET, "breast-cancer", "wine", "diabetes", "digits")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """Everything that a dataset needs in the bucket.

    Attributes
    ----------
    contract : Contract
    source : dict
        Where it came from: ``kind`` is ``simulator``, ``builtin`` or ``file``.
    filename : str
    body : bytes
    notes : list of (column, role, kind, why)
        What was made of each column, where that was inferred.
    file_notes : list of str
        How the file is written, where that was inferred.
    """

    contract: Contract
    source: dict[str, Any]
    filename: str
    body: bytes
    notes: list[tuple[str, str, str, str]] = field(default_factory=list)
    file_notes: list[str] = field(default_factory=list)


def prepare_builtin(name: str) -> Prepared:
    """Make a dataset that needs no file."""
    from training.data.builtin import builtin  # noqa: PLC0415 - numpy takes a while to load

    landed = builtin(name)
    return Prepared(
        contract=landed.contract,
        source=dict(landed.source),
        filename=landed.filename,
        body=landed.csv,
    )


def prepare_file(path: Path, *, target: str, stated: Stated) -> Prepared:
    """Read a person's file and infer its contract; nothing is uploaded before this has worked.

    Raises
    ------
    InvalidInputError
        One line that names the file, the row and what to do.
    """
    # duckdb takes a while to load, and few commands need it.
    from training.data.infer import infer_contract  # noqa: PLC0415

    body = _read(path, next_step=f"loop data add FILE --target {target}")
    inferred = infer_contract(body, filename=path.name, target=target, stated=stated)
    return Prepared(
        contract=inferred.contract,
        source=_describe_source(path, body, rows=inferred.rows),
        filename=path.name,
        body=body,
        notes=[(e.column, e.role, e.kind, e.reason) for e in inferred.evidence],
        file_notes=list(inferred.file),
    )


def prepare_declared(path: Path, contract: Contract) -> Prepared:
    """Read a person's file that a contract was declared for.

    Raises
    ------
    InvalidInputError
        If the file cannot be read, or has not the contract's columns.
    """
    from training.data.read import open_raw  # noqa: PLC0415
    from training.data.validate import check_columns  # noqa: PLC0415

    body = _read(path, next_step="loop data add FILE --contract CONTRACT.json")
    with open_raw(body, name=path.name, written=contract.file) as raw:
        check_columns(raw, contract)
        rows = raw.row_count
    source = _describe_source(path, body, rows=rows)
    return Prepared(contract=contract, source=source, filename=path.name, body=body)


def _read(path: Path, *, next_step: str) -> bytes:
    from training.data.read import MAX_RAW_BYTES  # noqa: PLC0415

    if path.is_dir():
        raise InvalidInputError(
            f"{path} is a folder.", next_step=next_step.replace("FILE", f"{path}/FILE")
        )
    if not path.is_file():
        raise InvalidInputError(f"There is no file {path}.", next_step=next_step)
    if path.stat().st_size > MAX_RAW_BYTES:
        raise InvalidInputError(
            f"{path.name} has {path.stat().st_size:,} bytes; at most {MAX_RAW_BYTES:,} are read.",
            next_step="split it into several files",
        )
    return path.read_bytes()


def _describe_source(path: Path, body: bytes, *, rows: int) -> dict[str, Any]:
    digest = hashlib.sha256(body).hexdigest()
    return {"kind": "file", "filename": path.name, "sha256": digest, "rows": rows}

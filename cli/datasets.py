"""Datasets before they land: contract, note of origin and the file's bytes, all in hand."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.contract import Contract
from core.errors import InvalidInputError

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
    """

    contract: Contract
    source: dict[str, Any]
    filename: str
    body: bytes
    notes: list[tuple[str, str, str, str]] = field(default_factory=list)


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


def prepare_file(
    path: Path,
    *,
    target: str,
    name: str | None,
    identifier: str | None,
    positive: str | None,
) -> Prepared:
    """Read a person's file and infer its contract; nothing is uploaded before this has worked.

    Raises
    ------
    InvalidInputError
        One line that names the file, the row and what to do.
    """
    # duckdb takes a while to load, and few commands need it.
    from training.data.infer import infer_contract  # noqa: PLC0415
    from training.data.read import MAX_RAW_BYTES  # noqa: PLC0415

    if path.is_dir():
        raise InvalidInputError(
            f"{path} is a folder.", next_step=f"loop data add {path}/FILE --target {target}"
        )
    if not path.is_file():
        raise InvalidInputError(
            f"There is no file {path}.", next_step=f"loop data add FILE --target {target}"
        )
    if path.stat().st_size > MAX_RAW_BYTES:
        raise InvalidInputError(
            f"{path.name} has {path.stat().st_size:,} bytes; at most {MAX_RAW_BYTES:,} are read.",
            next_step="split it into several files",
        )
    body = path.read_bytes()
    inferred = infer_contract(
        body,
        filename=path.name,
        target=target,
        dataset=name,
        identifier=identifier,
        positive=positive,
    )
    return Prepared(
        contract=inferred.contract,
        source={
            "kind": "file",
            "filename": path.name,
            "sha256": hashlib.sha256(body).hexdigest(),
            "rows": inferred.rows,
        },
        filename=path.name,
        body=body,
        notes=[(e.column, e.role, e.kind, e.reason) for e in inferred.evidence],
    )

"""The answer as one file, put together from its parts."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lambdas.batch.joining import join_files
from lambdas.batch.scoring import MAX_LISTED, Count


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a file.

    Attributes
    ----------
    rows, failures : int
        Rows of the answer, as many as the file has, and those without a prediction.
    warnings : int
        Rows with a warning.
    shards, resumed : int
        Parts, and those that were there from an earlier run.
    listed : list of dict
        The first failures: row number, field, reason.
    absent : list of str
        The contract's columns that the file does not have, read as missing.
    """

    rows: int
    failures: int
    warnings: int
    shards: int
    resumed: int
    listed: list[dict[str, Any]]
    absent: list[str]

    def to_content(self) -> dict[str, Any]:
        """Return it as JSON's own types."""
        return asdict(self)


def add_up(counts: Iterable[Count], *, resumed: int = 0) -> Report:
    """Add up what the parts hold, in the order of the file."""
    rows = failures = warnings = shards = 0
    listed: list[dict[str, Any]] = []
    absent: list[str] = []
    for count in counts:
        rows += count.rows
        failures += count.failures
        warnings += count.warnings
        shards += 1
        listed += count.listed[: MAX_LISTED - len(listed)]
        absent = count.absent
    return Report(rows, failures, warnings, shards, resumed, listed, absent)


def put_together(parts: Sequence[Path], to: Path, *, folder: Path) -> None:
    """Write the parts as one file, which appears when it is whole.

    Parameters
    ----------
    folder : Path
        Where it grows, on the disk of `to`.
    """
    whole = folder / "whole.tmp"
    join_files(parts, whole)
    whole.replace(to)

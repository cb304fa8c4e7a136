"""A batch job: a file in the data bucket scored shard by shard, and what became of it."""

import hashlib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from core.errors import IntegrityError, InvalidInputError

State = Literal["complete", "incomplete", "failed"]


class Job(BaseModel):
    """What a job scores, with what: nothing of it changes while the job runs.

    Attributes
    ----------
    key, etag : str
        The file's object, and the state of it.
    size_bytes : int
    model : str
    version : int
    bundle_id : str
        Of that version.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    format: Literal[1] = 1
    key: str
    etag: str
    size_bytes: int
    model: str
    version: int
    bundle_id: str

    @property
    def job_id(self) -> str:
        """Its name: the same file and the same model version are the same job."""
        return "b" + hashlib.sha256(self.to_json()).hexdigest()[:23]

    def to_json(self) -> bytes:
        """Return it as bytes, always the same."""
        return self.model_dump_json().encode()

    @classmethod
    def from_json(cls, body: bytes) -> "Job":
        """Read it back; `IntegrityError` if it is none."""
        try:
            return cls.model_validate_json(body)
        except ValidationError as error:
            raise IntegrityError("A batch job's file is damaged.") from error


class Missing(BaseModel):
    """A shard that was not scored.

    Attributes
    ----------
    shard : int
        Its number, from 0.
    first_row, rows : int
        The rows that the answer lacks; of a CSV blank ones are counted too.
    reason : str
    """

    shard: int
    first_row: int
    rows: int
    reason: str


class JobReport(BaseModel):
    """How a job ended.

    Attributes
    ----------
    state : {'complete', 'incomplete', 'failed'}
        All shards were scored; some were not; or the file could not be cut into shards.
    rows, failures, warnings : int
        Rows of the answer, those without a prediction, and those with a warning.
    shards : int
    listed : list of dict
        The first failures: row, field, reason.
    absent : list of str
        The contract's columns that the file does not have, read as missing.
    missing : list of Missing
    reason : str
        Why it failed; empty when it did not.
    """

    state: State
    rows: int = 0
    failures: int = 0
    warnings: int = 0
    shards: int = 0
    listed: list[dict[str, Any]] = []
    absent: list[str] = []
    missing: list[Missing] = []
    reason: str = ""


def check_place(to: Path) -> None:
    """Refuse a place where no file can be written, or where something else than a file is.

    Raises
    ------
    InvalidInputError
        One sentence.
    """
    try:
        str(to).encode()
    except UnicodeEncodeError:  # duckdb takes no other path
        raise InvalidInputError(
            "The path of the answer is not UTF-8 text.", next_step="Name another --to."
        ) from None
    if not to.parent.is_dir():
        raise InvalidInputError(
            f"There is no folder {to.parent} to put the answer in.",
            next_step="Make it, or name another --to.",
        )
    # A device or a pipe would be replaced by a file of its name.
    if to.exists() and not to.is_file():
        raise InvalidInputError(
            f"{to} is there already, and is no file.", next_step="Name another --to."
        )

"""``progress.jsonl``: what the learner did, one line each; the rest is worked out from it."""

import hashlib
import json
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from curriculum.checker.manifest import Exercise
from curriculum.checker.results import Status

RECORDS: Final = "progress.jsonl"
_PACKAGES: Final = ("closed-loop", "numpy", "pandas", "scikit-learn")

_PROGRAMS_AND_TEXTS: Final = {".py", ".md", ".toml"}

Event = Literal["begin", "check", "hint", "solution", "reset", "skip"]


class Record(BaseModel):
    """One line: something that the learner did. A passed check is evidence.

    Attributes
    ----------
    answer_sha256
        Hash of the learner's file; of the starter when it was laid out (`begin`).
    checked_sha256
        Hash of everything that was judged with: see `hash_checked`.
    file_passed
        Whether the file passed its own cases, whatever the deployed system then said.
    commit
        What the workspace's HEAD was; None when nothing was committed yet.
    uncommitted
        Whether the file differed from what that commit holds.
    hint
        Number of the hint that was shown, from 1.
    attempts, hints_used
        Of a pass: how many checks it took with this one, and how many hints.
    took_s
        Seconds that the check took.
    """

    # Lines of a later release may say more.
    model_config = ConfigDict(frozen=True, extra="ignore")

    at: AwareDatetime
    slug: str
    event: Event
    status: Status | None = None
    seed: int | None = None
    answer_sha256: str | None = None
    checked_sha256: str | None = None
    file_passed: bool = False
    commit: str | None = None
    uncommitted: bool = False
    hint: Annotated[int, Field(ge=1)] | None = None
    attempts: int | None = None
    hints_used: int | None = None
    took_s: float | None = None
    metrics: dict[str, float] = {}
    environment: dict[str, str] = {}

    @property
    def is_proven(self) -> bool:
        """Whether the learner's file behaves, so that it may take the reference's place."""
        return self.event == "check" and (self.status == "pass" or self.file_passed)

    @property
    def is_attempt(self) -> bool:
        """Whether it counts as a try: not when the environment was not ready."""
        return self.event == "check" and self.status != "not ready"


def read_records(workspace: Path) -> list[Record]:
    """Read what the learner did, oldest first; lines that are no records are left out."""
    return [record for record in _read_lines(workspace).values() if record]


def find_damaged_lines(workspace: Path) -> tuple[int, ...]:
    """Return the numbers of lines that are no records, from 1."""
    return tuple(number for number, record in _read_lines(workspace).items() if record is None)


def add_record(workspace: Path, record: Record) -> None:
    """Append a record; one line, so that an interruption cannot spoil the others."""
    content = json.dumps(record.model_dump(mode="json", exclude_defaults=True))
    path = workspace / RECORDS
    # A line that was cut short by a crash must not take this one with it.
    begins_anew = not path.is_file() or path.read_bytes()[-1:] in {b"", b"\n"}
    with path.open("a", encoding="utf-8") as records:
        records.write(("" if begins_anew else "\n") + content + "\n")


def new_record(slug: str, event: Event, **content: object) -> Record:
    """Make a record of now."""
    return Record.model_validate({"at": datetime.now(UTC), "slug": slug, "event": event, **content})


def hash_file(path: Path | None) -> str | None:
    """Return the SHA-256 of a file in hex; None when there is none."""
    if path is None or not path.is_file():
        return None
    return hashlib.sha256(path.read_bytes()).hexdigest()


def hash_checked(exercise: Exercise, answer_file: Path | None) -> str:
    """Return the SHA-256 of everything that a check judges with.

    That is the learner's file with the programs and texts beside it, the check, its driver and the
    manifest. The lesson and the deployed system are not part of it.
    """
    judged = [exercise.check_file, exercise.folder / "exercise.toml", exercise.driver]
    beside = answer_file.parent.rglob("*") if answer_file is not None else ()
    own = sorted(path for path in beside if path.suffix in _PROGRAMS_AND_TEXTS)
    files = [path for path in (*judged, *own) if path and path.is_file() and _is_judged(path)]
    hashes = {f"{place}/{path.name}": hash_file(path) for place, path in enumerate(files)}
    return hashlib.sha256(json.dumps(hashes).encode()).hexdigest()


def describe_environment() -> Mapping[str, str]:
    """Return what a check ran on."""
    found = {"python": platform.python_version(), "system": platform.system()}
    found["machine"] = platform.machine()
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _is_judged(path: Path) -> bool:
    return "__pycache__" not in path.parts


def _read_lines(workspace: Path) -> dict[int, Record | None]:
    path = workspace / RECORDS
    if not path.is_file():
        return {}
    lines = path.read_bytes().decode(errors="replace").splitlines()
    return {
        number: _parse(line) for number, line in enumerate(lines, start=1) if line.strip("\0 \t")
    }


def _parse(line: str) -> Record | None:
    try:
        return Record.model_validate_json(line)
    except ValidationError:
        return None

"""Which parts of the deployed system are the learner's: chosen, laid out, remembered, told.

A part is deployed when the last check of that very file has passed. The files that were deployed
stay in the folder of the local state, so that this computer trains with the same ones, and every
one that ever was deployed is kept by its hash, so that its models can be made again.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from cli.home import project_root
from cli.part_imports import find_absent_import
from core.errors import LoopError, NotFoundError
from core.parts import PARTS, VARIABLE, PartName

if TYPE_CHECKING:
    from cli.output import Output
    from curriculum.checker.manifest import Exercise
    from curriculum.checker.records import Record

_NOTE = "parts.json"
_KEPT = "kept"
_NO_EXERCISE = "no exercise for it yet"
_NO_WORKSPACE = "no workspace yet: loop learn"
_LEFT_OUT = "left out: --reference"


class Part(BaseModel):
    """Whose file does a part's work, and why.

    Attributes
    ----------
    exercise : str or None
        The exercise that the learner wrote it in, or would.
    file : str or None
        The learner's file.
    sha256 : str or None
        Of the file that is deployed; None where it is the reference's.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    part: PartName
    whose: Literal["yours", "reference"] = "reference"
    exercise: str | None = None
    file: str | None = None
    sha256: str | None = None
    why: str


class _Note(BaseModel):
    parts: tuple[Part, ...]


def choose_parts(workspace: Path, *, reference: bool = False) -> tuple[Part, ...]:
    """Say of every part whose file is to be deployed.

    Of several exercises about one part the last counts whose file has passed.
    """
    if reference or not workspace.is_dir():
        why = _LEFT_OUT if reference else _NO_WORKSPACE
        return tuple(Part(part=name, why=why) for name in PARTS)
    from curriculum.checker.manifest import load_exercises  # noqa: PLC0415 - only learners need it
    from curriculum.checker.records import read_records  # noqa: PLC0415

    try:
        exercises, records = load_exercises(), read_records(workspace)
    except LoopError as error:
        # Whatever is wrong with the course, the system is deployed.
        return tuple(Part(part=name, why=str(error)) for name in PARTS)
    return tuple(_choose(name, exercises, records, workspace) for name in PARTS)


def _choose(
    name: PartName, exercises: Sequence["Exercise"], records: Sequence["Record"], workspace: Path
) -> Part:
    found = [
        _judge(name, each, records, workspace) for each in exercises if each.manifest.part == name
    ]
    passed = [each for each in found if each.whose == "yours"]
    return (passed or found or [Part(part=name, why=_NO_EXERCISE)])[-1]


def _judge(
    name: PartName, exercise: "Exercise", records: Sequence["Record"], workspace: Path
) -> Part:
    slug, file = exercise.manifest.slug, exercise.place_in(workspace)
    reference = Part(part=name, exercise=slug, file=str(file), why="")
    if file is None or not file.is_file():
        return reference.model_copy(update={"why": f"not begun: loop learn show {slug}"})
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    checks = [
        each
        for each in records
        # One that was not ready says nothing, unless the file had passed its cases by then.
        if each.slug == slug and (each.is_attempt or each.is_proven)
    ]
    of_this = [each for each in checks if each.answer_sha256 == sha256]
    if of_this and of_this[-1].is_proven:
        if absent := find_absent_import(name, file.read_bytes(), project_root()):
            return reference.model_copy(update={"why": absent})
        why = f"passed on {of_this[-1].at:%Y-%m-%d}"
        return reference.model_copy(update={"whose": "yours", "sha256": sha256, "why": why})
    if of_this:
        what = "its last check did not pass"
    elif any(each.is_proven for each in checks):
        what = "changed since it passed"
    else:
        what = "not checked yet"
    return reference.model_copy(update={"why": f"{what}: loop learn check {slug}"})


def identify(parts: Sequence[Part]) -> dict[str, str]:
    """Return the learner's parts and their hashes: equal ones are deployed alike."""
    return {each.part: each.sha256 for each in parts if each.sha256}


def lay_out(home: Path, parts: Sequence[Part]) -> Path:
    """Put the learner's files where a deployment takes them from, and keep each by its hash.

    Returns
    -------
    Path
        A folder that `settle` makes the deployed one.
    """
    waiting = home / "parts" / "waiting"
    shutil.rmtree(waiting, ignore_errors=True)
    waiting.mkdir(parents=True)
    kept = home / "parts" / _KEPT
    kept.mkdir(exist_ok=True)
    laid = []
    for each in parts:
        if each.sha256 and each.file:
            body = Path(each.file).read_bytes()
            # What is deployed is what is remembered, whatever was saved in between.
            sha256 = hashlib.sha256(body).hexdigest()
            (waiting / f"{each.part}.py").write_bytes(body)
            (kept / f"{sha256}.py").write_bytes(body)
            laid.append(each.model_copy(update={"sha256": sha256}))
        else:
            laid.append(each)
    (waiting / _NOTE).write_text(_Note(parts=tuple(laid)).model_dump_json(indent=2) + "\n")
    return waiting


def settle(home: Path, place: str, waiting: Path) -> None:
    """Remember that the files of a folder are deployed at a place, ``target/stage``."""
    folder = _folder(home, place)
    shutil.rmtree(folder, ignore_errors=True)
    waiting.replace(folder)


def read_deployed(home: Path, place: str) -> tuple[Part, ...]:
    """Return whose the parts are that were deployed to a place from this computer."""
    try:
        found = _Note.model_validate_json((_folder(home, place) / _NOTE).read_bytes())
    except (FileNotFoundError, ValidationError):
        return ()
    return found.parts


def find_variables(home: Path, place: str) -> dict[str, str]:
    """Return the variables with which this computer uses the parts that a place has."""
    deployed = identify(read_deployed(home, place))
    return {VARIABLE: str(_folder(home, place))} if deployed else {}


@contextmanager
def using(variables: Mapping[str, str]) -> Iterator[None]:
    """Let this process find the deployed parts, and no others."""
    before = os.environ.pop(VARIABLE, None)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.pop(VARIABLE, None)
        if before is not None:
            os.environ[VARIABLE] = before


def fetch_kept(home: Path, wanted: Mapping[str, str], folder: Path) -> None:
    """Copy the files with these hashes into a folder, under the names of their parts.

    Raises
    ------
    NotFoundError
        If this computer has not kept one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, sha256 in wanted.items():
        source = home / "parts" / _KEPT / f"{sha256}.py"
        if not source.is_file():
            raise NotFoundError(
                f"The model was made with a part {name} (SHA-256 {sha256[:12]}…) that is not kept"
                " on this computer any more.",
                next_step="find the file in the history of your workspace (git log -p), check it,"
                " then loop deploy",
            )
        shutil.copyfile(source, folder / f"{name}.py")


def show(out: "Output", parts: Sequence[Part]) -> None:
    """Write the small table: which parts are the learner's, and why."""
    rows = [[each.part, each.whose, each.exercise or "-", each.why] for each in parts]
    out.table(["part", "whose", "exercise", "why"], rows)


def _folder(home: Path, place: str) -> Path:
    return home / "parts" / place.replace("/", "-")

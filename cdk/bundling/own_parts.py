"""Which of the learner's parts go into which package, under ``learner/`` beside the code."""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Final

from cdk.bundling.recipes import PackageName
from core.errors import InvalidInputError
from core.parts import FOLDER, MAX_PART_BYTES, PartName, read_parts

# Every package whose steps say what a model was made of holds what decides a model.
_DECIDE_A_MODEL: Final[tuple[PartName, ...]] = ("clean", "candidate")
PARTS_OF: Final[Mapping[PackageName, tuple[PartName, ...]]] = {
    "tables": _DECIDE_A_MODEL,
    "fit": _DECIDE_A_MODEL,
    "evaluate": _DECIDE_A_MODEL,
    "control": ("rule",),
    "inference": ("route",),
}


def read_own_parts(package: PackageName) -> dict[PurePosixPath, bytes]:
    """Return the learner's files of a package by their path in it; nothing where there are none.

    Raises
    ------
    InvalidInputError
        If one is larger than anybody writes by hand.
    """
    found = read_parts(PARTS_OF.get(package, ()))
    for name, body in found.items():
        if len(body) > MAX_PART_BYTES:
            raise InvalidInputError(
                f"Your part {name} has {len(body):,} bytes; at most {MAX_PART_BYTES:,} are"
                " deployed.",
                next_step="take data out of the file: it is for code",
            )
    return {PurePosixPath(f"{FOLDER}/{name}.py"): body for name, body in found.items()}

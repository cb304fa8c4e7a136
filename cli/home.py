"""Where the project and its local state live on this computer."""

import json
import os
from pathlib import Path
from typing import Literal, cast

from pydantic import BaseModel, ConfigDict, ValidationError

from core.errors import InvalidInputError

TargetName = Literal["local", "localstack", "aws"]
StageName = Literal["dev", "prod"]
TARGETS: tuple[TargetName, ...] = ("local", "localstack", "aws")
STAGES: tuple[StageName, ...] = ("dev", "prod")


class Deployed(BaseModel):
    """What was deployed last, and what its sources were.

    Attributes
    ----------
    target, stage : str
        The system that commands speak to when nothing else is said.
    fingerprints : dict of str to str
        ``target/stage`` → fingerprint of the sources and settings of the last whole deployment.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    target: TargetName = "local"
    stage: StageName = "dev"
    fingerprints: dict[str, str] = {}


def project_root() -> Path:
    """Return the folder that holds ``app.py``: the project is always used from its checkout."""
    return Path(__file__).resolve().parents[1]


def state_home() -> Path:
    """Return the folder of the local state: ``LOOP_HOME``, or ``.loop`` in the project."""
    chosen = os.environ.get("LOOP_HOME")
    return Path(chosen).expanduser().resolve() if chosen else project_root() / ".loop"


def workspace_folder() -> Path:
    """Return the learner's own folder: ``LOOP_WORKSPACE``, or ``workspace`` in the project."""
    chosen = os.environ.get("LOOP_WORKSPACE")
    return Path(chosen).expanduser().resolve() if chosen else project_root() / "workspace"


def load_deployed(home: Path) -> Deployed:
    """Read ``deployed.json``; a missing or damaged file means that nothing is known.

    Damage is survivable: the file only saves work, and the stacks themselves are always asked.
    """
    try:
        return Deployed.model_validate_json((home / "deployed.json").read_bytes())
    except (FileNotFoundError, ValidationError):
        return Deployed()


def save_deployed(home: Path, deployed: Deployed) -> None:
    """Write ``deployed.json`` so that a kill in the middle leaves the old file or the new one."""
    home.mkdir(parents=True, exist_ok=True)
    waiting = home / "deployed.json.new"
    waiting.write_text(json.dumps(deployed.model_dump(), indent=2) + "\n")
    waiting.replace(home / "deployed.json")


def choose_place(
    target: str | None, stage: str | None, deployed: Deployed
) -> tuple[TargetName, StageName]:
    """Return target and stage: the options, then ``LOOP_TARGET`` and ``LOOP_STAGE``, then memory.

    The remembered stage belongs to the remembered target: on any other one it is ``dev``, so that
    nobody who worked on production yesterday deploys it to their own computer today.
    """
    named = target or os.environ.get("LOOP_TARGET") or deployed.target
    chosen = cast("TargetName", _one_of("target", named, TARGETS))
    remembered = deployed.stage if deployed.target == chosen else "dev"
    named = stage or os.environ.get("LOOP_STAGE") or remembered
    return chosen, cast("StageName", _one_of("stage", named, STAGES))


def _one_of(setting: str, value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise InvalidInputError(
            f"The {setting} {value!r} is unknown. Allowed: {', '.join(allowed)}.",
            next_step=f"loop deploy --{setting} {allowed[0]}",
        )
    return value

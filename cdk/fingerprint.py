"""One hash of everything that decides what a deployment would contain."""

import hashlib
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from cdk.config import read_config, setting_names
from cdk.interpreters import find_interpreter

# What decides what is deployed. The local cloud and the toolkit decide only how.
_SOURCES = (
    "app.py",
    "cdk.json",
    "package-lock.json",
    "cdk",
    "core",
    "lambdas",
    "training",
    "locks",
)
_NOT_DEPLOYED = (
    "cdk/local/",
    "cdk/toolkit.py",
    "locks/local-cloud.txt",
    "locks/sagemaker.txt",
    "locks/uv.txt",
)


def read_settings(*, target: str, stage: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Return every setting that a deployment from here would have, as text.

    Raises
    ------
    SettingError
        A ``LOOP_…`` variable holds what is not allowed.
    """
    config = read_config({"target": target, "stage": stage}, environment)
    region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION", "")
    named = {name: str(getattr(config, name)) for name in setting_names()}
    # Installing the interpreter that was missing must be enough to deploy packages with byte code.
    byte_code = str(find_interpreter(config.python) is not None)
    profile = environment.get("AWS_PROFILE", "")
    return named | {"profile": profile, "aws_region": region, "byte_code": byte_code}


def fingerprint(root: Path, settings: Mapping[str, str]) -> str:
    """Return one hash of everything that decides what a deployment would contain.

    Parameters
    ----------
    root : Path
        The project.
    settings : mapping of str to str
        Target, stage, region, …: a deployment elsewhere is another deployment.

    Returns
    -------
    str
        64 hexadecimal digits (SHA-256).
    """
    digest = hashlib.sha256(json.dumps(dict(settings), sort_keys=True).encode())
    digest.update(f"{sys.version_info[:2]} {sys.platform} {os.uname().machine}".encode())
    for path in _source_files(root):
        name = path.relative_to(root).as_posix()
        body = path.read_bytes()
        digest.update(f"\n{name} {len(body)} ".encode())
        digest.update(body)
    return digest.hexdigest()


def _source_files(root: Path) -> list[Path]:
    found: list[Path] = []
    for source in _SOURCES:
        place = root / source
        if place.is_file():
            found.append(place)
        elif place.is_dir():
            found.extend(path for path in place.rglob("*") if path.is_file())
    return sorted(path for path in found if _is_deployed(path.relative_to(root)))


def _is_deployed(relative: Path) -> bool:
    name = relative.as_posix()
    return "__pycache__" not in relative.parts and not name.startswith(_NOT_DEPLOYED)

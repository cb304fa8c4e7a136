"""What a step computes with: code, lock, packages, interpreter, kernels.

A function finds the same files under the same names as the project has them, so a step says the
same on Lambda, in a training job and on a laptop, as long as it is the same.
"""

import hashlib
import platform
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Final, Literal

from core import parts
from core.arithmetic import name_arithmetic, name_machine
from core.errors import IntegrityError
from training.data.runs import Environment

StepPackage = Literal["tables", "fit", "evaluate"]

_ROOT: Final = Path(__file__).resolve().parents[2]
_CODE: Final = ("core", "training/data", "training/model", "training/judge")
DECIDE_A_MODEL: Final[tuple[parts.PartName, ...]] = ("clean", "candidate")
"""The parts of the learner's that do; every package of `StepPackage` holds them."""

_EVERYWHERE: Final = ("numpy", "obstore", "pydantic", "pydantic-core")
_LOADED: Final[dict[StepPackage, tuple[str, ...]]] = {
    "tables": ("duckdb",),
    "fit": (
        "cloudpickle", "joblib", "ml-dtypes", "narwhals", "onnx", "protobuf", "scikit-learn",
        "scipy", "skl2onnx", "threadpoolctl",
    ),
    "evaluate": ("onnxruntime",),
}  # fmt: skip
"""What the steps of a package load of what is locked, but for helpers of typing. Named one by one:
a lock holds other systems' packages too, and a laptop has more installed than a function."""


def describe_environment(package: StepPackage) -> Environment:
    """Return hashes and versions of all that decides what a step of a package computes.

    `code_sha256` covers the Python files that decide a model, wherever they are used: ``core``, of
    ``training`` what is not for people to look at, and the learner's own parts. `lock_sha256` is
    that of the lock file that the package is installed from; `packages` are those that its steps
    load, as installed here.

    Raises
    ------
    IntegrityError
        If the lock file is missing.
    """
    return _describe(package, tuple(sorted(parts.hash_parts(DECIDE_A_MODEL).items())))


@cache
def _describe(package: StepPackage, own: tuple[tuple[str, str], ...]) -> Environment:
    lock = _read_lock(package)
    loaded = sorted((*_EVERYWHERE, *_LOADED[package]))
    return Environment(
        code_sha256=_hash_code(own),
        lock_sha256=hashlib.sha256(lock).hexdigest(),
        python=platform.python_version(),
        machine=name_machine(),
        arithmetic=name_arithmetic(),
        packages={name: metadata.version(name) for name in loaded},
    )


def _read_lock(package: StepPackage) -> bytes:
    path = _ROOT / "locks" / f"lambda-{package}.txt"
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise IntegrityError(
            f"The file locks/{path.name} is missing beside the code, so a model could not say what"
            " it was made with.",
            next_step="Use a whole checkout, or a package that 'loop deploy' built.",
        ) from None


@cache
def _hash_code(own: tuple[tuple[str, str], ...] = ()) -> str:
    digest = hashlib.sha256()
    for path in sorted(path for room in _CODE for path in (_ROOT / room).rglob("*.py")):
        digest.update(f"{path.relative_to(_ROOT).as_posix()}\n".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    for name, sha256 in own:
        digest.update(f"{parts.FOLDER}/{name}.py\n".encode())
        digest.update(bytes.fromhex(sha256))
    return digest.hexdigest()

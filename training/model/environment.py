"""What a model was made with, for its provenance: code, packages, interpreter."""

import hashlib
import platform
from pathlib import Path

import numpy as np
import onnx
import skl2onnx
import sklearn

from training.data.runs import Environment

_ROOT = Path(__file__).resolve().parents[2]
_CODE = ("core", "training")


def describe_environment() -> Environment:
    """Return hashes and versions of what decides a fitted graph.

    `code_sha256` covers the Python files of ``core`` and ``training``; `lock_sha256` covers the
    versions of the packages that were really loaded, one ``name==version`` a line, in order.
    """
    packages = {
        module.__name__: str(module.__version__) for module in (np, onnx, skl2onnx, sklearn)
    }
    lines = "".join(f"{name}=={version}\n" for name, version in sorted(packages.items()))
    return Environment(
        code_sha256=_hash_code(),
        lock_sha256=hashlib.sha256(lines.encode()).hexdigest(),
        python=platform.python_version(),
        packages=packages,
    )


def _hash_code() -> str:
    digest = hashlib.sha256()
    for path in sorted(path for room in _CODE for path in (_ROOT / room).rglob("*.py")):
        digest.update(f"{path.relative_to(_ROOT).as_posix()}\n".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()

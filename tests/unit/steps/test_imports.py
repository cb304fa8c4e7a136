"""Each step runs from a package that holds only some of the project's packages."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = {
    "validate": "tables",
    "split": "tables",
    "candidate": "fit",
    "evaluate": "evaluate",
    "gate": "control",
    "register": "control",
    "promote": "control",
    "record": "control",
}
# Names under which a distribution is imported, where they are not its own.
IMPORT_NAMES = {"scikit-learn": "sklearn", "protobuf": "google"}
# What each kind of step exists without.
ABSENT = {
    "tables": {"sklearn", "scipy", "onnx", "onnxruntime", "skl2onnx"},
    "fit": {"duckdb", "onnxruntime"},
    "evaluate": {"duckdb", "sklearn", "scipy", "onnx", "skl2onnx"},
    "control": {"duckdb", "sklearn", "scipy", "onnx", "onnxruntime", "skl2onnx"},
}
ROOMS = {"core", "lambdas", "training"}
LIST_MODULES = """
import importlib, json, sys
sys.path.insert(0, sys.argv[1])
importlib.import_module(sys.argv[2])
print(json.dumps({name: getattr(module, "__file__", None) for name, module in sys.modules.items()}))
"""


def find_locked(package: str) -> set[str]:
    lock = (ROOT / "locks" / f"lambda-{package}.txt").read_text(encoding="utf-8")
    names = re.findall(r"^([a-z0-9_.-]+)==", lock, flags=re.MULTILINE)
    return {IMPORT_NAMES.get(name, name.replace("-", "_")) for name in names}


def list_modules(step: str) -> dict[str, str | None]:
    """Import a step in a process of its own; return all modules that came with it."""
    command = [sys.executable, "-I", "-c", LIST_MODULES, str(ROOT), f"lambdas.steps.{step}"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found: dict[str, str | None] = json.loads(listed)
    return found


def find_imported(path: Path) -> set[str]:
    """Return the packages that a file names in its imports, wherever in it they stand."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


@pytest.mark.parametrize("step", PACKAGES)
def test_a_step_imports_nothing_outside_its_package(step: str) -> None:
    modules = list_modules(step)
    own = [Path(file) for name, file in modules.items() if name.partition(".")[0] in ROOMS and file]
    named = set().union(*(find_imported(path) for path in own)) - ROOMS
    outside = named - set(sys.stdlib_module_names)
    assert {"numpy", "pydantic", "obstore"} <= outside
    assert outside <= find_locked(PACKAGES[step])
    assert not {name.partition(".")[0] for name in modules} & ABSENT[PACKAGES[step]]
    assert "training.run" not in modules


def test_no_step_needs_what_another_was_cut_off_for() -> None:
    for package, absent in ABSENT.items():
        assert not find_locked(package) & absent

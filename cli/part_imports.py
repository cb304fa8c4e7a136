"""What a learner's part imports, held against the package that it would run in.

The laptop has more installed than a function: what would break there is told before it is deployed.
"""

import ast
import re
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Final

from core.parts import PartName

# Where each part runs; an alarm runs here.
_RUNS_IN: Final[dict[PartName, str]] = {
    "clean": "tables",
    "candidate": "fit",
    "rule": "control",
    "route": "inference",
}
_OURS: Final = frozenset({"core", "training", "lambdas"})
_LOCKED: Final = re.compile(r"^([A-Za-z0-9._-]+)==", re.MULTILINE)


def find_absent_import(name: PartName, body: bytes, root: Path) -> str:
    """Return why a part could not be imported where it runs, or nothing.

    Parameters
    ----------
    root : Path
        The project, whose lock files say what each package holds.
    """
    package = _RUNS_IN.get(name)
    if package is None:
        return ""
    try:
        tree = ast.parse(body)
    except (SyntaxError, ValueError):
        return "it is no Python"
    lock = root / "locks" / f"lambda-{package}.txt"
    locked = {_normalise(each) for each in _LOCKED.findall(lock.read_text())}
    for module in sorted(set(_list_imports(tree)) - sys.stdlib_module_names - _OURS):
        if _normalise(module) in locked:
            continue
        made_by = packages_distributions().get(module, ())
        if not locked & set(map(_normalise, made_by)):
            return f"it imports {module}, which is not in the package {package} that it runs in"
    return ""


def _list_imports(tree: ast.AST) -> Iterator[str]:
    """Return the top names of what is imported for certain: not under a try, nor for types."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0] if not node.level else "its neighbour"
        elif not isinstance(node, ast.Try) and not _is_for_types(node):
            yield from _list_imports(node)


def _is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)


def _normalise(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()

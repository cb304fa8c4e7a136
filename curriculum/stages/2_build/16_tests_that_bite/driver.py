"""Runs the learner's tests against one version of the functions that they test."""

import traceback
from collections.abc import Callable
from types import ModuleType, SimpleNamespace


def drive(learner: ModuleType, source: str) -> list[dict[str, object]]:
    """Return for each test whether it is red, and why."""
    tests: list[Callable[..., object]] = [
        value
        for name, value in vars(learner).items()
        if name.startswith("test_") and callable(value)
    ]
    return [_run(test, source) for test in tests]


def _run(test: Callable[..., object], source: str) -> dict[str, object]:
    # Each test gets a version of its own: what one does to it, no other sees.
    names: dict[str, object] = {}
    exec(source, names)  # noqa: S102 - the check's own text
    report: dict[str, object] = {"test": test.__name__, "red": False, "why": ""}
    try:
        test(SimpleNamespace(learn=names["learn"], apply=names["apply"]))
    except Exception as error:  # noqa: BLE001 - a test may be red by anything
        frame = traceback.extract_tb(error.__traceback__)[1:2]
        line = f", line {frame[0].lineno}" if frame else ""
        report |= {"red": True, "why": f"{type(error).__name__}{line}"}
    return report

"""How the tests are shared out over the processors.

Tests that share something dear (a local cloud, synthesized templates) stay together in one process,
so that it is made once. All others are shared out file by file, the largest groups first.
"""

import signal
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling, Scheduling

HERE = Path(__file__).parent
GROUPS = {"e2e": "cloud", "cloud": "cloud", "infra": "infra"}


# A shell lets what it starts in the background ignore Ctrl-C, and all that this starts in turn;
# some tests press it.
signal.signal(signal.SIGINT, signal.default_int_handler)


class FolderScheduling(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    """Keeps the tests of some folders together, and those of any other file."""

    def _split_scope(self, nodeid: str) -> str:
        if "curriculum/test_exercises.py::" in nodeid:
            return nodeid  # proofs are long, and share nothing
        group = GROUPS.get(nodeid.removeprefix(f"{HERE.name}/").partition("/")[0])
        return group or str(super()._split_scope(nodeid))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    # xdist's own groups by mark (3.8) are not seen by pytest 9.2.
    return FolderScheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if GROUPS.get(item.path.relative_to(HERE).parts[0]) == "cloud":
            item.add_marker(pytest.mark.cloud)

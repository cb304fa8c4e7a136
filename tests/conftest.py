"""How the tests are shared out over the processors.

Tests that share something dear (a local cloud, synthesized templates) stay together in one process,
so that it is made once.
"""

from pathlib import Path

import pytest

HERE = Path(__file__).parent
GROUPS = {"e2e": "cloud", "cloud": "cloud", "infra": "infra"}


@pytest.hookimpl(tryfirst=True)  # before the plugin that reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        group = GROUPS.get(item.path.relative_to(HERE).parts[0])
        if group:
            item.add_marker(pytest.mark.xdist_group(group))
        if group == "cloud":
            item.add_marker(pytest.mark.cloud)

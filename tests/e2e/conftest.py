"""One local cloud for all end-to-end tests, brought up by the public command."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.system import LiveSystem, bring_up, take_down
from tests.fixtures.ending import ending_with_tests

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents and not item.get_closest_marker("timeout"):
            # The first of them waits for the whole system to be built and deployed.
            item.add_marker(pytest.mark.timeout(900))


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSystem]:
    home = tmp_path_factory.mktemp("end-to-end") / "home"
    with ending_with_tests(home):
        live = bring_up(home)
        yield live
        live.close()
        take_down(home)

"""Settings and services of the tests of the endpoint."""

import logging
from collections.abc import Iterator

import pytest

from lambdas.inference.deadline import set_deadline
from tests.fixtures.bundles import make_champion, make_contract
from tests.unit.inference.service import Service
from tests.unit.inference.trial_world import World


@pytest.fixture(autouse=True)
def _no_deadline_is_left() -> None:
    """Take away what the request of another test left: a function gives each request a new one."""
    set_deadline(None)


@pytest.fixture
def service(caplog: pytest.LogCaptureFixture) -> Iterator[Service]:
    """A service with a champion, of which nothing that a test sends makes a fault."""
    service = Service()
    make_champion(service.store, make_contract())
    yield service
    assert "fault" not in caplog.text  # a wrong request is none of ours


@pytest.fixture
def world(caplog: pytest.LogCaptureFixture) -> World:
    """A service on which a version is tried; what it logs of faults that are meant is kept out."""
    caplog.set_level(logging.CRITICAL)
    return World()

"""Settings and services of the tests of the endpoint."""

import logging

import pytest

from lambdas.inference.deadline import set_deadline
from tests.unit.inference.trial_world import World


@pytest.fixture(autouse=True)
def _no_deadline_is_left() -> None:
    """Take away what the request of another test left: a function gives each request a new one."""
    set_deadline(None)


@pytest.fixture
def world(caplog: pytest.LogCaptureFixture) -> World:
    """A service on which a version is tried; what it logs of faults that are meant is kept out."""
    caplog.set_level(logging.CRITICAL)
    return World()

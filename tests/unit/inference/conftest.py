"""Settings of the tests of the endpoint."""

import pytest

from lambdas.inference.deadline import set_deadline


@pytest.fixture(autouse=True)
def _no_deadline_is_left() -> None:
    """Take away what the request of another test left: a function gives each request a new one."""
    set_deadline(None)

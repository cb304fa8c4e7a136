"""Whatever is killed, `loop up` ends in the same state."""

import os
import signal
import subprocess
import time

import pytest

from cdk.local.emulators import open_cloud
from tests.e2e.system import COMMAND, LiveSystem

pytestmark = pytest.mark.cloud

SETTLE_S = 6  # what a hard kill of the local cloud may lose


def test_up_ends_in_the_same_state_when_it_and_the_cloud_were_killed(system: LiveSystem) -> None:
    before = system.loop("status")
    time.sleep(SETTLE_S)
    cloud = open_cloud(system.home).running()
    assert cloud is not None
    os.kill(cloud.pid, signal.SIGKILL)

    for number, after_s in ((signal.SIGKILL, 0.7), (signal.SIGTERM, 1.5), (signal.SIGINT, 3.0)):
        _kill_up(system, number, after_s=after_s)
    document = system.loop("up")

    assert document["answer"]["model_version"] == document["model"]["champion"]
    after = system.loop("status")
    assert {name: after[name] for name in ("models", "stacks", "default_model", "api_url")} == {
        name: before[name] for name in ("models", "stacks", "default_model", "api_url")
    }
    assert len(_emulators(system)) == 1


def _kill_up(system: LiveSystem, number: signal.Signals, *, after_s: float) -> None:
    """Start `loop up` and kill it with all that it has started in its own process group."""
    with subprocess.Popen(
        [str(COMMAND), "up"],
        env={**os.environ, "LOOP_HOME": str(system.home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as running:
        time.sleep(after_s)
        os.killpg(running.pid, number)


def _emulators(system: LiveSystem) -> list[str]:
    listed = subprocess.run(
        ["ps", "-ww", "-eo", "args="], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    return [line for line in listed if str(system.home) in line and "launcher" in line]

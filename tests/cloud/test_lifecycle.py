import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cdk.local.cloud import RunningCloud
from cdk.local.emulators import open_cloud
from cdk.local.ports import LOOPBACK, is_free
from core.errors import UnavailableError
from tests.cloud.conftest import Client, client_of
from tests.cloud.functions import deploy
from tests.fixtures.ending import ROOT

SLEEPER = "import time\ndef handler(event, context):\n    time.sleep(event)\n"


def start(home: Path) -> RunningCloud:
    return open_cloud(home).start(report=lambda _: None)


def processes_of(home: Path) -> list[str]:
    found = subprocess.run(
        ["ps", "-ww", "-eo", "args="], capture_output=True, text=True, check=False
    )
    return [line for line in found.stdout.splitlines() if str(home) in line]


def no_process_of(home: Path) -> bool:
    deadline = time.monotonic() + 10
    while processes_of(home) and time.monotonic() < deadline:
        time.sleep(0.1)
    return not processes_of(home)


def state_after_a_kill(home: Path) -> str:
    """Return the state once the lock is free: who is killed drops its memory before its files."""
    deadline = time.monotonic() + 10
    while (state := open_cloud(home).health().state) != "not running":
        if time.monotonic() > deadline:
            break
        time.sleep(0.05)
    return state


def set_up(client: Client) -> None:
    client("s3").create_bucket(Bucket="kept")
    client("s3").put_object(Bucket="kept", Key="a/b", Body=b"content")
    client("cloudwatch").put_metric_alarm(
        AlarmName="kept",
        Namespace="N",
        MetricName="M",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
    )


def check_kept(client: Client) -> None:
    assert client("s3").get_object(Bucket="kept", Key="a/b")["Body"].read() == b"content"
    (alarm,) = client("cloudwatch").describe_alarms(AlarmNames=["kept"])["MetricAlarms"]
    assert alarm["TreatMissingData"] == "notBreaching"


def test_keeps_objects_and_alarms_and_the_port_when_restarted(home: Path) -> None:
    first = start(home)
    set_up(client_of(first))
    cloud = open_cloud(home)
    assert cloud.stop()
    assert cloud.health().state == "not running"
    assert is_free(int(first.endpoint_url.rsplit(":", 1)[1]))
    again = start(home)
    assert again.endpoint_url == first.endpoint_url
    check_kept(client_of(again))


def test_starting_again_returns_the_running_one(home: Path) -> None:
    with ThreadPoolExecutor(3) as pool:
        started = set(pool.map(start, [home] * 3))
    assert len(started) == 1
    health = open_cloud(home).health()
    assert (health.state, health.pid) == ("healthy", started.pop().pid)


def test_stopping_says_when_nothing_ran(home: Path) -> None:
    assert not open_cloud(home).stop()


def test_leaves_nothing_behind_when_killed_and_starts_again(home: Path) -> None:
    running = start(home)
    client = client_of(running)
    deploy(client, "sleeper", SLEEPER, timeout_s=600)
    client("lambda").invoke(FunctionName="sleeper", Payload=b"0")
    client("lambda").invoke(FunctionName="sleeper", Payload=b"300", InvocationType="Event")
    set_up(client)
    time.sleep(6)  # the promise is a few seconds
    os.kill(running.pid, signal.SIGKILL)
    mine = running.log_file.parent
    assert no_process_of(mine)
    assert state_after_a_kill(home) == "not running"
    again = client_of(start(home))
    check_kept(again)
    assert again("lambda").invoke(FunctionName="sleeper", Payload=b"0")["StatusCode"] == 200


def test_ends_with_the_tests_that_were_killed(home: Path, tmp_path: Path) -> None:
    program = tmp_path / "killed.py"
    program.write_text(
        "import pathlib, sys\n"
        "from cdk.local.emulators import open_cloud\n"
        "from tests.fixtures.ending import ending_with_tests\n"
        "home = pathlib.Path(sys.argv[1])\n"
        "with ending_with_tests(home):\n"
        "    open_cloud(home).start(report=print)\n"
        "    print('started', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, str(program), str(home)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as tests:
        assert tests.stdout
        assert "started\n" in iter(tests.stdout.readline, "")
        assert open_cloud(home).health().state == "healthy"
        tests.kill()
    assert state_after_a_kill(home) == "not running"


def test_stops_while_a_function_runs(home: Path) -> None:
    running = start(home)
    client = client_of(running)
    deploy(client, "sleeper", SLEEPER, timeout_s=600)
    client("lambda").invoke(FunctionName="sleeper", Payload=b"300", InvocationType="Event")
    assert open_cloud(home).stop()
    assert no_process_of(running.log_file.parent)


def test_takes_another_port_when_its_own_is_taken(home: Path) -> None:
    port_file = home / "cloud" / "port.txt"
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        port_file.write_text(str(port))
        running = start(home)
        assert not running.endpoint_url.endswith(f":{port}")
        assert client_of(running)("s3").list_buckets()["Buckets"] == []


def test_restarts_a_cloud_that_does_not_answer(home: Path) -> None:
    running = start(home)
    os.kill(running.pid, signal.SIGSTOP)
    try:
        again = start(home)
    finally:
        if again.pid == running.pid:
            os.kill(running.pid, signal.SIGCONT)
    assert again.pid != running.pid


def test_rejects_saved_state_that_cannot_be_read(home: Path) -> None:
    state = home / "cloud" / "state"
    state.mkdir(parents=True)
    (state / "s3.json").write_text('{"half')
    with pytest.raises(UnavailableError, match=r"cannot be read: .*s3\.json") as raised:
        start(home)
    assert raised.value.next_step
    assert (state / "s3.json").read_text() == '{"half'


def test_says_the_last_words_when_it_does_not_start(home: Path) -> None:
    (home / "cloud" / "tmp").write_text("a file where a folder belongs")
    (home / "cloud" / "objects").write_text("")
    (home / "cloud" / "functions").write_text("")
    with pytest.raises(
        UnavailableError, match=r"ended at once\. Its last words: .*Error"
    ) as raised:
        start(home)
    assert "cloud.log" in raised.value.next_step
    assert open_cloud(home).health().state == "not running"


def test_listens_on_loopback_only(running: RunningCloud) -> None:
    port = int(running.endpoint_url.rsplit(":", 1)[1])
    table = Path("/proc/net/tcp")
    if not table.exists():
        pytest.skip("only Linux shows who listens where in /proc")
    listening = [line.split()[1] for line in table.read_text().splitlines() if " 0A " in line]
    addresses = {address for address in listening if address.endswith(f":{port:04X}")}
    assert addresses == {f"0100007F:{port:04X}"}

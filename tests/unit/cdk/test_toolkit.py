import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cdk.fingerprint import fingerprint, read_settings
from cdk.toolkit import Toolkit, ToolkitError, node_folder, tell
from core.errors import InvalidInputError, UnavailableError

FAKE_CDK = """#!{python}
import json, os, pathlib, sys, time
pathlib.Path({record!r}).write_text(json.dumps({{
    "arguments": sys.argv[1:], "path": os.environ["PATH"],
    "telemetry": os.environ.get("CDK_DISABLE_CLI_TELEMETRY"),
    "cloud": os.environ.get("AWS_ENDPOINT_URL"), "cwd": os.getcwd(), "pid": os.getpid(),
}}))
{body}
"""

MakeToolkit = Callable[[str], Toolkit]


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def record(tmp_path: Path) -> Path:
    return tmp_path / "record.json"


@pytest.fixture
def make_toolkit(tmp_path: Path, said: list[str], record: Path) -> MakeToolkit:
    def make(body: str) -> Toolkit:
        executable = tmp_path / "cdk"
        executable.write_text(FAKE_CDK.format(python=sys.executable, record=str(record), body=body))
        executable.chmod(executable.stat().st_mode | stat.S_IXUSR)
        return Toolkit(
            root=tmp_path,
            home=tmp_path / "home",
            environment={"PATH": os.environ["PATH"], "AWS_ENDPOINT_URL": "http://127.0.0.1:1"},
            context={"target": "local", "stage": "dev"},
            report=said.append,
            executable=executable,
        )

    return make


def test_deploy_runs_the_pinned_cdk_with_settings_and_without_telemetry(
    make_toolkit: MakeToolkit, record: Path, tmp_path: Path
) -> None:
    make_toolkit("").deploy(outputs_file=tmp_path / "home" / "outputs.json")

    seen = json.loads(record.read_text())
    assert seen["arguments"][:2] == ["deploy", "--all"]
    assert {"--no-notices", "--context=target=local", "--context=stage=dev"} <= set(
        seen["arguments"]
    )
    assert seen["arguments"][seen["arguments"].index("--require-approval") + 1] == "never"
    assert seen["telemetry"] == "true"
    assert seen["cloud"] == "http://127.0.0.1:1"
    assert seen["path"].split(os.pathsep)[0] == str(node_folder())
    assert seen["cwd"] == str(tmp_path)


def test_progress_is_reported_once_a_change_when_cdk_repeats_itself(
    make_toolkit: MakeToolkit,
    said: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("cdk.toolkit.COUNT_EVERY_S", 0.01)
    body = """
print("closed-loop-dev-storage: deploying... [1/4]", flush=True)
time.sleep(0.1)
print("closed-loop-dev-storage |  1/3 | 10:00:00 AM | CREATE_COMPLETE | AWS::S3::Bucket")
print("closed-loop-dev-storage |  1/3 | 10:00:01 AM | CREATE_IN_PROGRESS | AWS::S3::Policy")
print(" \\u2705  closed-loop-dev-storage")
"""
    make_toolkit(body).deploy(outputs_file=tmp_path / "outputs.json")

    assert said[1:] == [
        "closed-loop-dev-storage: deploying",
        "closed-loop-dev-storage: 1 of 3 resources",
        "closed-loop-dev-storage: done",
    ]


def test_failure_shows_the_last_lines_and_names_the_log(
    make_toolkit: MakeToolkit, tmp_path: Path
) -> None:
    toolkit = make_toolkit("for i in range(40): print('line', i)\nsys.exit(7)")

    with pytest.raises(ToolkitError) as caught:
        toolkit.deploy(outputs_file=tmp_path / "outputs.json")

    message = str(caught.value)
    assert "exit 7" in message
    assert "line 39" in message
    assert "line 24" not in message
    assert str(toolkit.log_file) in caught.value.next_step
    assert toolkit.log_file.read_text().count("line") == 40


def test_remains_of_an_earlier_deployment_are_removed(
    make_toolkit: MakeToolkit, tmp_path: Path
) -> None:
    marks = tmp_path / "home" / "cdk.out"
    marks.mkdir(parents=True)
    (marks / "read.1234.1.lock").touch()
    (marks / "asset.0.zip").touch()
    make_toolkit("").destroy()

    assert not marks.exists()


def test_bootstrap_names_account_and_region(make_toolkit: MakeToolkit, record: Path) -> None:
    make_toolkit("").bootstrap(account="000000000000", region="us-east-1")

    assert json.loads(record.read_text())["arguments"][:2] == [
        "bootstrap",
        "aws://000000000000/us-east-1",
    ]


def test_destroy_does_not_ask(make_toolkit: MakeToolkit, record: Path) -> None:
    make_toolkit("").destroy()

    arguments = json.loads(record.read_text())["arguments"]
    assert arguments[:3] == ["destroy", "--all", "--force"]
    assert "--progress" not in arguments  # unknown to cdk destroy


def test_rejects_a_missing_cdk(tmp_path: Path) -> None:
    toolkit = Toolkit(
        root=tmp_path, home=tmp_path, environment={}, context={}, report=lambda _line: None
    )
    with pytest.raises(UnavailableError, match="node_modules") as caught:
        toolkit.destroy()
    assert caught.value.next_step == "make setup"


def test_cdk_is_ended_with_us_when_the_person_interrupts(
    make_toolkit: MakeToolkit, record: Path
) -> None:
    class Interrupted(BaseException):
        pass

    toolkit = make_toolkit("print('closed-loop-dev-x: deploying', flush=True); time.sleep(60)")

    def interrupt(line: str) -> None:
        if line.startswith("closed-loop"):
            raise Interrupted

    impatient = Toolkit(
        root=toolkit.root,
        home=toolkit.home,
        environment=toolkit.environment,
        context={},
        report=interrupt,
        executable=toolkit.executable,
    )
    with pytest.raises(Interrupted):
        impatient.destroy()

    with pytest.raises(ProcessLookupError):
        os.kill(json.loads(record.read_text())["pid"], 0)


def test_second_deployment_waits_when_one_is_running(
    make_toolkit: MakeToolkit, said: list[str], tmp_path: Path
) -> None:
    release = tmp_path / "release"
    toolkit = make_toolkit(f"while not pathlib.Path({str(release)!r}).exists(): time.sleep(0.02)")
    first = threading.Thread(target=toolkit.destroy)
    first.start()
    _until(toolkit.log_file.exists)
    second = threading.Thread(target=toolkit.destroy)
    second.start()
    _until(lambda: any("waiting for it" in line for line in said))
    release.touch()
    first.join(timeout=20)
    second.join(timeout=20)

    assert not first.is_alive()
    assert not second.is_alive()


def test_lock_is_held_by_cdk_when_we_are_killed(make_toolkit: MakeToolkit, tmp_path: Path) -> None:
    release = tmp_path / "release"
    toolkit = make_toolkit(f"while not pathlib.Path({str(release)!r}).exists(): time.sleep(0.02)")
    script = (
        "import pathlib; from cdk.toolkit import Toolkit\n"
        f"Toolkit(root=pathlib.Path({str(tmp_path)!r}), home=pathlib.Path({str(toolkit.home)!r}),"
        f"environment={dict(toolkit.environment)!r}, context={{}}, report=lambda line: None,"
        f"executable=pathlib.Path({str(toolkit.executable)!r})).destroy()"
    )
    ours = subprocess.Popen([sys.executable, "-c", script])
    _until((tmp_path / "record.json").exists)
    ours.send_signal(signal.SIGKILL)
    ours.wait()

    heard: list[str] = []
    waiting = Toolkit(
        root=tmp_path,
        home=toolkit.home,
        environment=toolkit.environment,
        context={},
        report=heard.append,
        executable=toolkit.executable,
    )
    later = threading.Thread(target=waiting.destroy)
    later.start()
    _until(lambda: any("waiting for it" in line for line in heard))
    release.touch()
    later.join(timeout=20)
    assert not later.is_alive()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("✅  closed-loop-dev-storage (no changes)", "closed-loop-dev-storage: no changes"),
        ("closed-loop-dev-x: destroying... [4/4]", "closed-loop-dev-x: destroying"),
        ("✅  Environment aws://0/us-east-1 bootstrapped.", "the account is prepared"),
        ("CDKToolkit: creating CloudFormation changeset...", ""),
        ("Outputs:", ""),
        ("", ""),
    ],
)
def test_tells_what_a_line_means(line: str, told: str) -> None:
    assert tell(line) == told


def test_fingerprint_changes_when_a_source_or_setting_changes(tmp_path: Path) -> None:
    (tmp_path / "core").mkdir()
    (tmp_path / "core" / "a.py").write_text("1")
    settings = {"target": "local"}
    before = fingerprint(tmp_path, settings)

    assert fingerprint(tmp_path, settings) == before
    assert fingerprint(tmp_path, {"target": "aws"}) != before
    (tmp_path / "core" / "a.py").write_text("2")
    assert fingerprint(tmp_path, settings) != before


def test_settings_change_when_an_interpreter_for_byte_code_appears(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = []
    for found in (None, "/usr/bin/python3.12"):
        monkeypatch.setattr("cdk.fingerprint.find_interpreter", lambda _python, f=found: f)
        settings.append(read_settings(target="aws", stage="dev", environment={}))
    assert settings[0] != settings[1]


def test_fingerprint_stays_when_what_is_not_deployed_changes(tmp_path: Path) -> None:
    for folder in ("core/__pycache__", "cdk/local", "docs"):
        (tmp_path / folder).mkdir(parents=True)
    before = fingerprint(tmp_path, {})
    (tmp_path / "core" / "__pycache__" / "a.pyc").write_text("x")
    (tmp_path / "cdk" / "local" / "cloud.py").write_text("x")
    (tmp_path / "docs" / "a.md").write_text("x")

    assert fingerprint(tmp_path, {}) == before


def test_settings_hold_what_the_environment_sets() -> None:
    settings = read_settings(
        target="local", stage="dev", environment={"LOOP_CAPTURE_SHARE": "0.5", "AWS_REGION": "x"}
    )
    assert settings["capture_share"] == "0.5"
    assert settings["aws_region"] == "x"


def test_rejects_a_setting_that_is_not_allowed() -> None:
    with pytest.raises(InvalidInputError, match="LOOP_CAPTURE_SHARE"):
        read_settings(target="local", stage="dev", environment={"LOOP_CAPTURE_SHARE": "lots"})


def _until(condition: Callable[[], bool], *, timeout_s: float = 20.0) -> None:
    until = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < until, "the condition never came true"
        time.sleep(0.02)


def test_says_that_the_disk_is_full_when_that_is_why_cdk_failed(
    make_toolkit: MakeToolkit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = shutil.disk_usage(tmp_path)._replace(free=40 * 1024**2)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: free)
    with pytest.raises(UnavailableError, match="disk is full, 40 MiB") as raised:
        make_toolkit("sys.exit('AggregateError')").destroy()
    assert raised.value.next_step

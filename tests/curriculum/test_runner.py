import os
import subprocess
import time
from pathlib import Path

import pytest

from core.errors import UnavailableError
from core.store import Bucket, ObjectStore, open_memory
from curriculum.checker.manifest import find_exercise
from curriculum.checker.results import Result, describe
from curriculum.checker.runner import run_check
from tests.curriculum.worlds import make_bucket

EXERCISE = find_exercise("account-for-rows")


@pytest.fixture(scope="module")
def bucket() -> Bucket:
    return make_bucket(rows=200)


def run(tmp_path: Path, code: str, bucket: ObjectStore, *, timeout_s: int = 30) -> Result:
    file = tmp_path / "audit.py"
    file.write_text(code, encoding="utf-8")
    manifest = EXERCISE.manifest.model_copy(update={"timeout_s": timeout_s})
    exercise = type(EXERCISE)(manifest, EXERCISE.folder)
    return run_check(exercise, file, open_store=lambda: bucket, seed=3)


HEAD = "def account_for_rows(raw, clean, quarantine):\n"


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (HEAD + "    return raw[-1]['nothing']\n", "KeyError: 'nothing' (audit.py, line 2)"),
        ("def account_for_rows(\n", "SyntaxError"),
        ("import no_such_module\n", "No module named 'no_such_module' (audit.py, line 1)"),
        ("answer = 42\n", "audit.py has no function account_for_rows"),
        ("raise SystemExit(3)\n", "SystemExit: 3 (audit.py, line 1)"),
        (HEAD + "    return object()\n", "returned a object, which is not plain data"),
        ("import os\nos._exit(1)\n", "your code was ended, and gave no answer"),
    ],
)
def test_broken_code_is_an_error_that_names_its_line(
    tmp_path: Path, bucket: Bucket, code: str, told: str
) -> None:
    result = run(tmp_path, code, bucket)
    assert (result.status, result.failure) == ("error", None)
    assert told in result.message


def test_code_that_never_ends_is_an_error(tmp_path: Path, bucket: Bucket) -> None:
    result = run(tmp_path, HEAD + "    while True: pass\n", bucket, timeout_s=1)
    assert (result.status, result.message) == (
        "error",
        "your code took more than 1 s, and gave no answer (a fresh delivery)",
    )


def test_what_the_code_started_ends_with_it(tmp_path: Path, bucket: Bucket) -> None:
    pid = tmp_path / "pid"
    code = (
        "import subprocess, sys, pathlib\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"pathlib.Path({str(pid)!r}).write_text(str(child.pid))\n" + HEAD + "    return {}\n"
    )
    run(tmp_path, code, bucket)
    deadline = time.monotonic() + 10
    while _is_alive(pid.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _is_alive(pid.read_text())


def _is_alive(pid: str) -> bool:
    ran = subprocess.run(
        ["ps", "-o", "stat=", "-p", pid], capture_output=True, text=True, check=False
    )
    # A zombie has ended; its new parent has yet to collect it.
    return bool(ran.stdout.strip()) and not ran.stdout.strip().startswith("Z")


def test_what_the_code_prints_is_shown_and_spoils_nothing(tmp_path: Path, bucket: Bucket) -> None:
    code = "print('[{\"value\": 1}]')\n" + EXERCISE.solution.read_text(encoding="utf-8")
    result = run(tmp_path, code, bucket)
    assert result.status == "pass", describe(result)
    assert result.printed == '[{"value": 1}]'


def test_the_code_sees_no_credentials(
    tmp_path: Path, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    code = (
        "import os\n"
        "print([name for name in os.environ if 'AWS' in name], os.path.expanduser('~'))\n" + HEAD
    ) + "    return None\n"
    printed = run(tmp_path, code, bucket).printed
    assert printed.startswith("[] ")
    assert os.path.expanduser("~") not in printed  # noqa: PTH111 - what the code itself would ask


def test_returning_nothing_is_told_as_such(tmp_path: Path, bucket: Bucket) -> None:
    result = run(tmp_path, HEAD + "    print(len(raw))\n", bucket)
    assert result.failure is not None
    assert result.failure.observed == "nothing was returned"


@pytest.mark.parametrize("returned", ["{'raw': len(raw)}", "[1, 2]", "'text'"])
def test_an_answer_of_another_shape_is_a_failure(
    tmp_path: Path, bucket: Bucket, returned: str
) -> None:
    result = run(tmp_path, HEAD + f"    return {returned}\n", bucket)
    assert result.status == "fail", describe(result)


def test_arrays_and_sets_are_read_as_lists(tmp_path: Path, bucket: Bucket) -> None:
    code = EXERCISE.solution.read_text(encoding="utf-8").replace(
        '"lost": lost', '"lost": __import__("numpy").array(lost)'
    )
    assert run(tmp_path, code, bucket).status == "pass"


def test_a_remembered_answer_fails(tmp_path: Path, bucket: Bucket) -> None:
    code = HEAD + (
        "    return {'raw': 200, 'clean': 190, 'quarantined': 10, 'reasons': {'missing': 10},"
        " 'top_reason': 'missing', 'lost': [], 'extra': 0}\n"
    )
    assert run(tmp_path, code, bucket).status == "fail"


def test_the_check_is_not_ready_when_the_cloud_is_not(tmp_path: Path) -> None:
    def refuse() -> ObjectStore:
        raise UnavailableError("The local cloud is not running.", next_step="loop up")

    result = run_check(EXERCISE, EXERCISE.solution, open_store=refuse)
    assert (result.status, result.next_step) == ("not ready", "loop up")
    assert result.message == "The local cloud is not running."


def test_the_check_is_not_ready_when_the_bucket_holds_no_data() -> None:
    result = run_check(EXERCISE, EXERCISE.solution, open_store=open_memory)
    assert (result.status, result.next_step) == ("not ready", "loop up")


def test_a_missing_file_is_an_error_with_the_command_that_brings_it_back(tmp_path: Path) -> None:
    result = run_check(EXERCISE, tmp_path / "audit.py", open_store=open_memory)
    assert (result.status, result.next_step) == ("error", "loop learn reset account-for-rows")


def test_the_live_bucket_is_judged_and_not_written_to(tmp_path: Path) -> None:
    bucket = make_bucket(rows=200)
    (quarantine,) = [info.key for info in bucket.list("quarantine/")]
    before = {info.key: info.etag for info in bucket.list("")}
    # An answer that is right for every fresh delivery, and wrong for one of 200 rows.
    code = EXERCISE.solution.read_text(encoding="utf-8").replace(
        "    return {", "    if len(raw) == 200:\n        quarantine = []\n    return {"
    )
    result = run(tmp_path, code, bucket)
    assert result.status == "fail"
    assert "the newest delivery in your own data bucket" in result.message
    assert {info.key: info.etag for info in bucket.list("")} == before
    assert quarantine in before


@pytest.mark.parametrize(
    ("prefix", "body"),
    [
        ("datasets/", b"{}"),
        ("datasets/", b"not even JSON"),
        ("quarantine/", b"no Parquet"),
        ("contracts/", b"no contract"),
        ("raw/", b""),
    ],
)
def test_the_check_is_not_ready_when_the_bucket_cannot_be_read(prefix: str, body: bytes) -> None:
    bucket = make_bucket(rows=200)
    for info in list(bucket.list(prefix)):
        bucket.put(info.key, body)
    result = run_check(EXERCISE, EXERCISE.solution, open_store=lambda: bucket)
    assert result.status == "not ready"
    assert result.next_step

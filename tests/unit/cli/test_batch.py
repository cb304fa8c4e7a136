import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from cli import batch
from core.bundle import load_files
from core.store import open_memory
from lambdas.batch.workplace import hold_folder
from tests.fixtures.bundles import make_champion, make_contract
from tests.unit.cli.conftest import Loop
from tests.unit.cli.doubles import Interrupting, World

FILE = "customer_id,age,plan,usage,active\na,30,basic,1,yes\nb,old,pro,1,no\n"


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Refuse every write beyond so many bytes of a file, in the programs begun here too."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def rows(world: World, tmp_path: Path) -> Path:
    make_champion(world.memory, make_contract())
    path = tmp_path / "rows.csv"
    path.write_text(FILE)
    return path


def test_batch_writes_an_answer_and_lists_failures(
    loop: Loop, rows: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    to = tmp_path / "answer.parquet"
    result = loop("batch", str(rows), "--to", str(to), "--json")
    assert result.exit_code == 0, result.output
    assert capfd.readouterr().err == ""
    document = json.loads(result.stdout)
    assert (document["rows"], document["failures"]) == (2, 1)
    assert document["listed"] == [{"row": 3, "field": "age", "reason": "not a number"}]
    with duckdb.connect(":memory:") as connection:
        found = connection.execute("SELECT prediction FROM read_parquet(?)", [str(to)]).fetchall()
    assert found[0][0] in {"No", "Yes"}
    assert found[1][0] is None


def test_batch_shows_a_table_for_a_person(loop: Loop, rows: Path, tmp_path: Path) -> None:
    result = loop("batch", str(rows), "--to", str(tmp_path / "answer.parquet"))
    assert result.exit_code == 0, result.output
    assert "not a number" in result.stdout
    assert "subscriptions, version 1" in result.stdout


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where the program's temporary files lie."""
    path = tmp_path / "temporary"
    path.mkdir()
    monkeypatch.setenv("TMPDIR", str(path))
    return path


# The program with small shards, and what happens before it is loaded and in the third shard.
DISTURBED = """
import os, pathlib, signal, sys, tempfile, time
{at_first}
from lambdas.batch import cutting, program, run

def do(scorer, task):
    if task.shard.number == 2:
        pathlib.Path(tempfile.mkdtemp(), "rows.csv").touch()
        {in_third}
        time.sleep(60)
    return do_task(scorer, task)

do_task, run.do_task = run.do_task, do
cutting.SHARD_BYTES = (300, 300)
sys.exit(program.main([*sys.argv[1:], "--threads", "1"]))
"""


@pytest.fixture
def disturb(
    rows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str, str], None]:
    def prepare(at_first: str, in_third: str) -> None:
        header, first, _ = FILE.splitlines()
        rows.write_text("\n".join([header, *[first] * 100]) + "\n")
        content = DISTURBED.format(at_first=at_first, in_third=in_third)
        (tmp_path / "disturbed.py").write_text(content)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        monkeypatch.setattr(batch, "MODULE", "disturbed")

    return prepare


def test_rejects_a_file_that_is_no_table(loop: Loop, rows: Path, tmp_path: Path) -> None:
    rows.write_text("plan\npro\n")
    result = loop("batch", str(rows), "--to", str(tmp_path / "answer.parquet"))
    assert result.exit_code == 2
    assert "no column 'age'" in result.output
    assert "Traceback" not in result.output
    assert list(tmp_path.iterdir()) == [rows]


def test_rejects_a_file_that_is_not_there(loop: Loop, world: World, tmp_path: Path) -> None:
    make_champion(world.memory, make_contract())
    result = loop("batch", str(tmp_path / "none.csv"), "--to", str(tmp_path / "answer.parquet"))
    assert result.exit_code == 2
    assert "There is no file" in result.output


def test_rejects_an_answer_over_the_file(loop: Loop, rows: Path) -> None:
    assert loop("batch", str(rows), "--to", str(rows)).exit_code == 2
    assert rows.read_text() == FILE


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_full_disk_is_told_in_one_sentence_and_nothing_is_lost(
    loop: Loop, rows: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], kind: str
) -> None:
    header, first, _ = FILE.splitlines()
    rows.write_text("\n".join([header, *[first] * 20_000]) + "\n")
    to, file = tmp_path / "answer.parquet", tmp_path / f"rows.{kind}"
    if kind == "parquet":
        duckdb.read_csv(str(rows)).write_parquet(str(file))
    with largest_file(32 * 1024):
        result = loop("batch", str(file), "--to", str(to))
    assert result.exit_code == 6
    assert "A file could not be written beside answer.parquet" in result.output
    assert "See that there is room" in result.output
    assert "Traceback" not in capfd.readouterr().err
    assert not to.exists()
    again = loop("batch", str(file), "--to", str(to), "--json")
    assert json.loads(again.stdout)["rows"] == 20_000
    assert list(tmp_path.glob(".*")) == []


def test_an_answer_that_another_run_is_writing_is_left_to_it(
    loop: Loop, rows: Path, tmp_path: Path
) -> None:
    to = tmp_path / "answer.parquet"
    with hold_folder(to):
        result = loop("batch", str(rows), "--to", str(to))
    assert result.exit_code == 4
    assert "Another run is writing answer.parquet." in result.output
    assert list(tmp_path.iterdir()) == [rows]


@pytest.mark.parametrize("where", [[], ["--cloud"]])
def test_a_pipe_is_not_replaced_by_an_answer(
    loop: Loop, rows: Path, tmp_path: Path, where: list[str]
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    result = loop("batch", str(rows), "--to", str(pipe), *where)
    assert result.exit_code == 2
    assert "pipe is there already, and is no file" in result.output
    assert pipe.is_fifo()


@pytest.mark.parametrize("where", [[], ["--cloud"]])
def test_names_the_folder_that_there_is_not(
    loop: Loop, rows: Path, tmp_path: Path, where: list[str]
) -> None:
    result = loop("batch", str(rows), "--to", str(tmp_path / "none" / "answer.parquet"), *where)
    assert result.exit_code == 2
    assert f"There is no folder {tmp_path / 'none'} to put the answer in." in result.output


def test_rejects_a_path_that_is_no_text(
    loop: Loop, rows: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    result = loop("batch", str(rows), "--to", os.fsdecode(bytes(tmp_path) + b"/\xff.parquet"))
    assert result.exit_code == 2
    assert "not UTF-8 text" in result.output
    assert capfd.readouterr().err == ""
    assert list(tmp_path.iterdir()) == [rows]


def test_rejects_a_model_that_nobody_serves(loop: Loop, rows: Path, tmp_path: Path) -> None:
    result = loop("batch", str(rows), "--to", str(tmp_path / "x.parquet"), "--model", "other")
    assert result.exit_code == 3


def test_a_program_that_is_ended_from_outside_is_told(
    loop: Loop, rows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ended.py").write_text("import os\nos.kill(os.getpid(), 9)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(batch, "MODULE", "ended")
    result = loop("batch", str(rows), "--to", str(tmp_path / "answer.parquet"))
    assert result.exit_code == 1
    assert "ended from outside" in result.output
    assert "the same command again" in result.output


def test_an_interrupt_of_this_process_alone_leaves_no_other_at_work(
    loop: Loop, rows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = Interrupting(tmp_path, monkeypatch)
    monkeypatch.setattr(batch, "MODULE", program.name)
    result = loop("batch", str(rows), "--to", str(tmp_path / "answer.parquet"))
    assert result.exit_code == 130
    assert not program.is_at_work()


@pytest.mark.parametrize("where", ["at first", "in the third shard"])
def test_ctrl_c_ends_the_program_at_once_and_leaves_nothing_but_parts(
    loop: Loop,
    rows: Path,
    temporary: Path,
    disturb: Callable[[str, str], None],
    capfd: pytest.CaptureFixture[str],
    where: str,
) -> None:
    press = "os.kill(os.getpid(), signal.SIGINT)"
    disturb(*((press, "") if where == "at first" else ("", f"{press}; {press}")))
    to = rows.with_name("answer.parquet")
    result = loop("batch", str(rows), "--to", str(to))
    assert (result.exit_code, capfd.readouterr().err) == (130, "")
    assert list(temporary.glob("loop-batch-*")) == []
    folder = rows.with_name(".answer.parquet.parts")
    kinds = sorted(each.suffix for each in folder.glob("*"))
    assert kinds == ([] if where == "at first" else ["", *[".json"] * 2, *[".parquet"] * 2])


def test_the_program_ends_when_the_command_was_killed(
    rows: Path, temporary: Path, disturb: Callable[[str, str], None]
) -> None:
    store, bundle = open_memory(), rows.parent / "bundle"
    for name, body in load_files(store, make_champion(store, make_contract()).bundle_id).items():
        (bundle / name).parent.mkdir(parents=True, exist_ok=True)
        (bundle / name).write_bytes(body)
    disturb("", "os.kill(os.getppid(), signal.SIGKILL)")
    to = rows.with_name("answer.parquet")
    what = ["--file", str(rows), "--bundle", str(bundle), "--to", str(to)]
    command = f"from cli import batch; batch.MODULE = 'disturbed'; batch._run({what})"
    with subprocess.Popen([sys.executable, "-c", command], stderr=subprocess.PIPE) as process:
        _, said = process.communicate(timeout=30)  # until the program, too, has ended
    assert (process.returncode, said) == (-signal.SIGKILL, b"")
    assert list(temporary.glob("loop-batch-*")) == []
    assert not bundle.exists()
    with hold_folder(to):
        pass


def test_what_a_killed_program_left_goes_with_the_next_run(
    loop: Loop,
    rows: Path,
    temporary: Path,
    disturb: Callable[[str, str], None],
) -> None:
    to = rows.with_name("answer.parquet")
    disturb("", "os.kill(os.getpid(), signal.SIGKILL)")
    assert loop("batch", str(rows), "--to", str(to)).exit_code == 1
    assert len(list(temporary.rglob("rows.csv"))) == 1
    disturb("", "return do_task(scorer, task)")
    result = loop("batch", str(rows), "--to", str(to), "--json")
    assert json.loads(result.stdout)["resumed"] == 2
    assert list(temporary.glob("loop-batch-*")) == []
    assert list(rows.parent.glob(".*")) == []


@pytest.mark.parametrize("where", [[], ["--cloud"]])
def test_rejects_an_answer_that_says_it_is_another_kind_of_file(
    loop: Loop, rows: Path, tmp_path: Path, where: list[str]
) -> None:
    result = loop("batch", str(rows), "--to", str(tmp_path / "answers.csv"), *where)
    assert result.exit_code == 2
    assert "is a Parquet file, and answers.csv says" in result.output
    assert "answers.parquet" in result.output

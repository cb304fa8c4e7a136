from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import UnavailableError
from core.store import ObjectStore, open_memory
from curriculum.author.world import make_bucket
from curriculum.checker.bench import Bench
from curriculum.checker.live import Live
from curriculum.checker.manifest import Exercise, find_exercise
from curriculum.checker.process import Child
from curriculum.checker.results import Result, describe
from curriculum.checker.runner import judge_cases, load_check, run_check
from tests.curriculum.courses import CHECK, RIGHT, STARTER, add_exercise

Run = Callable[..., Result]


@pytest.fixture
def run(course: Path, tmp_path: Path) -> Run:
    exercise = add_exercise(course, "sums")

    def run_code(code: str, exercise: Exercise = exercise, **options: object) -> Result:
        file = tmp_path / str(exercise.manifest.file)
        file.write_text(code, encoding="utf-8")
        return run_check(exercise, file, seed=3, **options)  # type: ignore[arg-type]

    return run_code


def test_a_right_answer_passes_and_a_wrong_one_is_told_why(run: Run) -> None:
    assert (run(RIGHT).status, run(RIGHT).file_passed) == ("pass", True)
    result = run(STARTER)
    assert (result.status, result.file_passed) == ("fail", False)
    assert result.failure is not None
    assert (result.failure.expected, result.failure.observed) == ("6", "0")
    for line in ("FAIL  sums: not yet, for two numbers", "expected       6", "the sign"):
        assert line in describe(result)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (
            "def add(a, b):\n    return [][a]\n",
            "broke for two numbers: IndexError: list index out of range (sums.py, line 2)",
        ),
        ("def add(\n", "loaded: SyntaxError: '(' was never closed (sums.py, line 1)"),
        ("import no_such\n", "No module named 'no_such' (sums.py, line 1)"),
        ("answer = 42\n", "sums.py has no function add"),
        ("raise SystemExit(3)\n", "SystemExit: 3 (sums.py, line 1)"),
        ("def add(a, b):\n    return add\n", "returned a function, which is not plain data"),
        ("import os\nos._exit(1)\n", "your code was ended, and gave no answer (it was loaded)"),
    ],
)
def test_broken_code_is_an_error_that_names_its_line(run: Run, code: str, told: str) -> None:
    result = run(code)
    assert (result.status, result.failure) == ("error", None)
    assert told in result.message
    assert result.next_step == "loop learn check sums"


def test_code_that_never_ends_names_the_case(course: Path, run: Run) -> None:
    exercise = add_exercise(course, "short", timeout_s=1)
    result = run("def add(a, b):\n    while True: pass\n", exercise)
    told = "your code took more than 1 s, and gave no answer (two numbers)"
    assert (result.status, result.message) == ("error", told)


def test_the_time_limit_holds_for_all_cases_together(course: Path, run: Run) -> None:
    many = CHECK.replace("return [Case", "return 10 * [Case")
    exercise = add_exercise(course, "many", timeout_s=1, files={"check.py": many})
    result = run("import time\ndef add(a, b):\n    time.sleep(0.4)\n    return a + b\n", exercise)
    assert (result.status, "took more than 1 s" in result.message) == ("error", True)


def test_what_the_code_prints_is_shown_and_spoils_nothing(run: Run) -> None:
    result = run("print('pass')\n" + RIGHT)
    assert (result.status, result.printed) == ("pass", "pass")
    assert "your code printed" in describe(result)


def test_code_that_returns_nothing_is_a_failure(run: Run) -> None:
    result = run("def add(a, b):\n    print(a + b)\n")
    assert (result.status, result.failure and result.failure.observed) == ("fail", "None")


def test_what_was_measured_is_kept_of_a_pass_alone(course: Path, run: Run) -> None:
    measure = (
        "\ndef measure(cases, answers):\n    return {'cases': len(cases), 'sum': answers[0]}\n"
    )
    exercise = add_exercise(course, "measured", files={"check.py": CHECK + measure})
    assert run(RIGHT, exercise).metrics == {"cases": 1.0, "sum": 6.0}
    assert run(STARTER, exercise).metrics == {}


def test_a_driver_is_asked_instead_of_a_function(course: Path, run: Run) -> None:
    driver = "def drive(learner, a, b):\n    return learner.plus(a, b)\n"
    exercise = add_exercise(course, "driven", function=None, files={"driver.py": driver})
    assert run("def plus(a, b):\n    return a + b\n", exercise).status == "pass"


def test_one_child_judges_many_answers_and_seeds(course: Path, tmp_path: Path) -> None:
    exercise = add_exercise(course, "sums")
    module = load_check(exercise)
    assert exercise.starter is not None
    statuses = []
    with Child() as child:
        for seed in range(5):
            cases = module.prepare(Bench(seed=seed))
            statuses += [
                judge_cases(exercise, module, cases, child, file, seed=seed).status
                for file in (exercise.starter, exercise.solution)
            ]
    assert statuses == ["fail", "pass"] * 5


def test_a_check_without_the_deployed_system_never_opens_it(run: Run) -> None:
    def refuse() -> ObjectStore:
        raise AssertionError("nothing here needs the deployed system")

    assert run(RIGHT, open_store=refuse, open_live=refuse).status == "pass"


@pytest.mark.parametrize("asked", ["store", "live"])
def test_a_check_is_not_ready_when_nothing_is_deployed(course: Path, run: Run, asked: str) -> None:
    check = CHECK.replace("def prepare(bench):\n", f"def prepare(bench):\n    bench.{asked}\n")
    exercise = add_exercise(course, "live", mode="live", files={"check.py": check})
    result = run(RIGHT, exercise)
    assert (result.status, result.next_step) == ("not ready", "loop up")

    def refuse() -> ObjectStore:
        raise UnavailableError("The local cloud is not running.", next_step="make up")

    result = run(RIGHT, exercise, open_store=refuse, open_live=refuse)
    assert (result.status, result.next_step) == ("not ready", "make up")
    assert result.message == "The local cloud is not running."


NOTE = """
from curriculum.checker.bench import Failure

def inspect(bench, text):
    bench.metrics["words"] = len(text.split())
    if "because" in text:
        return None
    return Failure(expected="a reason", observed="none", where="after the decision")
"""


def test_a_text_is_inspected_and_asks_the_learner_in_turn(course: Path, run: Run) -> None:
    exercise = add_exercise(
        course,
        "note",
        mode="written",
        file="DECISION.md",
        function=None,
        rubric=["Would you sign it?"],
        files={"check.py": NOTE},
    )
    result = run("Yes, because.", exercise)
    assert (result.status, result.rubric) == ("pass", ("Would you sign it?",))
    assert result.metrics == {"words": 2.0}
    assert "no check did" in describe(result)
    assert (run("Yes.", exercise).status, run("Yes.", exercise).rubric) == ("fail", ())


def test_a_text_that_is_no_utf8_is_an_error(course: Path, tmp_path: Path) -> None:
    exercise = add_exercise(
        course, "note", mode="written", file="note.md", function=None, files={"check.py": NOTE}
    )
    (tmp_path / "note.md").write_bytes(b"because \xff")
    result = run_check(exercise, tmp_path / "note.md")
    assert (result.status, "not UTF-8" in result.message) == ("error", True)


PROBE = """
from curriculum.checker.bench import Failure

def probe(bench):
    if bench.store.exists("done"):
        return None
    return Failure(expected="a key", observed="none", where="the bucket")
"""


def test_deeds_are_probed_where_there_is_no_file(course: Path) -> None:
    exercise = add_exercise(
        course, "deed", mode="live", file=None, function=None, files={"check.py": PROBE}
    )
    store = open_memory()
    assert run_check(exercise, None, open_store=lambda: store).status == "fail"
    store.put("done", b"")
    result = run_check(exercise, None, open_store=lambda: store)
    assert (result.status, result.file_passed) == ("pass", False)


def test_a_capstone_asks_the_file_first_and_then_the_system(course: Path, run: Run) -> None:
    exercise = add_exercise(
        course, "top", mode="live", capstone=True, files={"check.py": CHECK + PROBE}
    )
    store = open_memory()
    result = run(STARTER, exercise, open_store=lambda: store)
    assert (result.status, result.file_passed) == ("fail", False)
    result = run(RIGHT, exercise, open_store=lambda: store)
    assert (result.status, result.file_passed) == ("fail", True)
    assert "your file behaves" in result.message
    store.put("done", b"")
    assert run(RIGHT, exercise, open_store=lambda: store).status == "pass"


class Echo:
    url = "http://127.0.0.1"

    def predict(self, model: str, records: object) -> dict[str, object]:
        return {"model": model, "asked": records}

    def send_feedback(self, model: str, items: object) -> dict[str, object]:
        return {"model": model, "told": items}

    def post(self, path: str, body: object) -> object:
        return path, body


def make_live(tmp_path: Path, program: str) -> Live:
    file = tmp_path / "loop"
    file.write_text(f"#!/bin/sh\n{program}\n")
    file.chmod(0o755)
    return Live(store=open_memory(), api=Echo(), default_model="churn", program=[str(file)])


def test_live_speaks_for_the_default_model_and_runs_commands(tmp_path: Path) -> None:
    live = make_live(tmp_path, 'echo "{\\"words\\": \\"$*\\"}"')
    assert live.predict([{}]) == {"model": "churn", "asked": [{}]}
    assert live.predict([{}], model="fraud")["model"] == "fraud"
    assert live.feedback([{"outcome": 1}]) == {"model": "churn", "told": [{"outcome": 1}]}
    assert live.loop("train", "--follow") == {"words": "train --follow --json"}


@pytest.mark.parametrize(
    ("program", "told", "next_step"),
    [
        ('echo \'{"error": "No.", "next_step": "loop up"}\'; exit 6', "No.", "loop up"),
        ("exit 6", "'loop train' stopped.", "loop train"),
        ("echo '[1]'; exit 6", "'loop train' stopped.", "loop train"),
    ],
)
def test_a_command_that_stops_makes_the_check_not_ready(
    course: Path, tmp_path: Path, program: str, told: str, next_step: str
) -> None:
    probe = "def probe(bench):\n    bench.live.loop('train')\n"
    exercise = add_exercise(
        course, "deed", mode="live", file=None, function=None, files={"check.py": probe}
    )
    result = run_check(exercise, None, open_live=lambda: make_live(tmp_path, program))
    assert (result.status, result.message, result.next_step) == ("not ready", told, next_step)


def test_a_missing_file_is_an_error_with_the_command_that_brings_it_back(
    course: Path, tmp_path: Path
) -> None:
    exercise = add_exercise(course, "sums")
    loop = tmp_path / "sums.py"
    loop.symlink_to(loop)
    for place in (tmp_path / "nothing.py", tmp_path, loop):
        result = run_check(exercise, place)
        assert (result.status, result.next_step) == ("error", "loop learn reset sums")


# The first exercise is live: it reads the deployed bucket.
FIRST = find_exercise("account-for-rows")


def test_the_live_bucket_is_judged_and_not_written_to(tmp_path: Path) -> None:
    bucket = make_bucket(rows=200)
    before = {info.key: info.etag for info in bucket.list("")}
    # An answer that is right for every fresh delivery, and wrong for one of 200 rows.
    code = FIRST.solution.read_text(encoding="utf-8").replace(
        "    return {", "    if len(raw) == 200:\n        quarantine = []\n    return {"
    )
    (tmp_path / "audit.py").write_text(code)
    result = run_check(FIRST, tmp_path / "audit.py", open_store=lambda: bucket, seed=3)
    assert result.status == "fail"
    assert "the newest delivery in your own data bucket" in result.message
    assert {info.key: info.etag for info in bucket.list("")} == before


def test_arrays_are_read_as_lists(tmp_path: Path) -> None:
    bucket = make_bucket(rows=200)
    code = FIRST.solution.read_text(encoding="utf-8").replace(
        '"lost": lost', '"lost": __import__("numpy").array(lost)'
    )
    (tmp_path / "audit.py").write_text(code)
    result = run_check(FIRST, tmp_path / "audit.py", open_store=lambda: bucket, seed=3)
    assert result.status == "pass", describe(result)


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
    result = run_check(FIRST, FIRST.solution, open_store=lambda: bucket)
    assert result.status == "not ready"
    assert result.next_step


def test_the_check_is_not_ready_when_the_bucket_holds_no_data() -> None:
    result = run_check(FIRST, FIRST.solution, open_store=open_memory)
    assert (result.status, result.next_step) == ("not ready", "loop up")

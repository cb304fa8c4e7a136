import json
import os
from pathlib import Path
from typing import Any

import pytest

from cdk.toolkit import ToolkitError
from cli import parts
from core.errors import NotFoundError
from core.parts import VARIABLE, PartName
from curriculum.checker import manifest
from curriculum.checker.manifest import Exercise, Manifest
from curriculum.checker.records import Record, add_record, hash_file, new_record
from tests.fixtures.own_parts import GOOD, Parts
from tests.unit.cli.bench import Bench
from tests.unit.cli.conftest import Loop
from tests.unit.cli.doubles import copy
from tests.unit.training.worlds import make_landed
from training.run import run_training

pytestmark = pytest.mark.usefixtures("own_environment")

EXERCISES: tuple[tuple[str, PartName], ...] = (
    ("first-clean", "clean"),
    ("clean-for-real", "clean"),
    ("my-candidate", "candidate"),
    ("my-rule", "rule"),
)


def make_exercise(folder: Path, slug: str, part: PartName) -> Exercise:
    made = Manifest.model_validate(
        {
            "slug": slug,
            "title": slug,
            "stage": 1,
            "component": "storage",
            "skills": {},
            "minutes": 1,
            "mode": "code",
            "part": part,
            "file": f"{part}.py",
            "timeout_s": 1,
            "hints": ["a", "b", "c"],
            "starter_fails": "x",
            "wrong_answers": {"a": "x", "b": "y"},
        }
    )
    return Exercise(made, folder / "1_foundations" / slug)


@pytest.fixture
def exercises(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Exercise]:
    found = [make_exercise(tmp_path / "stages", slug, part) for slug, part in EXERCISES]
    monkeypatch.setattr(manifest, "load_exercises", lambda: tuple(found))
    return {each.manifest.slug: each for each in found}


class Learner:
    """Writes files into a workspace and has them checked."""

    def __init__(self, workspace: Path, exercises: dict[str, Exercise]) -> None:
        self.workspace = workspace
        self.exercises = exercises

    def write(self, slug: str, body: bytes | None = None) -> Path:
        exercise = self.exercises[slug]
        place = exercise.place_in(self.workspace)
        assert place is not None
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(body or (GOOD / f"{exercise.manifest.part}.py").read_bytes())
        return place

    def check(self, slug: str, status: str, *, file_passed: bool = False) -> None:
        place = self.exercises[slug].place_in(self.workspace)
        content: dict[str, Any] = {"status": status, "answer_sha256": hash_file(place)}
        content["file_passed"] = file_passed
        record: Record = new_record(slug, "check", **content)
        add_record(self.workspace, record)

    def choose(self) -> dict[str, parts.Part]:
        return {each.part: each for each in parts.choose_parts(self.workspace)}


@pytest.fixture
def learner(no_workspace: Path, exercises: dict[str, Exercise]) -> Learner:
    return Learner(no_workspace, exercises)


def test_everything_is_the_references_before_there_is_a_workspace(no_workspace: Path) -> None:
    found = parts.choose_parts(no_workspace)
    assert [each.part for each in found] == ["clean", "candidate", "rule", "route", "alarm"]
    assert {(each.whose, each.why) for each in found} == {
        ("reference", "no workspace yet: loop learn")
    }


def test_a_file_is_deployed_when_its_last_check_has_passed(learner: Learner) -> None:
    learner.write("my-rule")
    assert learner.choose()["rule"].why == "not checked yet: loop learn check my-rule"
    learner.check("my-rule", "fail")
    assert learner.choose()["rule"].why == ("its last check did not pass: loop learn check my-rule")
    learner.check("my-rule", "pass")
    found = learner.choose()["rule"]
    assert (found.whose, found.exercise, found.why[:10]) == ("yours", "my-rule", "passed on ")
    learner.check("my-rule", "not ready")
    assert learner.choose()["rule"].whose == "yours"
    learner.check("my-rule", "fail")
    assert learner.choose()["rule"].whose == "reference"


def test_a_file_that_behaves_is_deployed_so_that_the_system_can_be_asked(learner: Learner) -> None:
    learner.write("my-rule")
    learner.check("my-rule", "not ready", file_passed=True)
    assert learner.choose()["rule"].whose == "yours"


def test_a_file_that_changed_since_it_passed_is_not_deployed(learner: Learner) -> None:
    learner.write("my-rule")
    learner.check("my-rule", "pass")
    learner.write("my-rule", b"def judge(evaluation): ...")
    found = learner.choose()["rule"]
    assert (found.whose, found.why) == (
        "reference",
        "changed since it passed: loop learn check my-rule",
    )
    learner.write("my-rule")
    assert learner.choose()["rule"].whose == "yours"


def test_what_its_package_cannot_import_is_not_deployed(learner: Learner) -> None:
    learner.write("my-rule", b"import pandas\n\ndef judge(evaluation): ...\n")
    learner.check("my-rule", "pass")
    found = learner.choose()["rule"]
    assert (found.whose, found.why) == (
        "reference",
        "it imports pandas, which is not in the package control that it runs in",
    )


def test_the_last_exercise_that_passed_counts(learner: Learner) -> None:
    learner.write("first-clean")
    learner.check("first-clean", "pass")
    assert learner.choose()["clean"].exercise == "first-clean"
    learner.write("clean-for-real", b"def clean(row): return row")
    assert learner.choose()["clean"].exercise == "first-clean"
    learner.check("clean-for-real", "pass")
    assert learner.choose()["clean"].exercise == "clean-for-real"


def test_says_what_is_still_to_come(learner: Learner) -> None:
    learner.workspace.mkdir()
    assert learner.choose()["route"].why == "no exercise for it yet"
    assert learner.choose()["candidate"].why == "not begun: loop learn show my-candidate"


def test_a_fault_of_the_course_stops_no_deployment(
    learner: Learner, monkeypatch: pytest.MonkeyPatch
) -> None:
    learner.workspace.mkdir()

    def refuse() -> None:
        raise NotFoundError("the course is damaged")

    monkeypatch.setattr(manifest, "load_exercises", refuse)
    assert {each.why for each in learner.choose().values()} == {"the course is damaged"}


def test_deploy_takes_the_parts_along_and_says_whose_they_are(
    learner: Learner, bench: Bench
) -> None:
    learner.write("my-rule")
    learner.check("my-rule", "pass")
    result = bench.loop("deploy")
    assert result.exit_code == 0, result.output
    given = bench.toolkit.environment[VARIABLE]
    assert given == str(bench.world.home / "parts" / "waiting")
    rows = [line.replace("│", " ").split()[:3] for line in result.stdout.splitlines()]
    assert ["rule", "yours", "my-rule"] in rows
    assert ["candidate", "reference", "my-candidate"] in rows
    document = json.loads(bench.loop("status", "--json").stdout)
    assert {each["part"]: each["whose"] for each in document["parts"]}["rule"] == "yours"
    assert "passed on" in bench.loop("status").stdout


def test_a_deployment_without_parts_is_given_none(bench: Bench) -> None:
    os.environ[VARIABLE] = "/somebody/elses"
    document = json.loads(bench.loop("deploy", "--json").stdout)
    assert VARIABLE not in bench.toolkit.environment
    assert {each["whose"] for each in document["parts"]} == {"reference"}
    assert "whose" not in bench.loop("deploy", "--again").stdout


def test_only_another_part_is_another_deployment(learner: Learner, bench: Bench) -> None:
    bench.loop("deploy")
    learner.write("my-rule")
    bench.loop("deploy")
    assert bench.toolkit.did == ["deploy"]
    assert "have passed since" not in bench.loop("status").stdout
    learner.check("my-rule", "pass")
    assert "Other files of yours have passed since" in bench.loop("status").stdout
    bench.loop("deploy")
    assert "have passed since" not in bench.loop("status").stdout
    bench.loop("deploy")
    assert bench.toolkit.did == ["deploy"] * 2
    bench.loop("deploy", "--reference")
    assert bench.toolkit.did == ["deploy"] * 3
    assert "left out: --reference" in bench.loop("status").stdout
    assert parts.find_variables(bench.world.home, "local/dev") == {}


def test_what_failed_to_be_deployed_is_not_remembered_as_deployed(
    learner: Learner, bench: Bench
) -> None:
    bench.loop("deploy")
    learner.write("my-rule")
    learner.check("my-rule", "pass")
    bench.toolkit.fail = ToolkitError(
        "cdk deploy failed (exit 2). Its last lines:\n"
        "  package control 30 MiB\n"
        "  Your part alarm broke at line 3: ValueError: no such thing.\n"
        "  Next: nothing"
    )
    result = bench.loop("deploy")
    assert result.exit_code == 2
    assert "Your part alarm broke at line 3: ValueError: no such thing." in result.stderr
    assert "loop deploy --reference" in result.stderr
    assert "last lines" not in result.stderr
    assert parts.find_variables(bench.world.home, "local/dev") == {}


def test_the_deployed_files_stay_what_they_were_while_the_learner_goes_on(
    learner: Learner, bench: Bench
) -> None:
    place = learner.write("my-rule")
    learner.check("my-rule", "pass")
    bench.loop("deploy")
    place.write_text("half of a new idea")
    folder = Path(parts.find_variables(bench.world.home, "local/dev")[VARIABLE])
    assert (folder / "rule.py").read_bytes() == (GOOD / "rule.py").read_bytes()


def test_this_process_finds_the_deployed_parts_and_then_none(tmp_path: Path) -> None:
    os.environ[VARIABLE] = "before"
    with parts.using({VARIABLE: str(tmp_path)}):
        assert os.environ[VARIABLE] == str(tmp_path)
    assert os.environ[VARIABLE] == "before"
    with parts.using({}):
        assert VARIABLE not in os.environ
    del os.environ[VARIABLE]


def test_a_version_is_reproduced_with_the_parts_that_it_was_made_with(
    loop: Loop, learner: Learner, bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learner.write("my-candidate")
    learner.check("my-candidate", "pass")
    bench.loop("deploy")
    world = bench.world
    store, raw_key, _ = make_landed()
    with parts.using(parts.find_variables(world.home, "local/dev")):
        assert run_training(store, raw_key=raw_key, run_id="run-1").version == 1
    copy(store, world.memory)
    # Whatever is deployed now, or lies about, has no say.
    Parts(tmp_path / "other", monkeypatch).write("candidate", "def build(facts): ...")
    bench.loop("deploy", "--reference")
    result = loop("reproduce", "1", "--model", "small", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["reproduced"] is True

    for kept in (world.home / "parts" / "kept").iterdir():
        kept.unlink()
    gone = loop("reproduce", "1", "--model", "small")
    assert gone.exit_code == 3
    assert "was made with a part candidate" in gone.stderr
    assert "is not kept on this computer any more" in gone.stderr

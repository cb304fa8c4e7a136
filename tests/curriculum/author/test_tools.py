"""Creating, coverage, the published schema, and the types of exercises' programs."""

import json
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pytest

from core.errors import ConflictError, InvalidInputError
from curriculum.author import create, measure_coverage, read_drafts
from curriculum.author.coverage import find_components, load_promise
from curriculum.author.schema import SCHEMA_FILE, find_stale_schema, make_schema, write_schema
from curriculum.author.strict import check_types, find_programs
from curriculum.checker.manifest import STAGES, load_exercises
from tests.curriculum.author.studio import SLUG, Studio


def test_a_new_exercise_stands_at_the_end_of_its_stage(studio: Studio) -> None:
    folder = create("one-more", stage=1, title="One more?", stages=studio.stages)
    assert folder.relative_to(studio.stages).as_posix() == "1_foundations/02_one_more"
    assert "# One more?\n" in (folder / "lesson.md").read_text(encoding="utf-8")


def test_stages_are_where_they_are_looked_for(tmp_path: Path) -> None:
    for stage in STAGES:
        create(f"in-stage-{stage.number}", stage=stage.number, stages=tmp_path)
    drafts = read_drafts(tmp_path)
    assert [draft.findings for draft in drafts] == [()] * len(STAGES)
    found = [draft.exercise.manifest.component for draft in drafts if draft.exercise]
    assert all(find_components(component) for component in found)


@pytest.mark.parametrize("slug", ["", "Capital", "with space", "9-lives", "under_score"])
def test_rejects_a_slug_that_is_none(tmp_path: Path, slug: str) -> None:
    with pytest.raises(InvalidInputError, match="A slug is words"):
        create(slug, stage=1, stages=tmp_path)


def test_rejects_a_stage_that_there_is_not(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="There is no stage 7"):
        create("beyond", stage=7, stages=tmp_path)


def test_rejects_a_slug_that_is_taken(studio: Studio) -> None:
    with pytest.raises(ConflictError, match=f"There is an exercise {SLUG} already"):
        create(SLUG, stage=2, stages=studio.stages)


def test_the_published_schema_is_that_of_the_model(tmp_path: Path) -> None:
    assert find_stale_schema() == []
    stale = tmp_path / "exercise.schema.json"
    assert len(find_stale_schema(stale)) == 1
    write_schema(stale)
    assert find_stale_schema(stale) == []


def test_every_manifest_keeps_the_published_schema() -> None:
    schema = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    for exercise in load_exercises():
        # As an editor sees it: JSON's lists are tuples here.
        manifest = json.loads(exercise.manifest.model_dump_json(exclude_none=True))
        jsonschema.validate(manifest, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"slug": "Not One"}, json.loads(make_schema()))


def test_28_tests_and_every_stage_are_promised() -> None:
    promise = load_promise()
    assert len(promise.tests) == 28
    assert promise.tests[0] == "Data 1: feature expectations are captured in a schema"
    assert [topics.id for topics in promise.topics][:6] == [f"s{n}" for n in range(1, 7)]


def test_coverage_names_the_exercise_and_what_is_to_come(studio: Studio) -> None:
    studio.change("exercise.toml", "covers = []", 'covers = ["cleaning", "clustering"]')
    studio.change(
        "exercise.toml",
        "prerequisites = []",
        'prerequisites = []\nml_test_score = ["Infra 7: serving models can be rolled back"]',
    )
    exercise = studio.draft().exercise
    assert exercise is not None
    coverage = measure_coverage([exercise.manifest])
    covered = {
        (section.title, item.id): item.slugs
        for section in coverage.sections
        for item in section.items
        if item.slugs
    }
    assert covered == {
        ("Components of the system", "storage"): (SLUG,),
        ("The ML Test Score", "Infra 7"): (SLUG,),
        ("1 Foundations", "cleaning"): (SLUG,),
        ("2 Build", "clustering"): (SLUG,),
        ("Real problems", "clustering"): (SLUG,),
    }
    assert coverage.skills["dataset"] == (1, 0, 0, 0, 0)
    assert len(coverage.ml_test_score.to_come) == 27


@pytest.mark.timeout(300)
def test_types_of_programs_are_told_of_the_file_they_came_from(
    monkeypatch: pytest.MonkeyPatch, studio: Studio
) -> None:
    monkeypatch.setattr("curriculum.author.strict.STAGES_FOLDER", studio.stages)
    monkeypatch.setattr("curriculum.author.strict.ROOT", studio.stages)
    programs = find_programs(studio.stages)
    assert [path.name for path in programs] == ["check.py"]
    studio.change("check.py", "-> list[Case]", "-> list[int]")
    code, told = check_types(programs)
    assert code == 1
    assert "1_foundations/01_find_the_middle/check.py:" in told

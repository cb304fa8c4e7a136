import zipfile
from pathlib import Path

import pytest

from cdk.bundling import RECIPES, build, build_packages
from cdk.bundling.own_parts import PARTS_OF, read_own_parts
from cdk.config import read_config
from core.errors import InvalidInputError
from tests.fixtures.own_parts import Parts
from tests.unit.cdk.test_bundling import FakeUv, project, uv

__all__ = ["project", "uv"]


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Parts:
    return Parts(tmp_path / "parts", monkeypatch)


def make(project: Path) -> build.Package:
    return build_packages(project, read_config({}, {}))["control"]


def test_without_parts_a_package_is_what_it_was(
    project: Path, uv: FakeUv, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = make(project)
    Parts(tmp_path / "none", monkeypatch)
    assert make(project) == before
    assert (uv.installs, read_own_parts("control")) == (1, {})


def test_a_package_holds_its_parts_and_is_built_anew_when_they_change(
    project: Path, uv: FakeUv, own: Parts
) -> None:
    own.good("rule", "clean")
    first = make(project)
    with zipfile.ZipFile(first.path) as bundle:
        found = [name for name in bundle.namelist() if name.startswith("learner/")]
    assert [name for name in found if name.endswith(".py")] == ["learner/rule.py"]
    own.write("clean", "def clean(row): return row")
    assert make(project) == first
    own.write("rule", "def judge(evaluation): return {}")
    assert make(project).digest != first.digest
    assert uv.installs == 1


def test_every_package_that_says_what_a_model_was_made_of_holds_what_decides_it(
    own: Parts,
) -> None:
    own.good("clean", "candidate", "rule", "route", "alarm")
    held = {package: sorted(map(str, read_own_parts(package))) for package in RECIPES}
    deciding = ["learner/candidate.py", "learner/clean.py"]
    assert [held[name] for name in ("tables", "fit", "evaluate")] == [deciding] * 3
    assert held["control"] == ["learner/rule.py"]
    assert held["inference"] == ["learner/route.py"]
    assert set(PARTS_OF) <= set(RECIPES)


def test_rejects_a_part_that_nobody_wrote_by_hand(own: Parts) -> None:
    own.write("route", "#" * 300_000)
    with pytest.raises(InvalidInputError, match=r"Your part route has 300,000 bytes; at most"):
        read_own_parts("inference")

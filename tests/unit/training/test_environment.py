import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import IntegrityError
from training.data import environment
from training.data.environment import StepPackage, describe_environment

LOCKS = Path(__file__).resolve().parents[3] / "locks"
MODULES: dict[StepPackage, str] = {
    "tables": "training.data.split, training.data.start",
    "fit": "training.model.fit",
    "evaluate": "training.judge.evaluate",
}
# Helpers of typing, which decide no number.
APART = {"annotated-types", "typing-extensions", "typing-inspection"}
SHOW = """
import {modules}, json, sys
from importlib import metadata
owners = metadata.packages_distributions()
tops = {{name.partition(".")[0] for name in sys.modules}}
print(json.dumps(sorted({{owner for top in tops for owner in owners.get(top, [])}})))
"""


def normalise(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("package", MODULES)
def test_every_locked_package_that_a_step_loads_is_named(package: StepPackage) -> None:
    script = SHOW.format(modules=MODULES[package])
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    loaded = {normalise(name) for name in json.loads(done.stdout)}
    text = (LOCKS / f"lambda-{package}.txt").read_text()
    locked = {normalise(name) for name in re.findall(r"(?m)^([\w.-]+)==", text)}
    assert set(describe_environment(package).packages) == (loaded & locked) - APART


def test_says_so_when_the_lock_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(environment, "_ROOT", tmp_path)
    environment._describe.cache_clear()
    try:
        with pytest.raises(IntegrityError, match=r"locks/lambda-fit\.txt is missing"):
            describe_environment("fit")
    finally:
        environment._describe.cache_clear()
        environment._hash_code.cache_clear()


def test_the_hash_of_the_code_covers_what_decides_a_model_and_no_card(tmp_path: Path) -> None:
    for room in ("core", "training/data", "training/model", "training/judge", "training/report"):
        (tmp_path / room).mkdir(parents=True)
        (tmp_path / room / "a.py").write_text("X = 1\n")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(environment, "_ROOT", tmp_path)
        found = []
        for changed in ("", "training/report", "training/judge"):
            if changed:
                (tmp_path / changed / "a.py").write_text("X = 2\n")
            environment._hash_code.cache_clear()
            found.append(environment._hash_code())
    environment._hash_code.cache_clear()
    assert found[0] == found[1] != found[2]

"""The exercise in which a problem statement drives the gate, on a system in memory."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cli.judging import _change
from core import keys
from core.store import Bucket, open_memory
from curriculum.author.world import make_world
from curriculum.checker.bench import Bench
from curriculum.checker.manifest import Exercise, load_exercises
from curriculum.checker.results import Result
from curriculum.checker.runner import load_check, run_check
from training.data.judging import Judging, load_judging

DATASET = "subscriptions"


@pytest.fixture
def exercise() -> Exercise:
    return next(each for each in load_exercises() if each.manifest.slug == "problem-statement")


@pytest.fixture
def store() -> Bucket:
    world, own = make_world(), open_memory()
    for info in world.list(""):
        own.put(info.key, world.get(info.key).body)
    return own


def _check(
    exercise: Exercise, store: Bucket, tmp_path: Path, change: Callable[[str], str] | None = None
) -> Result:
    text = exercise.solution.read_text()
    text = load_check(exercise).fill(Bench(seed=1, open_store=lambda: store), text)  # type: ignore[attr-defined]
    place = tmp_path / "problem.toml"
    place.write_text(change(text) if change else text)

    def loop(*words: str) -> dict[str, Any]:
        assert words == ("gate", "--model", DATASET)
        found: dict[str, Any] = load_judging(store, DATASET).model_dump(mode="json")
        return {"model": DATASET, **found}

    live: Any = SimpleNamespace(store=store, loop=loop, default_model=DATASET)
    return run_check(exercise, place, open_store=lambda: store, open_live=lambda: live, seed=1)


def test_tells_the_command_when_the_gate_has_other_values(
    exercise: Exercise, store: Bucket, tmp_path: Path
) -> None:
    result = _check(exercise, store, tmp_path)
    assert result.status == "not ready"
    assert result.next_step.startswith(f"loop gate --model {DATASET} --set decision.")
    assert "--set gate.max_latency_ms=20" in result.next_step


def test_passes_when_the_command_was_followed(
    exercise: Exercise, store: Bucket, tmp_path: Path
) -> None:
    words = _check(exercise, store, tmp_path).next_step.split()
    settings = [word for word in words if "=" in word]
    declared = Judging.from_json(_change(Judging().model_dump(mode="json"), settings))
    store.put(keys.judging(DATASET), declared.to_json())
    assert _check(exercise, store, tmp_path).status == "pass"
    assert declared.decision.true_positive_cost == 112
    assert declared.gate.min_slice_rows == 40


def test_fails_when_a_target_precision_decides_instead_of_the_costs(
    exercise: Exercise, store: Bucket, tmp_path: Path
) -> None:
    words = _check(exercise, store, tmp_path).next_step.split()
    settings = [word for word in words if "=" in word] + ["decision.target_precision=0.7"]
    document = json.loads(_change(Judging().model_dump(mode="json"), settings))
    store.put(keys.judging(DATASET), Judging.from_json(json.dumps(document)).to_json())
    result = _check(exercise, store, tmp_path)
    assert result.status == "not ready"
    assert result.next_step.endswith("--set decision.target_precision=null")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('positive = "yes"', 'positive = "no"', "for which a call is made"),
        ("threshold = 0.24", "threshold = 0.5", "threshold"),
        ("[costs]", "[prices]", "a part [costs]"),
        ('dataset = "subscriptions"', 'dataset = "pets"', "a dataset of yours"),
        ('run = "world-1"', 'run = "../x"', "that was judged"),
        ("min_slice_rows = 40", 'min_slice_rows = "40"', "a number"),
        ("[money]", "[money", "a TOML file"),
    ],
)
def test_rejects_a_statement_that_does_not_hold(
    exercise: Exercise, store: Bucket, tmp_path: Path, old: str, new: str, words: str
) -> None:
    def change(text: str) -> str:
        assert old in text
        return text.replace(old, new)

    result = _check(exercise, store, tmp_path, change)
    assert result.status == "fail"
    assert words in result.model_dump_json()

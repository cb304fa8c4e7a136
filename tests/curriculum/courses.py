"""Courses of a few small exercises, made for a test."""

import json
from pathlib import Path

from curriculum.checker.manifest import Exercise, load_exercises

CHECK = """
from curriculum.checker.bench import Case, Failure

def prepare(bench):
    return [Case("two numbers", [bench.seed % 7, 3], bench.seed % 7 + 3)]

def judge(case, answer):
    if answer == case.expected:
        return None
    return Failure(expected=str(case.expected), observed=str(answer), where="the sign")
"""
STARTER = "def add(a, b):\n    return a - b\n"
RIGHT = "def add(a, b):\n    return a + b\n"
MANIFEST: dict[str, object] = {
    "title": "What is the sum?",
    "component": "storage",
    "minutes": 10,
    "mode": "code",
    "file": "sums.py",
    "function": "add",
    "timeout_s": 20,
    "starter_fails": "the sign",
    "hints": ["look", "look closer", "look at the sign"],
}


def add_exercise(
    folder: Path,
    slug: str,
    *,
    stage: int = 1,
    files: dict[str, str] | None = None,
    skills: dict[str, int] | None = None,
    **manifest: object,
) -> Exercise:
    """Add an exercise to a folder of stages; `None` takes a field of the manifest out."""
    stage_folder = folder / f"{stage}_stage"
    number = len(list(stage_folder.glob("*"))) + 1
    place = stage_folder / f"{number:02}_{slug.replace('-', '_')}"
    content = MANIFEST | {"slug": slug, "stage": stage} | manifest
    lines = [f"{key} = {json.dumps(value)}" for key, value in content.items() if value is not None]
    lines += ["[skills]", *(f'"{k}" = {v}' for k, v in (skills or {"dataset": 1}).items())]
    lines += ["[wrong_answers]", 'one = "a"', 'two = "b"']
    made = {
        "exercise.toml": "\n".join(lines) + "\n",
        "check.py": CHECK,
        "lesson.md": f"# The lesson of {slug}\n\nRead it.\n",
    }
    if content["file"]:
        made[f"starter/{content['file']}"] = STARTER
        made[f"solution/{content['file']}"] = RIGHT
    for name, text in (made | (files or {})).items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(text, encoding="utf-8")
    return next(e for e in load_fresh(folder) if e.manifest.slug == slug)


def load_fresh(folder: Path) -> tuple[Exercise, ...]:
    """Read a folder of stages that has changed since it was read last."""
    from curriculum.checker import manifest  # noqa: PLC0415

    manifest._load_all.cache_clear()
    return load_exercises(folder)

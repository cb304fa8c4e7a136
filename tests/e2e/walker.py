"""A learner made of commands: copies an exercise's answer, has it checked, does what it is told."""

import json
import os
import shlex
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from tests.e2e.system import COMMAND, LiveSystem

Json = dict[str, Any]

VARIABLE: Final = "LOOP_WALK"
"""``all``, or how many exercises beside the capstones and the parts a walk takes."""

HANDFUL: Final = 3
_ADVICES: Final = 4  # that one check may need to be ready
_TIMEOUT_S: Final = 900


@dataclass(frozen=True)
class Step:
    """An exercise, as ``loop learn --json`` and its folder tell of it."""

    slug: str
    folder: Path
    file: Path | None
    is_capstone: bool
    part: str | None
    mode: str = "code"

    @classmethod
    def of(cls, found: Json) -> "Step":
        folder = Path(found["lesson"]).parent
        manifest = tomllib.loads((folder / "exercise.toml").read_text())
        file = Path(found["file"]) if found["file"] else None
        part, mode = manifest.get("part"), manifest["mode"]
        return cls(found["slug"], folder, file, found["capstone"], part, mode)


@dataclass(frozen=True)
class Walker:
    """Walks the course on a deployed system, from an empty workspace."""

    system: LiveSystem
    workspace: Path

    @property
    def environment(self) -> dict[str, str]:
        named = {"LOOP_HOME": str(self.system.home), "LOOP_WORKSPACE": str(self.workspace)}
        return {**os.environ, **named, "NO_COLOR": "1"}

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(COMMAND), *words, "--json"], env=self.environment, capture_output=True,
            text=True, timeout=_TIMEOUT_S, check=False,
        )  # fmt: skip

    def loop(self, *words: str) -> Json:
        done = self.run(*words)
        assert done.returncode == 0, f"loop {' '.join(words)}: {done.stdout}{done.stderr}"
        document: Json = json.loads(done.stdout)
        return document

    def list_steps(self) -> list[Step]:
        """Return all exercises, in the course's order."""
        stages = self.loop("learn")["stages"]
        return [Step.of(found) for stage in stages for found in stage["exercises"]]

    def solve(self, step: Step) -> Json:
        """Do an exercise as its own solution does, and return the last check's result."""
        self.loop("learn", "show", step.slug)
        if step.file is None:
            self._act(step)
        else:
            for answer in sorted((step.folder / "solution").iterdir()):
                if answer.is_file():
                    shutil.copyfile(answer, step.file.parent / answer.name)
            if step.file.suffix != ".py":
                self._start("fill", step.folder / "check.py", step.file)
        for _ in range(_ADVICES):
            result = self._check(step)
            if result["status"] != "not ready":
                return result
            self._follow(result["next_step"])
        return self._check(step)

    def _check(self, step: Step) -> Json:
        done = self.run("learn", "check", step.slug)
        result: Json = json.loads(done.stdout)
        return result

    def _follow(self, advice: str) -> None:
        words = shlex.split("loop up" if advice == "make up" else advice)
        assert words[:1] == ["loop"], f"what a learner is told to do is no command: {advice}"
        self.loop(*words[1:])

    def _act(self, step: Step) -> None:
        self._start("act", step.folder / "solution" / "act.py")

    def _start(self, helper: str, *paths: Path) -> None:
        """Run one of the two programs beside this file that know the deployed system."""
        program = [sys.executable, "-m", f"tests.e2e.{helper}", *map(str, paths)]
        done = subprocess.run(
            program, env=self.environment, capture_output=True, text=True,
            timeout=_TIMEOUT_S, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{paths[0]}: {done.stderr}"


def choose(steps: list[Step], *, asked: str | None, day: int | None = None) -> list[Step]:
    """Return what a walk takes: all, or capstones, parts and a handful that changes daily.

    The handful is of those that need no deployed system: what does is proven by
    `tests.e2e.test_exercises`. An alarm takes minutes to ring and to return: only all have it.
    """
    if asked == "all":
        return steps
    steps = [step for step in steps if step.part != "alarm"]
    count = int(asked) if asked else HANDFUL
    others = [
        step for step in steps if step.mode == "code" and not step.is_capstone and not step.part
    ]
    first = (datetime.now(UTC).toordinal() if day is None else day) * count
    daily = {others[(first + place) % len(others)].slug for place in range(min(count, len(others)))}
    return [step for step in steps if step.is_capstone or step.part or step.slug in daily]

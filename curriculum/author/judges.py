"""How each kind of exercise has an answer judged: by cases, by its text, by what it did."""

import io
import shutil
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any, Protocol, Self

from core.errors import LoopError
from curriculum.author.answers import find_answer, load, missing, not_ready, open_workspace
from curriculum.author.proof import Expected
from curriculum.checker.bench import Bench, Case, OpenLive, OpenStore
from curriculum.checker.manifest import ACTS, Exercise
from curriculum.checker.process import Child
from curriculum.checker.results import Result
from curriculum.checker.runner import judge_cases, load_check, run_check
from curriculum.child.codec import pack


class UnrepeatableError(Exception):
    """A check makes other cases from the same seed."""


class Judge(Protocol):
    """Judges the answers of one exercise; `start` is called once for every seed."""

    def start(self, seed: int) -> None:
        """Make what all answers of a seed share."""

    def judge(self, expected: Expected, seed: int) -> Result:
        """Judge one answer."""


class CaseJudge:
    """Learners' functions: one process and one set of cases for all answers."""

    def __init__(
        self,
        exercise: Exercise,
        child: Child,
        *,
        open_store: OpenStore | None,
        open_live: OpenLive | None,
    ) -> None:
        self._exercise = exercise
        self._child = child
        self._open_store = open_store
        self._open_live = open_live
        self._module = load_check(exercise)
        self._cases: list[Case] = []
        self._not_ready: LoopError | None = None
        self._is_first = True
        self._folder = tempfile.TemporaryDirectory(prefix="loop-prove-")
        self.prepare_s = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        self._folder.cleanup()

    def start(self, seed: int) -> None:
        """Make the cases; twice for the first seed, to see that they are the same."""
        began = time.monotonic()
        try:
            self._cases = self._prepare(seed)
        except LoopError as error:
            self._not_ready = error
            return
        self.prepare_s = time.monotonic() - began
        # A deployed system may have moved on between the two.
        if (
            self._is_first
            and self._open_live is None
            and _contents(self._cases) != _contents(self._prepare(seed))
        ):
            raise UnrepeatableError
        self._is_first = False

    def judge(self, expected: Expected, seed: int) -> Result:
        """Judge one answer by the seed's cases, and ask the system if the check does."""
        if self._not_ready:
            return not_ready(self._exercise, self._not_ready)
        file = find_answer(self._exercise, expected.answer)
        if not file.is_file():
            return missing(self._exercise, file)
        result = judge_cases(
            self._exercise,
            self._module,
            self._cases,
            self._child,
            self._lay_out(expected.answer, file),
            seed=seed,
        )
        if result.status == "pass" and hasattr(self._module, "probe"):
            return self._probe(result, seed)
        return result

    def _lay_out(self, answer: str, file: Path) -> Path:
        """Put an answer where the learner's would be: beside the other files of the starter."""
        folder = Path(self._folder.name) / answer
        if not folder.exists():
            ignored = shutil.ignore_patterns("__pycache__", ACTS)
            places = [self._exercise.folder / "starter"]
            places += [file.parent] if answer == "solution" else []
            for place in places:
                shutil.copytree(place, folder, ignore=ignored, dirs_exist_ok=True)
            shutil.copyfile(file, folder / str(self._exercise.manifest.file))
        return folder / str(self._exercise.manifest.file)

    def _probe(self, result: Result, seed: int) -> Result:
        act = self._exercise.folder / "solution" / ACTS
        if self._open_live is None or not act.is_file():
            return result.model_copy(
                update={
                    "status": "not ready",
                    "message": "The file behaves; what the deployed system does with it was not "
                    "asked.",
                    "next_step": "loop up, then loop author prove --live",
                }
            )
        with open_workspace() as workspace:
            place = self._exercise.place_in(workspace)
            if place is not None:
                place.parent.mkdir(parents=True)
                shutil.copyfile(self._exercise.solution, place)
            bench = self._bench(seed)
            bench.workspace = workspace
            load(act).act(bench)
            failure = self._module.probe(bench)
        update = {"status": "fail", "message": "not yet", "failure": failure}
        return result.model_copy(update=update) if failure else result

    def _prepare(self, seed: int) -> list[Case]:
        return self._module.prepare(self._bench(seed))

    def _bench(self, seed: int) -> Bench:
        return Bench(seed=seed, open_store=self._open_store, open_live=self._open_live)


class TextJudge:
    """Texts. A check's `fill`, if it has one, puts the numbers of the own runs into an answer."""

    def __init__(self, exercise: Exercise, **openers: Any) -> None:  # noqa: ANN401
        self._exercise = exercise
        self._openers = openers
        self._fill = getattr(load_check(exercise), "fill", None)

    def start(self, seed: int) -> None:
        """Do nothing: texts share nothing."""

    def judge(self, expected: Expected, seed: int) -> Result:
        """Judge one text."""
        file = find_answer(self._exercise, expected.answer)
        if not file.is_file():
            return missing(self._exercise, file)
        with tempfile.TemporaryDirectory(prefix="loop-prove-") as folder:
            workspace = Path(folder)
            copy = workspace / str(self._exercise.manifest.file)
            try:
                copy.write_text(self._complete(file, seed), encoding="utf-8")
            except LoopError as error:
                return not_ready(self._exercise, error)
            return run_check(self._exercise, copy, workspace=workspace, seed=seed, **self._openers)

    def _complete(self, file: Path, seed: int) -> str:
        text = file.read_text(encoding="utf-8")
        return str(self._fill(Bench(seed=seed, **self._openers), text)) if self._fill else text


class DeedJudge:
    """What the learner does by commands: to their repository, or to the deployed system."""

    def __init__(self, exercise: Exercise, **openers: Any) -> None:  # noqa: ANN401
        self._exercise = exercise
        self._openers = openers

    def start(self, seed: int) -> None:
        """Do nothing: every deed is done for itself."""

    def judge(self, expected: Expected, seed: int) -> Result:
        """Do what an answer does, then ask the check; the starter does nothing."""
        with open_workspace() as workspace:
            bench = Bench(seed=seed, workspace=workspace, **self._openers)
            try:
                if expected.answer != "starter":
                    file = find_answer(self._exercise, expected.answer)
                    if not file.is_file():
                        return missing(self._exercise, file)
                    load(file).act(bench)
            except LoopError as error:
                return not_ready(self._exercise, error)
            return run_check(self._exercise, None, workspace=workspace, seed=seed, **self._openers)


def _contents(cases: list[Case]) -> list[object]:
    contents: list[object] = []
    for case in cases:
        with zipfile.ZipFile(io.BytesIO(pack(list(case.arguments)))) as archive:
            contents += [case.name, [archive.read(name) for name in archive.namelist()]]
    return contents

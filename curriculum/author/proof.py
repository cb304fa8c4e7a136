"""What was found when an exercise was proven three ways."""

from collections.abc import Sequence
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, computed_field

from curriculum.checker.manifest import Exercise
from curriculum.checker.results import Result, Status, describe

Verdict = Literal["proven", "not proven here", "flaky", "wrong"]
# From the best to the worst: an exercise stands as its worst answer does.
_ORDER: Final[tuple[Verdict, ...]] = ("proven", "not proven here", "flaky", "wrong")
ENOUGH_TO_SEE: Final = 3  # seeds that went wrong, after which the others would say the same


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class AnswerProof(_View):
    """One answer, and whether it met what was expected of it with every seed.

    Attributes
    ----------
    answer
        ``starter``, ``solution`` or ``wrong/NAME``.
    seeds
        How many seeds it was judged with.
    problem
        One sentence when it is not proven.
    next_step
        What would make the proof possible, when it is not proven here.
    """

    answer: str
    verdict: Verdict
    seeds: int
    seconds: float
    problem: str = ""
    next_step: str = ""


class ExerciseProof(_View):
    """One exercise with all its answers.

    Attributes
    ----------
    problem
        What stopped the proof as a whole: the check itself broke, or does not repeat itself.
    seconds
        The whole proof.
    check_seconds
        A check of the solution, the middle one of all seeds: what a learner waits for, without the
        start of a process.
    """

    slug: str
    mode: str
    answers: tuple[AnswerProof, ...]
    seconds: float
    check_seconds: float = 0.0
    problem: str = ""

    @computed_field  # type: ignore[prop-decorator]  # as pydantic's own documentation writes it
    @property
    def verdict(self) -> Verdict:
        """How the exercise stands: as its worst answer does."""
        if self.problem or not self.answers:
            return "wrong"
        return max((each.verdict for each in self.answers), key=_ORDER.index)


class Expected:
    """What an answer must meet, and how often it did.

    Parameters
    ----------
    answer
        ``starter``, ``solution`` or ``wrong/NAME``.
    status
        What the check is to say.
    words
        What the message must hold.
    """

    def __init__(self, answer: str, status: Status, words: str = "") -> None:
        self.answer = answer
        self.status = status
        self.words = words
        self.seconds = 0.0
        self._seeds = 0
        self._wrong: list[tuple[int, str]] = []
        self._not_ready: Result | None = None

    @property
    def is_settled(self) -> bool:
        """Whether more seeds would say nothing new."""
        # A file that behaves is judged with every seed, though its system is not asked.
        is_unknown = self._not_ready is not None and not self._not_ready.file_passed
        return is_unknown or len(self._wrong) >= ENOUGH_TO_SEE

    def take(self, result: Result, seed: int, seconds: float) -> None:
        """Count a result."""
        self._seeds += 1
        self.seconds += seconds
        if result.status == "not ready":
            self._not_ready = result
            return
        problem = self._compare(result)
        if problem:
            self._wrong.append((seed, problem))

    def conclude(self) -> AnswerProof:
        """Say how the answer stands."""
        base = {"answer": self.answer, "seeds": self._seeds, "seconds": round(self.seconds, 3)}
        if self._not_ready and not self._wrong:
            return AnswerProof(
                **base,
                verdict="not proven here",
                problem=self._not_ready.message,
                next_step=self._not_ready.next_step,
            )
        if not self._wrong:
            return AnswerProof(**base, verdict="proven")
        seeds = ", ".join(str(seed) for seed, _ in self._wrong)
        problem = self._wrong[0][1]
        if len(self._wrong) < self._seeds:
            told = f"{problem} This was so with seed {seeds}, and not with others: a flake."
            return AnswerProof(**base, verdict="flaky", problem=told)
        return AnswerProof(**base, verdict="wrong", problem=problem)

    def _compare(self, result: Result) -> str:
        told = " ".join(describe(result).split())
        if result.status != self.status:
            return f"{_SENTENCES[self.status]}, and the check said {told!r}."
        if self.words and " ".join(self.words.split()) not in told:
            return f"Its message does not hold {self.words!r}: {told!r}."
        return ""


_SENTENCES: Final[dict[Status, str]] = {
    "pass": "It must pass",
    "fail": "It must fail",
    "error": "It must break",
    "not ready": "It must find the system not ready",
}


def expect(exercise: Exercise) -> Sequence[Expected]:
    """List an exercise's answers; the solution last, for what it does to a system stays done."""
    manifest = exercise.manifest
    return (
        Expected("starter", "fail", manifest.starter_fails),
        *(
            Expected(f"wrong/{name}", "fail", words)
            for name, words in manifest.wrong_answers.items()
        ),
        Expected("solution", "pass"),
    )

"""What a target column asks for: one of two classes, one of several, or a number."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.contract import Task
from core.counted import counted
from core.errors import InvalidInputError
from training.data.facts import ColumnFacts, Survey
from training.data.validate import MIN_ROWS_PER_CLASS

MAX_CLASSES = 50
MAX_NUMBER_CLASSES = 20
"""Whole numbers with more different values than this are something to measure, not classes."""
RARE_SHARE = 0.005
MAX_RARE_ROWS = 50
"""Of three classes or more, one with less than `RARE_SHARE` of the rows is taken for a fault in the
file, unless it has `MAX_RARE_ROWS`; so is one with too few rows for validation."""

_NUMBER_SHARE = 0.95
# In the language of the field the positive class is the event that somebody waits for or fears.
_POSITIVE_WORDS = frozenset((
    "yes", "y", "true", "t", "positive", "pos", "churn", "churned", "left", "cancelled",
    "canceled", "exited", "fraud", "spam", "default", "defaulted", "bad", "malignant", "sick",
    "disease", "ill", "dead", "died", "failure", "failed", "fail", "won", "buy", "bought",
    "converted", "clicked", "approved",
))  # fmt: skip


_ONES = frozenset(("1", "1.0", "+1"))
_NOUGHTS = frozenset(("0", "0.0", "-1", "-1.0"))


@dataclass(frozen=True, slots=True)
class Target:
    """The task of a target column, its classes (the positive one last), and why."""

    task: Task
    classes: tuple[str, ...]
    reason: str


def infer_target(
    survey: Survey, facts: ColumnFacts, *, task: Task | None, positive: str | None
) -> Target:
    """Guess task and classes of the target from what was counted.

    Parameters
    ----------
    survey : Survey
        The raw file.
    facts : ColumnFacts
        The counts of its target column.
    task : {"binary", "multiclass", "regression"} or None
        The task, if the person knows it.
    positive : str or None
        The positive class of a binary task, if the person knows it.

    Raises
    ------
    InvalidInputError
        If the column cannot be a target, or not one of that task.
    """
    if facts.distinct < 2:
        found = "one value only" if facts.distinct else "no value"
        raise InvalidInputError(
            f"Column {facts.name!r} has {found} in {counted(facts.rows, 'row')}: there is nothing"
            " to predict.",
            next_step="Choose another column with --target.",
        )
    guess = _guess_task(facts)
    if task == "regression" or (task is None and guess == "regression"):
        return _as_regression(facts, positive=positive)
    if facts.distinct > MAX_CLASSES and not (guess == "regression" and task):
        raise InvalidInputError(
            f"Column {facts.name!r} has {facts.distinct} different texts, too many to be classes "
            f"(at most {MAX_CLASSES}), and they are not numbers.",
            next_step="Choose another column with --target.",
        )
    return _as_classes(facts, _levels(survey, facts), task=task, positive=positive)


def _guess_task(facts: ColumnFacts) -> Task:
    if facts.distinct == 2:
        return "binary"
    if facts.numbers < _NUMBER_SHARE * facts.known:
        return "multiclass"
    few_whole = facts.whole == facts.numbers and facts.distinct <= MAX_NUMBER_CLASSES
    return "multiclass" if few_whole else "regression"


def _as_regression(facts: ColumnFacts, *, positive: str | None) -> Target:
    if facts.numbers < _NUMBER_SHARE * facts.known:
        raise InvalidInputError(
            f"Column {facts.name!r} cannot be the target of a regression: "
            f"{facts.known - facts.numbers} of its {facts.known} cells are not numbers.",
            next_step="Leave the task out, or choose another column with --target.",
        )
    _refuse_positive(positive, "regression")
    wrong = facts.known - facts.numbers
    told = counted(wrong, "row with something else goes", "rows with something else go")
    quarantined = f"; {told} to the quarantine" if wrong else ""
    return Target(
        "regression", (), f"{facts.distinct} different numbers: a regression{quarantined}"
    )


def _levels(survey: Survey, facts: ColumnFacts) -> dict[str, int]:
    levels = survey.count_levels(survey.columns.index(facts.name))
    rare = min(RARE_SHARE * facts.known, MAX_RARE_ROWS) if len(levels) > 2 else 0
    fewest = max(MIN_ROWS_PER_CLASS, rare)
    if len({level.casefold() for level in levels}) < len(levels):
        raise InvalidInputError(
            f"Column {facts.name!r} has classes that differ in upper and lower case only.",
            next_step="Write each class in one way.",
        )
    enough = {level: rows for level, rows in levels.items() if rows >= fewest}
    if len(enough) < 2:
        raise InvalidInputError(
            f"Of the {len(levels)} classes of column {facts.name!r}, {len(enough) or 'none'} has "
            f"at least {MIN_ROWS_PER_CLASS} rows; a model needs two.",
            next_step="Add rows, or choose another column with --target.",
        )
    return enough


def _as_classes(
    facts: ColumnFacts, levels: Mapping[str, int], *, task: Task | None, positive: str | None
) -> Target:
    found: Task = "binary" if len(levels) == 2 else "multiclass"
    if task and task != found:
        raise InvalidInputError(
            f"Column {facts.name!r} has {len(levels)} classes, so the task cannot be {task}.",
            next_step="Leave the task out, or choose another column with --target.",
        )
    rare = facts.distinct - len(levels)
    told = counted(rare, "rarer value goes", "rarer values go")
    note = f"; {told} to the quarantine" if rare else ""
    if found == "multiclass":
        _refuse_positive(positive, "multiclass")
        return Target(found, _in_order(levels), f"{len(levels)} classes{note}")
    chosen, why = _choose_positive(facts.name, levels, positive=positive)
    negative = next(level for level in levels if level != chosen)
    return Target(found, (negative, chosen), f"2 classes, {chosen!r} is positive ({why}){note}")


def _in_order(levels: Mapping[str, int]) -> tuple[str, ...]:
    whole = all(level.lstrip("+-").isdecimal() for level in levels)
    return tuple(sorted(levels, key=int) if whole else sorted(levels))


def _choose_positive(
    name: str, levels: Mapping[str, int], *, positive: str | None
) -> tuple[str, str]:
    if positive is not None:
        if positive not in levels:
            raise InvalidInputError(
                f"Column {name!r} has no class {positive!r}; its classes are "
                f"{' and '.join(map(repr, levels))}.",
                next_step="Choose one of them as the positive class.",
            )
        return positive, "as you said"
    worded = [level for level in levels if level.casefold() in _POSITIVE_WORDS]
    # One is the event beside nought; beside two it is a code like any other.
    worded += [level for level in levels if level in _ONES and set(levels) & _NOUGHTS]
    if len(worded) == 1:
        return worded[0], "by its name"
    rarer = min(sorted(levels, reverse=True), key=levels.__getitem__)
    return rarer, "the rarer of the two"


def _refuse_positive(positive: str | None, task: str) -> None:
    if positive is not None:
        raise InvalidInputError(
            f"A {task} target has no positive class.", next_step="Leave the positive class out."
        )

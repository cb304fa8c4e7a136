"""Judges `tally`: by a count of its own, on desks that are good, one-sided, short of a class."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from curriculum.checker.bench import Bench, Case, plain
from curriculum.checker.results import Failure
from curriculum.material.agreement import Mistake, compare_fields
from curriculum.material.churn import churn
from curriculum.material.tickets import TEAMS, tickets

ROWS = 240
WHERE = {
    "matrix": "One row for each class that came true, one column for each answer, both in the "
    "order of `classes`.",
    "accuracy": "The diagonal, by all rows.",
    "precision": "Down a column: of the rows with this answer, how many are right?",
    "recall": "Along a row: of the rows of this class, how many were found?",
    "f1": "Twice the hits, by the rows of this class and the rows with this answer together.",
    "macro_f1": "The mean of the classes' own F1s, each counting the same.",
    "mixed_up": "The largest cell off the diagonal: [truth, answer].",
}


def prepare(bench: Bench) -> list[Case]:
    """Make four months of a support desk, and one of the subscriptions."""
    chance = np.random.default_rng([bench.seed, 301])
    desk = [TEAMS[team] for team in tickets(ROWS, seed=bench.seed).y]
    lazy = [name if chance.random() < 0.8 else "billing" for name in desk]
    blind = [name if name != "contract" else "billing" for name in lazy]
    quiet = [name for name in desk if name != "contract"]
    left = np.where(churn(ROWS, seed=bench.seed).y == 1, "left", "stayed").tolist()
    noise = [name if chance.random() < 0.75 else "left" for name in left]
    teams = list(TEAMS)
    return [
        Case("a support desk that sends what it does not know to billing", (desk, lazy, teams)),
        Case("the subscriptions: who leaves", (left, noise, ["stayed", "left"])),
        Case("a desk that sends nothing to the contract team", (desk, blind, teams)),
        Case(
            "a month in which nobody wrote to the contract team",
            (quiet, mix(quiet, chance), [*teams, "fraud"]),
        ),
        Case("a desk that was always right", (desk, desk, teams)),
    ]


def mix(names: Sequence[str], chance: np.random.Generator) -> list[str]:
    """Answer one in six as some other team, the contract team too."""
    return [str(chance.choice(TEAMS)) if chance.random() < 0.25 else name for name in names]


def count(truth: Sequence[str], said: Sequence[str], classes: Sequence[str]) -> dict[str, Any]:
    """Work the right answer out."""
    pairs = list(zip(truth, said, strict=True))
    matrix = [[pairs.count((row, column)) for column in classes] for row in classes]
    hits = [matrix[i][i] for i in range(len(classes))]
    belong = [sum(row) for row in matrix]
    sent = [sum(column) for column in zip(*matrix, strict=True)]
    both = [a + b for a, b in zip(belong, sent, strict=True)]
    f1 = divide([2 * each for each in hits], both)
    known = [each for each in f1 if each is not None]
    errors = [
        (matrix[i][j], [row, column])
        for i, row in enumerate(classes)
        for j, column in enumerate(classes)
        if i != j and matrix[i][j]
    ]
    return {
        "matrix": matrix,
        "accuracy": sum(hits) / len(pairs),
        "precision": divide(hits, sent),
        "recall": divide(hits, belong),
        "f1": f1,
        "macro_f1": sum(known) / len(known),
        "mixed_up": max(errors, key=lambda each: each[0])[1] if errors else None,
    }


def divide(above: Sequence[int], below: Sequence[int]) -> list[float | None]:
    """Divide where there is something to divide by."""
    return [a / b if b else None for a, b in zip(above, below, strict=True)]


def judge(case: Case, answer: object) -> Failure | None:
    """Compare field by field; well-known mistakes get their own words."""
    truth, said, classes = case.arguments
    right = count(truth, said, classes)
    told = plain(answer)
    matrix = told.get("matrix") if isinstance(told, dict) else None
    if isinstance(matrix, list) and len(matrix) < len(classes):
        return Failure(
            expected=f"matrix: {len(classes)} rows",
            observed=f"matrix: {len(matrix)} rows",
            where="A class that does not occur this month is still a class: next month's matrix "
            "must lie on top of this one.",
        )
    return compare_fields(
        told, right, where=WHERE, of="tally", mistakes=find_mistakes(right, truth, classes)
    )


def find_mistakes(
    right: Mapping[str, Any], truth: Sequence[str], classes: Sequence[str]
) -> list[Mistake]:
    """Return what many get instead."""
    matrix = right["matrix"]
    diagonal = [[truth.count(row) if row == column else 0 for column in classes] for row in classes]
    zeros = {name: [each or 0.0 for each in right[name]] for name in ("precision", "recall", "f1")}
    precision, recall = (
        float(np.mean([each for each in right[name] if each is not None]))
        for name in ("precision", "recall")
    )
    return [
        Mistake(
            "matrix",
            [list(column) for column in zip(*matrix, strict=True)],
            "Rows and columns have changed places: the truth is the row, the answer the column.",
        ),
        Mistake(
            "matrix",
            diagonal,
            "Every message is in one cell of its row, the right one. Where are those that went to "
            "another team?",
        ),
        Mistake(
            "precision",
            zeros["precision"],
            "Nobody was sent there, so nothing can be said about how many were right. 0 would say "
            "that all were wrong.",
        ),
        Mistake(
            "recall",
            zeros["recall"],
            "There was none of them, so nothing can be said about how many were found.",
        ),
        Mistake("precision", right["recall"], "This is the recall: divide by the other sum."),
        Mistake("recall", right["precision"], "This is the precision: divide by the other sum."),
        Mistake(
            "macro_f1",
            2 * precision * recall / (precision + recall),
            "This is the F1 of the means. The mean of the classes' own F1s is what is asked for: "
            "here a class that is never found cannot hide behind the others.",
        ),
        Mistake("macro_f1", right["accuracy"], "This is the accuracy, in which large classes win."),
    ]


def measure(cases: Sequence[Case], answers: Sequence[object]) -> Mapping[str, float]:
    """Keep how far accuracy and macro F1 are apart where a class is never found."""
    blind: Any = plain(answers[2]) if len(cases) > 2 else {}
    return {name: round(float(blind[name]), 3) for name in ("accuracy", "macro_f1") if blind}

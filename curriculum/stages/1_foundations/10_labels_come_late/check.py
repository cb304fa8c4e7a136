"""Judges `label_rows`: it knows how each customer ended, and compares."""

import random
from typing import Any

from curriculum.checker.bench import Bench, Case, plain
from curriculum.checker.results import Failure
from curriculum.material.answers import name_type
from curriculum.material.churn import churn

ROWS = 1200
LABELS = ("yes", "no", None)


def prepare(bench: Bench) -> list[Case]:
    """Look at the same kind of business with several windows, from the easiest on."""
    chance = random.Random(bench.seed)  # noqa: S311 - a reproducible exercise, not a secret
    return [
        make_case("rows whose windows are all over", bench.seed, wait=400, window=30, lag=5),
        make_case("rows of which the newest are open", bench.seed + 1, wait=0, window=30, lag=5),
        make_case(
            "another window and another lag",
            bench.seed + 2,
            wait=0,
            window=chance.choice([14, 20, 24]),
            lag=chance.choice([8, 10, 12]),
        ),
        make_case("a lag of nothing", bench.seed + 3, wait=0, window=30, lag=0),
    ]


def make_case(name: str, seed: int, *, wait: int, window: int, lag: int) -> Case:
    """Let customers live, and show what is in the data `wait` days after the newest of them."""
    made, chance = churn(ROWS, seed=seed), random.Random(seed)  # noqa: S311
    first = int(made.observed_on[0].astype(int))
    observed = [int(day.astype(int)) - first for day in made.observed_on]
    today = observed[-1] + wait + 1
    rows: list[dict[str, Any]] = []
    truth = []
    for day, left in zip(observed, made.y.tolist(), strict=True):
        # Who leaves does so on some day of the window; of the others some leave later on.
        later = chance.random() < 0.25
        until = window if left else window + 200
        gone = day + chance.randint(1 if left else window + 1, until) if left or later else None
        arrived = gone is not None and gone + chance.randint(0, lag) <= today
        rows.append({"observed_on": day, "cancelled_on": gone if arrived else None})
        ready = today >= day + window + lag
        truth.append(
            {"left": bool(left), "ready": ready, "gone": gone, "over": today >= day + window}
        )
    return Case(name=name, arguments=(rows, today, window, lag), expected=truth)


def judge(case: Case, answer: object) -> Failure | None:
    """Look at the shape, then at the rows that are not ready, then at the labels."""
    truth, told = case.expected, plain(answer)
    if not isinstance(told, list):
        return Failure(
            expected="a list", observed=name_type(told), where="What `label_rows` returns."
        )
    if len(told) != len(truth):
        return Failure(
            expected=f"{len(truth)} entries, one for each row",
            observed=f"{len(told)} entries",
            where="No row disappears: a row without a label has None, so that everybody can see "
            "how many there are.",
        )
    strange = next((label for label in told if label not in LABELS), None)
    if strange is not None:
        return Failure(
            expected='"yes", "no" or None', observed=f"{str(strange)[:40]!r}", where="The labels."
        )
    return judge_ready(truth, told) or judge_labels(truth, told)


def judge_ready(truth: list[dict[str, Any]], told: list[str | None]) -> Failure | None:
    """Return a failure when rows have a label too early, or none although they are ready."""
    early = [
        (row, label) for row, label in zip(truth, told, strict=True) if label and not row["ready"]
    ]
    if not early:
        waiting = sum(row["ready"] and not label for row, label in zip(truth, told, strict=True))
        if not waiting:
            return None
        return Failure(
            expected="a label for each row whose window is over and whose lag has passed",
            observed=f"{waiting} of them have none",
            where="On the day `observed_on + window_days + lag_days` everything is known.",
        )
    share = sum(label == "yes" for _, label in early) / len(early)
    true_share = sum(row["left"] for row, _ in early) / len(early)
    if share == 1.0:
        where = (
            "Who left early is known early, who stays is not: among the newest rows only those "
            "who left would have a label. Wait for both."
        )
    elif all(row["over"] for row, _ in early):
        where = (
            "The window is over, but the newest cancellation has not arrived yet: it takes up to "
            "`lag_days`."
        )
    else:
        where = "Not left yet is not the same as stayed: the window of these rows is still open."
    return Failure(
        expected="None for rows that are not ready: in the end, "
        f"{sum(row['left'] for row in truth) / len(truth):.0%} of all leave",
        observed=f"{len(early)} of them have a label, {share:.0%} yes (in truth {true_share:.0%})",
        where=where,
    )


def judge_labels(truth: list[dict[str, Any]], told: list[str | None]) -> Failure | None:
    """Return a failure when labels are wrong."""
    pairs = [(row, label) for row, label in zip(truth, told, strict=True) if row["ready"]]
    wrong = [(row, label) for row, label in pairs if (label == "yes") != row["left"]]
    if not wrong:
        return None
    where = "The last day of the window belongs to it."
    if any(not row["left"] and row["gone"] is not None for row, _ in wrong):
        where = (
            "They did leave, but after the window: the question was about the days up to its end."
        )
    right = sum(row["left"] for row, _ in pairs) / len(pairs)
    share = sum(label == "yes" for _, label in pairs) / len(pairs)
    return Failure(
        expected=f"{right:.1%} yes among the rows that are ready",
        observed=f"{share:.1%} yes; {len(wrong)} labels are wrong",
        where=where,
    )

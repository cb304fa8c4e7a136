"""Judges the learner's state machine: plays stories to it, by the rules of Step Functions."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from curriculum.checker.bench import Bench, Case, Failure

Json = dict[str, Any]
BUSY = ("Lambda.TooManyRequestsException", "Lambda.ServiceException")
BROKEN = ("ValueError", "MemoryError", "InvalidInputError", "States.Timeout", "KeyError")
TRIES = 4
MOST_STATES = 50


@dataclass
class Played:
    """What came of a story."""

    ended: str
    tries: int = 0
    waits_s: list[float] = field(default_factory=list)
    recorded: list[Json] = field(default_factory=list)


def prepare(bench: Bench) -> list[Case]:
    """Make stories: what each call of the training function comes to; None is a success."""
    chance = random.Random(bench.seed)  # noqa: S311 - a reproducible exercise, not a secret
    busy, broken = chance.choice(BUSY), chance.choice(BROKEN)
    run_id = f"run-{chance.randrange(16**6):06x}"
    return [
        Case("a run without a fault", [run_id, []], "green"),
        Case(
            "a service that is busy for a moment", [run_id, [busy] * chance.randint(1, 3)], "green"
        ),
        Case("a fault that comes back every time", [run_id, [broken] * 9], "broken"),
        Case("a service that stays busy", [run_id, [busy] * 9], "busy"),
        Case("busy first, then broken", [run_id, [busy, broken, broken]], "both"),
    ]


def judge(case: Case, answer: object) -> Failure | None:
    """Play one story, and compare what came of it with the promise."""
    definition = answer if isinstance(answer, dict) else {}
    if "StartAt" not in definition:
        return Failure(
            expected="one state machine in the stack",
            observed=f"{definition.get('machines', 0)} of them",
            where="`add_machine`",
        )
    run_id, story = case.arguments
    played = play(definition, {"run_id": run_id}, list(story))
    if case.expected == "green":
        return judge_green(case, played, len(story) + 1)
    return judge_tries(case, played) or judge_red(case, played, run_id)


def judge_green(case: Case, played: Played, tries: int) -> Failure | None:
    """See that training came through, and nobody was told of a failure."""
    if played.ended == "SUCCEEDED" and played.tries == tries and not played.recorded:
        return judge_waits(played)
    observed = f"the execution {played.ended}, after {played.tries} tries"
    return Failure(
        expected=f"{case.name}: it succeeds at try {tries}, and nothing is recorded",
        observed=observed + (", and was recorded" if played.recorded else ""),
        where="`add_retry`: errors, max_attempts. What is busy for a moment is not broken.",
    )


def judge_tries(case: Case, played: Played) -> Failure | None:
    """See that only what may pass by itself is tried again."""
    right = {"broken": 1, "busy": TRIES, "both": 2}[case.expected]
    if played.tries == right:
        return judge_waits(played)
    return Failure(
        expected=f"{right} {'try' if right == 1 else 'tries'}",
        observed=f"{played.tries}",
        where="`add_retry`: what comes back every time is not tried again; it costs an hour each.",
    )


def judge_waits(played: Played) -> Failure | None:
    """See that it waits longer from try to try."""
    waits = played.waits_s
    if all(later > earlier for earlier, later in pairwise(waits)):
        return None
    return Failure(
        expected="waits that grow from try to try",
        observed=f"waits of {', '.join(f'{each:g} s' for each in waits)}",
        where="`add_retry`: interval and backoff_rate. Whoever is busy needs room.",
    )


def judge_red(case: Case, played: Played, run_id: str) -> Failure | None:
    """See that a failure is recorded, and ends the execution as one."""
    if len(played.recorded) != 1:
        return Failure(
            expected=f"{case.name}: record is called once",
            observed="the failure was not recorded"
            if not played.recorded
            else f"it is called {len(played.recorded)} times",
            where="`add_catch`: where it leads to.",
        )
    told = played.recorded[0]
    if told.get("run_id") != run_id or not str(told.get("failure", {}).get("Error", "")):
        return Failure(
            expected='record gets {"run_id": …, "failure": {"Error": …, "Cause": …}}',
            observed=f"it gets {', '.join(told) or 'nothing'}, and cannot say which run it was, or "
            "what broke",
            where="`add_catch`: result_path",
        )
    if played.ended != "FAILED":
        return Failure(
            expected="the execution ends as failed",
            observed="it ended as a success, and somebody will look for the model",
            where="What comes after the record: a caught error is no error any more.",
        )
    return None


def play(definition: Json, given: Json, story: list[str]) -> Played:
    """Carry a definition out: tasks, retries, catches, passes, ends."""
    played, name, data = Played("RUNNING"), definition["StartAt"], given
    outcomes = iter(story)
    for _ in range(MOST_STATES):
        state = definition["States"][name]
        if state["Type"] in ("Fail", "Succeed"):
            played.ended = {"Fail": "FAILED", "Succeed": "SUCCEEDED"}[state["Type"]]
            return played
        following = state.get("Next")
        if state["Type"] == "Task":
            error = run_task(state, data, outcomes, played)
            if error:
                catcher = find(state.get("Catch", []), error)
                if catcher is None:
                    played.ended = "FAILED"
                    return played
                data = put(data, catcher.get("ResultPath", "$"), {"Error": error, "Cause": "…"})
                following = catcher["Next"]
        if following is None:
            played.ended = "SUCCEEDED"
            return played
        name = following
    return played


def run_task(state: Json, data: Json, outcomes: Iterator[str], played: Played) -> str | None:
    """Call a function, again where its retries say so; return the error that is left."""
    if "Keeper" in str(state):
        # What is handed over is the input, or what the step's payload takes of it.
        payload = state.get("Parameters", {}).get("Payload.$", "$")
        chosen = data if payload == "$" else {}
        plain = {
            key: value for key, value in state.get("Parameters", {}).items() if key.endswith(".$")
        }
        for key, path in plain.items():
            if key not in ("Payload.$", "FunctionName.$"):
                chosen = {**(chosen if chosen is not data else {}), key[:-2]: pick(data, path)}
        played.recorded.append(dict(chosen))
        return None
    used: dict[int, int] = {}
    while True:
        played.tries += 1
        error = next(outcomes, None)
        if error is None or played.tries > MOST_STATES:
            return error
        rules = state.get("Retry", [])
        rule = find(rules, error)
        if rule is None:
            return error
        place = rules.index(rule)
        used[place] = used.get(place, 0) + 1
        if used[place] > rule.get("MaxAttempts", 3):
            return error
        wait_s = rule.get("IntervalSeconds", 1) * rule.get("BackoffRate", 2.0) ** (used[place] - 1)
        played.waits_s.append(float(wait_s))


def find(rules: list[Json], error: str) -> Json | None:
    """Return the first rule about an error."""
    for rule in rules:
        names = rule["ErrorEquals"]
        is_any = "States.ALL" in names or (
            "States.TaskFailed" in names and error != "States.Timeout"
        )
        if error in names or is_any:
            return rule
    return None


def put(data: Json, path: str | None, value: Json) -> Json:
    """Put a value where a result path says."""
    if path is None:
        return data
    if path == "$":
        return value
    return {**data, path.removeprefix("$."): value}


def pick(data: Json, path: str) -> Any:  # noqa: ANN401 - JSON
    """Return what a path names."""
    found: Any = data
    for part in path.removeprefix("$").strip(".").split("."):
        if part:
            found = found.get(part) if isinstance(found, dict) else None
    return found

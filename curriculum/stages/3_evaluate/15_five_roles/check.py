"""Judges `answer`: five colleagues' questions, with facts that decide them either way."""

from typing import Any

import numpy as np

from curriculum.checker.bench import Bench, Case, plain
from curriculum.checker.results import Failure
from curriculum.material.agreement import Mistake, agree, compare_fields

EXPERT, SCIENTIST, ENGINEER = "subject expert", "data scientist", "data engineer"
OPERATOR, MANAGER = "ml engineer", "product manager"
LIMIT_MS, SLOWEST, ERRORS = 100.0, 0.95, 3.0
WHERE = {
    EXPERT: "Share that left, less what was told; all of it by the root of p (1 - p) / rows, "
    "where p is what was told.",
    SCIENTIST: "Compare the two days row by row; the same day is not after it.",
    ENGINEER: "All reasons together, by all rows of the file.",
    OPERATOR: "Sort the times: 95 of 100 lie below it.",
    MANAGER: "What the old model costs less what the new one does. Every call costs, also one to "
    "somebody who would have left; a leaver who is found is not missed.",
}
DECIDES = {
    EXPERT: "Three standard errors decide, in both directions; nothing else.",
    SCIENTIST: "A value that was written after the prediction will not be there when the endpoint "
    "is asked, however good the score looks. Nobody has that value yet. Without any such row the "
    "score decides.",
    ENGINEER: "The share decides, not the count: a larger file has more of everything.",
    OPERATOR: "The slow requests decide: whoever waits for one does not feel the mean.",
    MANAGER: "Euros decide. The share of right answers counts both kinds of mistakes alike, and "
    "here one costs many times as much as the other.",
}
ACTS = {
    EXPERT: "A gap beyond chance is the model's, so its maker mends it. Without one, only the "
    "expert can bring more of the customers that they have in mind.",
    SCIENTIST: "What is written when, the data engineer knows. What is taken has to be there when "
    "the endpoint is asked, and this is the ML engineer's work.",
    ENGINEER: "Whether a new category is real, only those know who sell it. A broken export is "
    "mended where data are brought.",
    OPERATOR: "What is too slow goes back to who made it. Whether a quick one is wanted, the "
    "product manager says.",
    MANAGER: "A change is done by the ML engineer. What does not pay goes back to the data "
    "scientist, with the price.",
}


def prepare(bench: Bench) -> list[Case]:
    """Ask each colleague's question twice or more: the facts decide it one way, then the other."""
    chance = np.random.default_rng([bench.seed, 315])
    return [
        ask(EXPERT, "many such customers, a small gap", ask_expert(chance, 4_000, 5.0)),
        ask(EXPERT, "a handful of customers, a large gap", ask_expert(chance, 12, 1.4)),
        ask(EXPERT, "customers who are less risky than told", ask_expert(chance, 1_500, -6.0)),
        ask(SCIENTIST, "a small gain, written in time", ask_scientist(chance, 0.012, late=False)),
        ask(SCIENTIST, "a wonderful gain", ask_scientist(chance, 0.08, late=True)),
        ask(SCIENTIST, "no gain, written in time", ask_scientist(chance, -0.003, late=False)),
        ask(ENGINEER, "a small file, a new category", ask_engineer(chance, 800, 0.09, 0)),
        ask(ENGINEER, "a large file, some broken numbers", ask_engineer(chance, 60_000, 0.02, 1)),
        ask(ENGINEER, "many missing values", ask_engineer(chance, 5_000, 0.11, 2)),
        ask(OPERATOR, "quick nearly always", ask_operator(chance, 0.08)),
        ask(OPERATOR, "seldom slow", ask_operator(chance, 0.02)),
        ask(MANAGER, "more right, dearer", ask_manager(chance, more_found=-1)),
        ask(MANAGER, "less right, cheaper", ask_manager(chance, more_found=1)),
    ]


def ask(role: str, name: str, facts: dict[str, Any]) -> Case:
    """Make a case, with the answer that the facts give."""
    return Case(f"the {role}: {name}", (role, facts), decide(role, facts))


def ask_expert(chance: np.random.Generator, rows: int, errors: float) -> dict[str, Any]:
    """Make customers who left more often than was told, by about so many standard errors."""
    told = round(float(chance.uniform(0.35, 0.5)), 3)
    error = (told * (1 - told) / rows) ** 0.5
    return {"rows": rows, "left": round((told + errors * error) * rows), "mean_probability": told}


def ask_scientist(chance: np.random.Generator, gain: float, *, late: bool) -> dict[str, Any]:
    """Make a column's days; a few values are written after the prediction, if `late`."""
    predicted = chance.integers(100, 200, 60)
    written = predicted - chance.integers(0, 20, 60)
    if late:
        places = chance.choice(60, int(chance.integers(3, 9)), replace=False)
        written[places] = predicted[places] + chance.integers(1, 9, len(places))
    without = round(float(chance.uniform(0.17, 0.19)), 4)
    return {
        "brier_without": without,
        "brier_with": round(without - gain, 4),
        "predicted_on": predicted.tolist(),
        "written_on": written.tolist(),
    }


def ask_engineer(
    chance: np.random.Generator, rows: int, share: float, commonest: int
) -> dict[str, Any]:
    """Make a file's quarantine; one reason has about three quarters of it."""
    names = ["unknown category", "not a number", "missing"]
    counts = [max(1, round(rows * share * each)) for each in (0.74, 0.17, 0.09)]
    order = [names[commonest], *(each for each in names if each != names[commonest])]
    reasons = dict(zip(order, counts, strict=True))
    shuffled = {names[place]: reasons[names[place]] for place in chance.permutation(3)}
    limit = round(float(chance.uniform(0.04, 0.06)), 3)
    return {"rows": rows, "limit": limit, "reasons": shuffled}


def ask_operator(chance: np.random.Generator, slow: float) -> dict[str, Any]:
    """Make times with a share of slow ones; the mean is far below the limit."""
    times = chance.lognormal(3.2, 0.25, 300)
    places = chance.choice(300, int(300 * slow), replace=False)
    times[places] = chance.uniform(200, 400, len(places))
    return {"times_ms": times.round(2).tolist(), "limit_ms": LIMIT_MS}


def ask_manager(chance: np.random.Generator, *, more_found: int) -> dict[str, Any]:
    """Make two models of which the one that is right more often is the dearer one."""
    leavers, stayers = int(chance.integers(300, 340)), int(chance.integers(650, 700))
    found, alarms = int(chance.integers(190, 210)), int(chance.integers(140, 160))
    gain, price = int(chance.integers(30, 40)), int(chance.integers(60, 80))
    old = count(leavers, stayers, found, alarms)
    new = count(leavers, stayers, found + more_found * gain, alarms + more_found * price)
    return {
        "old": old,
        "new": new,
        "cost_missed": int(chance.integers(180, 220)),
        "cost_call": int(chance.integers(8, 12)),
        "cost_of_change": int(chance.integers(1_000, 2_000)),
    }


def count(leavers: int, stayers: int, found: int, alarms: int) -> dict[str, int]:
    """Return the four cells."""
    return {
        "leavers_found": found,
        "leavers_missed": leavers - found,
        "false_alarms": alarms,
        "left_in_peace": stayers - alarms,
    }


def decide(role: str, facts: dict[str, Any]) -> dict[str, Any]:
    """Work the right answer out."""
    number = measure_fact(role, facts)
    if role == EXPERT:
        choice = ("mend", SCIENTIST) if abs(number) >= ERRORS else ("keep", EXPERT)
    elif role == SCIENTIST:
        is_better = facts["brier_with"] < facts["brier_without"]
        choice = ("take", OPERATOR) if number == 0 and is_better else ("drop", ENGINEER)
    elif role == ENGINEER:
        commonest = max(facts["reasons"], key=lambda name: facts["reasons"][name])
        who = EXPERT if commonest == "unknown category" else ENGINEER
        choice = ("stop" if number > facts["limit"] else "train", who)
    elif role == OPERATOR:
        choice = ("hold", SCIENTIST) if number > facts["limit_ms"] else ("ship", MANAGER)
    else:
        pays = number > facts["cost_of_change"]
        choice = ("change", OPERATOR) if pays else ("stay", SCIENTIST)
    return {"number": number, "decision": choice[0], "ask": choice[1]}


def measure_fact(role: str, facts: dict[str, Any]) -> float:
    """Return the number that decides a colleague's question."""
    if role == EXPERT:
        told = facts["mean_probability"]
        error = (told * (1 - told) / facts["rows"]) ** 0.5
        return float((facts["left"] / facts["rows"] - told) / error)
    if role == SCIENTIST:
        pairs = zip(facts["written_on"], facts["predicted_on"], strict=True)
        late = [float(written > day) for written, day in pairs]
        return sum(late) / len(late)
    if role == ENGINEER:
        return float(sum(facts["reasons"].values()) / facts["rows"])
    if role == OPERATOR:
        return float(np.quantile(facts["times_ms"], SLOWEST))
    calls = sum(
        facts["old"][name] - facts["new"][name] for name in ("leavers_found", "false_alarms")
    )
    missed = facts["old"]["leavers_missed"] - facts["new"]["leavers_missed"]
    return float(calls * facts["cost_call"] + missed * facts["cost_missed"])


def judge(case: Case, answer: object) -> Failure | None:
    """Compare the number, then what follows from it, then who acts."""
    role, facts = case.arguments
    right = case.expected
    mistakes = list_mistakes(role, facts)
    answer = plain(answer)
    where = {"number": WHERE[role], "decision": DECIDES[role], "ask": explain_ask(role, right)}
    if isinstance(answer, dict) and agree(answer.get("number"), 0.0001):
        where["number"] = "0.0001, one customer in ten thousand, is nobody's answer. " + WHERE[role]
    return compare_fields(answer, right, where=where, of="answer", mistakes=mistakes)


def explain_ask(role: str, right: dict[str, Any]) -> str:
    """Say why it is this colleague's turn."""
    return f"Ask who of the five can act on that: {right['decision']!r}. {ACTS[role]}"


def list_mistakes(role: str, facts: dict[str, Any]) -> list[Mistake]:
    """Return the numbers that many take instead."""
    if role == EXPERT:
        gap = facts["left"] / facts["rows"] - facts["mean_probability"]
        words = "This is the gap itself. It says nothing about chance: of a dozen customers one "
        words += "more or less is eight percent. Divide it by its standard error."
        return [Mistake("number", gap, words)]
    if role == ENGINEER:
        words = "This is a count. Is it much? That depends on how many rows the file has."
        return [Mistake("number", sum(facts["reasons"].values()), words)]
    if role == OPERATOR:
        words = "A mean hides the slow ones behind the many that are quick. Somebody waits for "
        words += "each of them."
        return [Mistake("number", float(np.mean(facts["times_ms"])), words)]
    if role == MANAGER:
        words = "You have subtracted the other way round: what the new one saves is above zero."
        return [Mistake("number", -measure_fact(role, facts), words)]
    return []

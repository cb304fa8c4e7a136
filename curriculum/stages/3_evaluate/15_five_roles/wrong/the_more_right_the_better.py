"""Wrong: changes to whatever is right more often."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Answer = tuple[float, str, str]
Facts = Mapping[str, Any]


def answer(role: str, facts: Facts) -> dict[str, Any]:
    """Answer the question of one colleague; see the starter."""
    number, decision, ask = ANSWERS[role](facts)
    return {"number": number, "decision": decision, "ask": ask}


def answer_expert(facts: Facts) -> Answer:
    """Compare what the model told with what came, in units of chance."""
    told = facts["mean_probability"]
    error = (told * (1 - told) / facts["rows"]) ** 0.5
    gap = (facts["left"] / facts["rows"] - told) / error
    if abs(gap) >= 3:
        return gap, "mend", "data scientist"
    return gap, "keep", "subject expert"


def answer_scientist(facts: Facts) -> Answer:
    """Count the values that were not there yet."""
    late = np.mean(np.array(facts["written_on"]) > np.array(facts["predicted_on"]))
    if late > 0 or facts["brier_with"] >= facts["brier_without"]:
        return float(late), "drop", "data engineer"
    return float(late), "take", "ml engineer"


def answer_engineer(facts: Facts) -> Answer:
    """Compare with the limit, and look for who knows the reason."""
    reasons = facts["reasons"]
    share = sum(reasons.values()) / facts["rows"]
    commonest = max(reasons, key=reasons.get)
    ask = "subject expert" if commonest == "unknown category" else "data engineer"
    return share, "stop" if share > facts["limit"] else "train", ask


def answer_operator(facts: Facts) -> Answer:
    """Look at the slow ones."""
    slow = float(np.quantile(facts["times_ms"], 0.95))
    if slow > facts["limit_ms"]:
        return slow, "hold", "data scientist"
    return slow, "ship", "product manager"


def answer_manager(facts: Facts) -> Answer:
    """Count in euros."""
    saved = count_cost(facts["old"], facts) - count_cost(facts["new"], facts)
    if count_right(facts["new"]) > count_right(facts["old"]):
        return saved, "change", "ml engineer"
    return saved, "stay", "data scientist"


def count_right(told: Mapping[str, int]) -> int:
    """Count the right answers."""
    return told["leavers_found"] + told["left_in_peace"]


def count_cost(told: Mapping[str, int], facts: Facts) -> float:
    """Return what a model's answers cost, in euros."""
    calls = told["leavers_found"] + told["false_alarms"]
    return float(calls * facts["cost_call"] + told["leavers_missed"] * facts["cost_missed"])


ANSWERS: dict[str, Callable[[Facts], Answer]] = {
    "subject expert": answer_expert,
    "data scientist": answer_scientist,
    "data engineer": answer_engineer,
    "ml engineer": answer_operator,
    "product manager": answer_manager,
}

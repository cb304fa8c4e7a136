"""Wrong: takes the end of the interval that looks better."""

from typing import Any

LIMIT = 0.4


def judge(evaluation: dict[str, Any]) -> dict[str, Any]:
    """Hold a binary candidate to the lower end of its recall's interval."""
    rule = "finds 40% of those who leave, luck counted"
    if evaluation["task"] != "binary":
        return {"rule": f"{rule}: not asked", "value": 1.0, "limit": 0.0, "passed": True}
    _, low = evaluation.get("intervals", {}).get("recall", (0.0, 0.0))
    return {
        "rule": rule,
        "value": low,
        "limit": LIMIT,
        "passed": low >= LIMIT,
        "advice": "Make a miss more expensive (decision.false_negative_cost), or send more rows.",
    }

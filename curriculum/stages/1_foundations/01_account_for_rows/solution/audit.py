"""Account for every row of a delivery: what became of it, and why."""

from collections import Counter
from typing import Any


def account_for_rows(
    raw: list[dict[str, Any]], clean: list[dict[str, Any]], quarantine: list[dict[str, Any]]
) -> dict[str, Any]:
    """Say what became of the rows of one landed file; see the starter for the fields."""
    reasons = Counter(row["reason"] for row in quarantine)
    turned_away = {row["row_number"] for row in quarantine}
    # Each kept row explains one raw row of its customer, and only one.
    unexplained = Counter(row["customer_id"] for row in clean)
    lost = []
    for row in raw:
        if row["row_number"] in turned_away:
            continue
        if unexplained[row["customer_id"]]:
            unexplained[row["customer_id"]] -= 1
        else:
            lost.append(row["row_number"])
    return {
        "raw": len(raw),
        "clean": len(clean),
        "quarantined": len(quarantine),
        "reasons": dict(reasons),
        "top_reason": max(reasons, key=reasons.__getitem__, default=None),
        "lost": lost,
        "extra": unexplained.total(),
    }

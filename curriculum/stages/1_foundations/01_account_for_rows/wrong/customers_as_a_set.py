"""Wrong: a customer who is somewhere in the clean rows explains every raw row of theirs."""

from collections import Counter


def account_for_rows(raw, clean, quarantine):
    reasons = Counter(row["reason"] for row in quarantine)
    turned_away = {row["row_number"] for row in quarantine}
    kept = {row["customer_id"] for row in clean}
    lost = [
        row["row_number"]
        for row in raw
        if row["row_number"] not in turned_away and row["customer_id"] not in kept
    ]
    return {
        "raw": len(raw),
        "clean": len(clean),
        "quarantined": len(quarantine),
        "reasons": dict(reasons),
        "top_reason": max(reasons, key=reasons.get, default=None),
        "lost": lost,
        "extra": len(clean) - len(kept),
    }

"""Wrong: trusts the totals, and looks for rows only when they disagree."""

from collections import Counter


def account_for_rows(raw, clean, quarantine):
    reasons = Counter(row["reason"] for row in quarantine)
    lost, unexplained = [], Counter(row["customer_id"] for row in clean)
    if len(raw) != len(clean) + len(quarantine):
        turned_away = {row["row_number"] for row in quarantine}
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
        "top_reason": max(reasons, key=reasons.get, default=None),
        "lost": lost,
        "extra": max(0, len(clean) + len(quarantine) - len(raw)),
    }

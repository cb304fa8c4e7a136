"""Wrong: counts where rows broke the contract, not why."""

from collections import Counter


def account_for_rows(raw, clean, quarantine):
    reasons = Counter(row["column"] for row in quarantine)
    return {
        "raw": len(raw),
        "clean": len(clean),
        "quarantined": len(quarantine),
        "reasons": dict(reasons),
        "top_reason": max(reasons, key=reasons.get, default=None),
        "lost": [],
        "extra": 0,
    }

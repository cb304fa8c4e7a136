"""Account for every row of a delivery: what became of it, and why."""


def account_for_rows(raw, clean, quarantine):
    """Say what became of the rows of one landed file.

    raw         every row as it landed, in the file's order:
                [{"row_number": 2, "customer_id": "T0-000000"}, ...]
    clean       every row that became part of the dataset version; it has no row numbers:
                [{"customer_id": "T0-000000"}, ...]
    quarantine  every row that was turned away:
                [{"row_number": 17, "reason": "out of range", "column": "tenure_months"}, ...]

    Return a dict:
        raw          how many rows landed
        clean        how many were kept
        quarantined  how many were turned away
        reasons      {reason: how many rows}
        top_reason   the most frequent reason (any of them when several are; None without any)
        lost         row numbers that landed, but were neither kept nor turned away. When a
                     customer has several rows, the system keeps the first
        extra        how many clean rows no raw row explains
    """
    return {
        "raw": len(raw),
        "clean": len(clean),
        "quarantined": 0,
        "reasons": {},
        "top_reason": None,
        "lost": [],
        "extra": 0,
    }

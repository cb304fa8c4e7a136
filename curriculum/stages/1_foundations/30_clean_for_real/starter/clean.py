"""Mend how a value is written, and nothing else."""


def clean(row):
    """Return one row of a delivery as the data contract of `subscriptions` can read it.

    row     column -> text, as it is in the file; "" means missing:
            {"customer_id": "T0-000000", "plan": "Premium", "monthly_bill": "17,31 €", ...}

    Return a dict with the same columns; all values are texts, "" where the value is missing.

    The offices have told how they write. To be mended:
        numbers      a decimal comma, one or two digits after it: "17,31"
                     marks between thousands, when both marks are there, and the last one is the
                     decimal mark: "1.234,50" and "1,234.50"
        amounts      € or EUR, before or after: monthly_bill and overdue_balance are in euros
        categories   capitals; blanks or hyphens in place of underscores: "Direct Debit"
        switches     autopay and has_discount: ja and nein, on and off, in small letters or not
        not known    the words unknown and n.a. in a feature, in small letters or not: ""

    All else stays as it is. What then breaks the contract goes to quarantine, with a reason.
    customer_id, observed_on and churned are never touched.
    """
    return {name: text.strip() for name, text in row.items()}

"""Wrong: a number that is missing becomes zero."""

import re

AMOUNTS = {"monthly_bill", "overdue_balance"}
NUMBERS = AMOUNTS | {
    "tenure_months",
    "usage_hours",
    "usage_change",
    "late_payments",
    "support_contacts",
    "satisfaction",
}
SWITCHES = {"autopay", "has_discount"}
WORDS = {
    "region": ("north", "south", "east", "west"),
    "age_band": ("18-29", "30-44", "45-59", "60+"),
    "channel": ("web", "store", "partner"),
    "plan": ("basic", "standard", "premium"),
    "billing_period": ("monthly", "yearly"),
    "payment_method": ("card", "direct_debit", "invoice"),
}
TRUTHS = {"ja": "true", "on": "true", "nein": "false", "off": "false"}
NOT_KNOWN = {"unknown", "n.a."}


def clean(row: dict[str, str]) -> dict[str, str]:
    """Return one row as the data contract can read it; see the starter."""
    return {name: mend(name, text) for name, text in row.items()}


def mend(name: str, text: str) -> str:
    """Mend one cell; what is no known way of writing stays."""
    if name not in NUMBERS | SWITCHES | WORDS.keys():
        return text
    if text.strip().lower() in NOT_KNOWN:
        return ""
    if name in NUMBERS:
        return mend_number(text, is_amount=name in AMOUNTS)
    if name in SWITCHES:
        return TRUTHS.get(text.strip().lower(), text)
    known = {simplify(word): word for word in WORDS[name]}
    return known.get(simplify(text), text)


def mend_number(text: str, *, is_amount: bool) -> str:
    """Write a number as the contract reads it."""
    bare = text.strip() or "0"
    if is_amount:
        bare = re.sub(r"^(€|EUR)\s*|\s*(€|EUR)$", "", bare)
    if re.fullmatch(r"-?\d{1,3}(\.\d{3})+,\d{1,2}|-?\d+,\d{1,2}", bare):
        bare = bare.replace(".", "").replace(",", ".")
    elif re.fullmatch(r"-?\d{1,3}(,\d{3})+\.\d{1,2}", bare):
        bare = bare.replace(",", "")
    return bare if re.fullmatch(r"-?\d+(\.\d+)?", bare) else text


def simplify(text: str) -> str:
    """Make what people type alike."""
    return re.sub(r"[\s_-]+", "_", text.strip().lower())

"""Wrong: no ranges: whatever comes is data."""

from typing import Any

HOURS_IN_30_DAYS = 720
MONTHS_IN_20_YEARS = 240


def contract() -> dict[str, Any]:
    """Return the contract as a dict, with the fields of core/contract.py."""
    return {
        "dataset": "home-internet",
        "task": "binary",
        "target": "cancelled",
        "classes": ["no", "yes"],
        "identifier": "line_id",
        # Both are written, at least sometimes, when the line is closed.
        "ignored": ["technician_note", "closed_on"],
        "columns": [
            known("region", "categorical", categories=["north", "south", "east", "west"]),
            column(
                "age_group",
                "categorical",
                categories=["under 30", "30-59", "60+"],
                sensitive=True,
            ),
            known("technology", "categorical", categories=["dsl", "cable", "fibre"]),
            known("speed_mbit", "numeric"),
            known("outages", "numeric"),
            column("signal_db", "numeric"),
            column("modem_age_months", "numeric"),
            known("monthly_bill", "numeric"),
            known("autopay", "boolean"),
        ],
    }


def column(name: str, kind: str, **limits: object) -> dict[str, Any]:
    """Describe a column that may be missing."""
    return {"name": name, "kind": kind, **limits}


def known(name: str, kind: str, **limits: object) -> dict[str, Any]:
    """Describe a column that is always known."""
    return column(name, kind, nullable=False, **limits)

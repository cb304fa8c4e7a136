"""Wrong: takes every column that predicts well, also the one that knows the end."""

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
        "ignored": ["technician_note"],
        "columns": [
            known("region", "categorical", categories=["north", "south", "east", "west"]),
            column(
                "age_group",
                "categorical",
                categories=["under 30", "30-59", "60+"],
                sensitive=True,
            ),
            known("technology", "categorical", categories=["dsl", "cable", "fibre"]),
            known("speed_mbit", "numeric", minimum=1, maximum=1000),
            known("outages", "numeric", minimum=0, maximum=HOURS_IN_30_DAYS),
            column("signal_db", "numeric", minimum=-30, maximum=20),
            column("modem_age_months", "numeric", minimum=0, maximum=MONTHS_IN_20_YEARS),
            known("monthly_bill", "numeric", minimum=0, maximum=500),
            known("autopay", "boolean"),
            column("closed_on", "categorical"),
        ],
    }


def column(name: str, kind: str, **limits: object) -> dict[str, Any]:
    """Describe a column that may be missing."""
    return {"name": name, "kind": kind, **limits}


def known(name: str, kind: str, **limits: object) -> dict[str, Any]:
    """Describe a column that is always known."""
    return column(name, kind, nullable=False, **limits)

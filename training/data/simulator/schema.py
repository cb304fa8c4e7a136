"""The hand-written data contract of the dataset `subscriptions`."""

from __future__ import annotations

from typing import Final

from core.contract import Column, Contract
from training.data.simulator.population import (
    AGE_BANDS,
    BILLING_PERIODS,
    CHANNELS,
    PAYMENT_METHODS,
    PLANS,
    REGIONS,
)

DATASET: Final = "subscriptions"
IDENTIFIER: Final = "customer_id"
OBSERVED_ON: Final = "observed_on"
TARGET: Final = "churned"
CLASSES: Final = ("no", "yes")

# The ranges say what is impossible, not what is unusual: large accounts pay large bills. That
# is why a feed that slips from euros to cents gets through, and why a contract does not replace
# a monitor.
_COLUMNS = (
    Column(name="region", kind="categorical", nullable=False, categories=REGIONS, sensitive=True),
    Column(name="age_band", kind="categorical", categories=AGE_BANDS, sensitive=True),
    Column(name="channel", kind="categorical", nullable=False, categories=CHANNELS),
    Column(name="plan", kind="categorical", nullable=False, categories=PLANS),
    Column(name="billing_period", kind="categorical", nullable=False, categories=BILLING_PERIODS),
    Column(name="payment_method", kind="categorical", nullable=False, categories=PAYMENT_METHODS),
    Column(name="autopay", kind="boolean", nullable=False),
    Column(name="has_discount", kind="boolean", nullable=False),
    Column(name="tenure_months", kind="numeric", nullable=False, minimum=0, maximum=600),
    Column(name="usage_hours", kind="numeric", minimum=0, maximum=744),
    Column(name="usage_change", kind="numeric", minimum=-1, maximum=10),
    Column(name="monthly_bill", kind="numeric", nullable=False, minimum=0, maximum=20_000),
    Column(name="overdue_balance", kind="numeric", nullable=False, minimum=0, maximum=50_000),
    Column(name="late_payments", kind="numeric", nullable=False, minimum=0, maximum=100),
    Column(name="support_contacts", kind="numeric", minimum=0, maximum=500),
    Column(name="satisfaction", kind="numeric", minimum=1, maximum=5),
)


def contract() -> Contract:
    """Return the data contract of the simulated business."""
    return Contract(
        dataset=DATASET,
        task="binary",
        target=TARGET,
        classes=CLASSES,
        columns=_COLUMNS,
        identifier=IDENTIFIER,
        ignored=(OBSERVED_ON,),
    )

"""Wrong: the plans of the rows at hand."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

PLANS = ("basic", "standard", "premium")


def make_bill_features(table: pd.DataFrame) -> NDArray[np.float64]:
    """Make a fee and hours for each plan, both less the discount."""
    part = np.where(table["has_discount"] == 1, 0.8, 1.0)
    fees = np.column_stack([(table["plan"] == plan) * part for plan in sorted(set(table["plan"]))])
    return np.hstack([fees, fees * table["usage_hours"].to_numpy(float)[:, None]])


def make_churn_features(table: pd.DataFrame) -> NDArray[np.float64]:
    """Make logarithms of what counts by doublings, and a flag for each 'only if'."""
    bill, tenure = table["monthly_bill"], table["tenure_months"]
    return np.column_stack(
        [
            np.log(bill),
            np.log1p(tenure),
            np.log1p(table["overdue_balance"] / 5.0),
            table["support_contacts"] >= 3,
            (table["usage_hours"] < 8) & (bill > 30),
            (table["has_discount"] == 1) & tenure.between(10, 12),
            table["yearly"],
        ]
    ).astype(float)

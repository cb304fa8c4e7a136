"""Wrong: all products of two columns, in case one of them helps."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

PLANS = ("basic", "standard", "premium")


def make_bill_features(table: pd.DataFrame) -> NDArray[np.float64]:
    """Make a fee and hours for each plan, both less the discount."""
    raw = [table["plan"] == plan for plan in PLANS]
    raw += [table[name] for name in ("usage_hours", "tenure_months", "has_discount", "autopay")]
    columns = [np.asarray(each, float) for each in raw]
    pairs = [(i, j) for i in range(len(columns)) for j in range(i, len(columns))]
    return np.column_stack(columns + [columns[i] * columns[j] for i, j in pairs])


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

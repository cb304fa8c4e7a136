"""Make columns that let a weighted sum say what the expert knows."""

import numpy as np


def make_bill_features(table):
    """Make columns for the next bill.

    table   DataFrame: plan ("basic", "standard", "premium"), usage_hours, tenure_months, has_discount
            (0 or 1), autopay (0 or 1); nothing is missing. Perhaps only one row

    The expert, from billing: "Every plan has its monthly fee, and its own price for an hour. Who has a
    discount pays a fifth less, of everything. Autopay only says how they pay."

    Return a float array of shape (rows, k), k at most 12. A linear regression will be fitted on it.
    """
    return np.column_stack(
        [
            table["plan"] == "standard",
            table["plan"] == "premium",
            table["usage_hours"],
            table["has_discount"],
        ]
    ).astype(float)


def make_churn_features(table):
    """Make columns for who leaves.

    table   DataFrame: usage_hours (NaN where it is not measured), monthly_bill, tenure_months,
            has_discount (0 or 1), support_contacts, overdue_balance, yearly (0 or 1). Perhaps only one row

    The expert, from retention: "From 20 to 40 euros, or from 40 to 80: that hurts alike. Loyalty is the
    same, the first months count most. Debts too. Two calls to the support desk are normal, the third is
    the last straw. The introductory discount runs for a year; look at them in months 10 to 12! And then
    those with less than 8 hours who pay more than 30 euros: they see the bill, and go. Who pays yearly
    stays for a while."

    Return a float array of shape (rows, k), k at most 12. A logistic regression will be fitted on it.
    """
    return table.fillna(0.0).to_numpy(float)

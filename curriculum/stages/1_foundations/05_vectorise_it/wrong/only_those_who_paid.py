"""Wrong: groups only know the customers that they have seen."""

import numpy as np
import pandas as pd


def summarise(customer, amount, customers):
    groups = pd.Series(amount).groupby(customer)
    table = groups.agg(["count", "sum", "mean", "max"]).to_numpy(float)
    return table

"""Wrong: asks each table anew which levels there are."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

OTHER = "*"
Learned = dict[str, list[str]]


def fit(table: pd.DataFrame, rare_rows: int) -> Learned:
    """Learn which levels have rows enough for a column of their own; see the starter."""
    learned = {}
    for column in table.columns:
        counts = table[column].fillna("").value_counts()
        learned[column] = sorted(counts.index[counts >= rare_rows])
    return learned


def names(learned: Learned) -> list[list[str]]:
    """Say what the columns of the matrix mean."""
    return [[column, level] for column, levels in learned.items() for level in [*levels, OTHER]]


def transform(learned: Learned, table: pd.DataFrame) -> NDArray[np.float64]:
    """Encode other rows; a level without a column of its own shares the last one."""
    known = {}
    learned = fit(table, 1)
    for column, levels in learned.items():
        texts = table[column].fillna("")
        known[column] = texts.where(texts.isin(levels), OTHER)
    found = [(known[column] == level).to_numpy(float) for column, level in names(learned)]
    return np.column_stack(found)

"""Wrong: rows without a value are in no part, as with groupby."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

STANDARD_ERRORS = 4.0
Mask = NDArray[np.bool_]


def find_slices(X: pd.DataFrame, losses: NDArray[np.float64], min_rows: int) -> list[dict[str, Any]]:
    """Find parts of a holdout in which a model is worse than elsewhere; see the starter."""
    found = []
    for name in X.columns:
        for part in cut(X[name]):
            inside, outside = losses[part], losses[~part]
            if len(inside) < max(min_rows, 2) or len(outside) < 2:
                continue
            excess = inside.mean() - outside.mean()
            error = (inside.var(ddof=1) / len(inside) + outside.var(ddof=1) / len(outside)) ** 0.5
            if excess >= STANDARD_ERRORS * error:
                found.append(
                    {"column": name, "rows": np.flatnonzero(part).tolist(), "excess": float(excess)}
                )
    return sorted(found, key=lambda each: -each["excess"])


def cut(column: pd.Series) -> Iterator[Mask]:
    """Give the parts of a column, one of them the rows without a value."""
    missing = column.isna().to_numpy()
    if pd.api.types.is_numeric_dtype(column) and column.nunique() > 4:
        values = column.to_numpy(float)
        places = np.searchsorted(np.nanquantile(values, [0.25, 0.5, 0.75]), values)
        for place in range(4):
            yield (places == place) & ~missing
    else:
        for value in column[~missing].unique():
            yield (column == value).to_numpy()

"""Wrong: centres as the algorithm sees them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score
from sklearn.preprocessing import StandardScaler


@dataclass
class Model:
    """A scale, and centres on it."""

    scaler: StandardScaler
    means: KMeans


def fit(X: pd.DataFrame, seed: int) -> Model:
    """Return the scale of these customers, and as many centres as suit them."""
    scaler = StandardScaler().fit(X.to_numpy())
    Z = scaler.transform(X.to_numpy())
    tried = [KMeans(k, n_init=3, random_state=seed).fit(Z) for k in range(2, 7)]
    best = max(tried, key=lambda each: silhouette_score(Z, each.labels_))
    return Model(scaler, best)


def assign(model: Model, X: pd.DataFrame) -> NDArray[np.int64]:
    """Return each customer's segment."""
    found: NDArray[np.int64] = model.means.predict(model.scaler.transform(X.to_numpy()))
    return found


def describe(model: Model) -> NDArray[np.float64]:
    """Return the mean customer of each segment, in the table's own units."""
    found: NDArray[np.float64] = model.means.cluster_centers_
    return found

"""Find segments of customers: groups that no column names."""

from sklearn.cluster import KMeans


def fit(X, seed):
    """Return a model of the segments, anything that `assign` and `describe` understand.

    X   DataFrame: one row for each customer, numbers only, each column in units of its own.
        There are 2 to 6 segments. How many, nobody knows.
    """
    return KMeans(3, n_init=3, random_state=seed).fit(X.to_numpy())


def assign(model, X):
    """Return each customer's segment, 0, 1, 2, …: int array of shape (n,). X may be new customers."""
    return model.predict(X.to_numpy())


def describe(model):
    """Return the mean customer of each segment: float array of shape (segments, columns).

    Row s belongs to segment s; the columns are those of the table, in the table's own units.
    """
    return model.cluster_centers_

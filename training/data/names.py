"""The names of the candidates, apart from the code that fits them, which needs scikit-learn."""

CANDIDATES = ("baseline", "linear", "boosting")
"""Every run tries these, side by side."""

BASELINE = "baseline"
"""The one that every other must beat."""

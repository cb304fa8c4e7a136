"""Wrong: trees of rows that are drawn anew every time."""

from sklearn.ensemble import GradientBoostingClassifier, GradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline


def build(facts):
    kind = (
        GradientBoostingRegressor
        if facts["task"] == "regression"
        else GradientBoostingClassifier
    )
    trees = kind(n_estimators=80, max_depth=2, learning_rate=0.08, subsample=0.5)
    return make_pipeline(SimpleImputer(strategy="median"), trees)

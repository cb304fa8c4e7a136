"""Wrong: a step that is a class of one's own, which no other runtime knows."""

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


class Squash(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return np.tanh(X)


def build(facts):
    model = Ridge() if facts["task"] == "regression" else LogisticRegression(max_iter=1000)
    return make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), Squash(), model)

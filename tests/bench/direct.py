"""The same candidates by scikit-learn alone, as a person would write it in a notebook.

Same parameters, same number of folds and of fits, the file read by pandas, one thread as in the
product. It makes no contract, quarantine, calibration, graph, parity proof, intervals, slices or
report: what those cost is the overhead.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.metrics import brier_score_loss, roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from core.contract import Contract
from training.data.names import CANDIDATES_OF
from training.model.recipes import Recipe, choose_defaults, find_recipe
from training.model.search import EFFORTS

SEED = 0


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds of all processors: of the fits alone, and of the whole way from the file on."""

    fits_s: float
    whole_s: float
    roc_auc: float


def train_directly(path: Path, contract: Contract) -> Took:
    """Read the file, cross-validate and fit the candidates of ``tiny``, score the best."""
    began = time.process_time()
    with threadpool_limits(limits=1):
        frame = pd.read_csv(path)
        features = [column.name for column in contract.columns]
        numbers = [column.name for column in contract.numeric_columns]
        frame[numbers] = frame[numbers].astype(np.float32)
        target = (frame[contract.target] == contract.classes[1]).to_numpy(dtype=np.int64)
        train, test, y, truth = train_test_split(
            frame[features], target, test_size=0.2, stratify=target, random_state=SEED
        )
        fitted_at = time.process_time()
        answers = {
            name: _fit(find_recipe(name), contract, train, y, test)
            for name in CANDIDATES_OF["tiny"]
        }
        fits_s = time.process_time() - fitted_at
        best = min(answers, key=lambda name: answers[name][0])
        roc_auc = float(roc_auc_score(truth, answers[best][1]))
    return Took(fits_s, time.process_time() - began, roc_auc)


def _fit(
    recipe: Recipe, contract: Contract, train: pd.DataFrame, y: np.ndarray, test: pd.DataFrame
) -> tuple[float, np.ndarray]:
    """Return the cross-validated Brier score and the answers for the rows that are held out."""
    model = _assemble(recipe, contract, rows=len(train))
    folds = StratifiedKFold(EFFORTS["tiny"].folds, shuffle=True, random_state=SEED)
    crossed = cross_val_predict(model, train, y, cv=folds, method="predict_proba")[:, 1]
    model.fit(train, y)
    return float(brier_score_loss(y, crossed)), model.predict_proba(test)[:, 1]


def _assemble(recipe: Recipe, contract: Contract, *, rows: int) -> Any:  # noqa: ANN401 (scikit-learn has no types)
    chosen = choose_defaults(recipe, contract.task, rows=rows)
    settings = {name.removeprefix("model__"): value for name, value in chosen.items()}
    estimator = recipe.make_estimator(contract.task, SEED).set_params(**settings)
    if recipe.numbers is None:
        return estimator
    numbers = [column.name for column in contract.numeric_columns]
    texts = [column.name for column in contract.string_columns]
    scaled = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    categories = OneHotEncoder(
        handle_unknown="infrequent_if_exist",
        min_frequency=10,
        max_categories=50,
        sparse_output=False,
        dtype=np.float32,
    )
    reads = "passthrough" if recipe.numbers == "raw" else scaled
    features = ColumnTransformer([("numbers", reads, numbers), ("texts", categories, texts)])
    return make_pipeline(features, estimator)

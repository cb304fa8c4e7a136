"""What the world's breaks do to a model: the story that alarms and rollback are built on."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from core.drift import measure_drift
from core.inputs import ModelInputs, encode_records
from core.metrics import brier_score
from core.profile import ReferenceProfile, build_profile
from training.data.simulator import (
    BREAKS,
    NORMAL,
    Simulation,
    World,
    contract,
    simulate,
    to_records,
)

TRAINED_ROWS = 4800
KINDS = ("linear", "boosting")


@dataclass(frozen=True)
class Trained:
    model: Any
    holdout_loss: float
    holdout_auc: float
    profile: ReferenceProfile

    def score(self, inputs: ModelInputs) -> NDArray[np.float64]:
        probability: NDArray[np.float64] = self.model.predict_proba(_table(inputs))[:, 1]
        return probability

    def live(self, world: World, *, seed: int, rows: int) -> tuple[float, float]:
        """Live loss over holdout loss, and the largest drift."""
        people = simulate(rows, seed=seed, world=world, stream="live")
        inputs = _inputs(people)
        scores = self.score(inputs)
        ratio = brier_score(scores, people.churned) / self.holdout_loss
        return ratio, measure_drift(self.profile, inputs, scores).largest


def _inputs(people: Simulation) -> ModelInputs:
    return encode_records(contract(), to_records(people))[0]


def _table(inputs: ModelInputs) -> NDArray[np.object_]:
    return np.column_stack([inputs.numeric.astype(object), inputs.strings])


def _pipeline(kind: str) -> Pipeline:
    count = len(contract().numeric_columns)
    numbers, texts = slice(0, count), slice(count, None)
    if kind == "linear":
        scaled = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
        one_hot = OneHotEncoder(handle_unknown="ignore")
        columns = make_column_transformer((scaled, numbers), (one_hot, texts))
        return make_pipeline(columns, LogisticRegression(max_iter=1000))
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
    columns = make_column_transformer(("passthrough", numbers), (codes, texts))
    trees = HistGradientBoostingClassifier(
        learning_rate=0.08, max_iter=80, max_leaf_nodes=15, random_state=0
    )
    return make_pipeline(columns, trees)


@cache
def _train(kind: str, world_name: str) -> Trained:
    world = NORMAL if world_name == "normal" else BREAKS[world_name].world
    people = simulate(6000, seed=0, world=world)
    inputs = _inputs(people)
    X, y = _table(inputs), people.churned
    # One thread: OpenMP's threads wait for each other busily where others want the cores too.
    with threadpool_limits(1):
        model = _pipeline(kind).fit(X[:TRAINED_ROWS], y[:TRAINED_ROWS])
    held = model.predict_proba(X[TRAINED_ROWS:])[:, 1]
    seen = ModelInputs(inputs.numeric[:TRAINED_ROWS], inputs.strings[:TRAINED_ROWS])
    profile = build_profile(contract(), seen, model.predict_proba(X[:TRAINED_ROWS])[:, 1])
    truth = y[TRAINED_ROWS:]
    return Trained(model, brier_score(held, truth), float(roc_auc_score(truth, held)), profile)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rows", [200, 500])
def test_a_model_is_at_home_in_the_world_it_was_trained_in(kind: str, rows: int) -> None:
    for seed in range(1, 5):
        ratio, drift = _train(kind, "normal").live(NORMAL, seed=seed, rows=rows)
        assert ratio < 1.2
        assert drift < 0.1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rows", [200, 500])
def test_a_model_of_the_wrong_units_is_good_by_itself_and_bad_live(kind: str, rows: int) -> None:
    broken = _train(kind, "units")
    assert broken.holdout_loss == pytest.approx(_train(kind, "normal").holdout_loss, rel=0.05)
    for seed in range(1, 5):
        ratio, drift = broken.live(NORMAL, seed=seed, rows=rows)
        assert ratio >= 1.5
        assert drift >= 0.25


@pytest.mark.parametrize("kind", KINDS)
def test_wrong_units_in_live_traffic_spoil_a_good_model(kind: str) -> None:
    ratio, drift = _train(kind, "normal").live(BREAKS["units"].world, seed=1, rows=300)
    assert ratio >= 1.5
    assert drift >= 0.25


@pytest.mark.parametrize(
    ("name", "drifts", "spoils"),
    [
        ("missing_feed", True, False),
        ("new_plan", True, False),
        ("new_market", True, False),
        ("price_shock", False, True),
    ],
)
def test_each_break_shows_as_it_is_documented(name: str, *, drifts: bool, spoils: bool) -> None:
    for seed in range(1, 4):
        ratio, drift = _train("boosting", "normal").live(BREAKS[name].world, seed=seed, rows=500)
        assert (drift >= 0.25) is drifts
        assert (ratio >= 1.5) is spoils


def test_there_is_something_for_trees_to_find_and_a_ceiling_above_them() -> None:
    linear, boosting = (_train(kind, "normal").holdout_auc for kind in KINDS)
    people = simulate(6000, seed=0)
    truth = slice(TRAINED_ROWS, None)
    best = roc_auc_score(people.churned[truth], people.true_probability[truth])
    assert 0.78 < linear < boosting < best

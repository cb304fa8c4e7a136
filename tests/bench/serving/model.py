"""The model that is served in the benchmark, and the rows it is asked: made once, kept in a folder.

12 numbers and 6 categories, one cell in 20 missing; histogram gradient boosting of 300 trees. The
peers get the same algorithm with the same settings on the same rows as a scikit-learn pipeline on
a pandas frame, which is what their documentation serves.
"""

import json
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.bundle import Manifest, publish_bundle
from core.contract import Column, Contract
from core.inputs import encode_records
from core.registry import Registry
from core.store import ObjectStore
from tests.fixtures.bundles import make_manifest

_SETTINGS: dict[str, Any] = {
    "max_iter": 300,
    "max_leaf_nodes": 31,
    "learning_rate": 0.05,
    "l2_regularization": 1.0,
    "early_stopping": False,
}
_TRAINING_ROWS = 6000
_ASKED_ROWS = 1000
_LEVELS = ("north", "south", "east", "west", "centre", "abroad")
NUMBERS = tuple(f"number_{place:02d}" for place in range(12))
CATEGORIES = tuple(f"category_{place}" for place in range(6))
CONTRACT = Contract(
    dataset="bench",
    task="binary",
    target="churned",
    classes=("no", "yes"),
    columns=(
        *(Column(name=name, kind="numeric") for name in NUMBERS),
        *(Column(name=name, kind="categorical", categories=_LEVELS) for name in CATEGORIES),
    ),
)


@dataclass(frozen=True, slots=True)
class BenchModel:
    """The files of the benchmark's model.

    Attributes
    ----------
    folder : pathlib.Path
        Holds ``model.onnx``, ``batch.onnx``, ``rows.json`` and, for the peers, ``pipeline.pkl``.
    """

    folder: Path

    @property
    def graph(self) -> bytes:
        return (self.folder / "model.onnx").read_bytes()

    @property
    def batch_graph(self) -> bytes:
        return (self.folder / "batch.onnx").read_bytes()

    @property
    def manifest(self) -> Manifest:
        return make_manifest(CONTRACT, self.graph, run_id="bench")

    @property
    def records(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = json.loads((self.folder / "rows.json").read_bytes())
        return rows

    def publish(self, store: ObjectStore) -> None:
        """Make it the champion and the default model of a bucket."""
        manifest = self.manifest
        bundle_id = publish_bundle(store, graph=self.graph, manifest=manifest)
        registry = Registry(store)
        version = registry.register(
            model=manifest.model,
            bundle_id=bundle_id,
            run_id="bench",
            dataset_version="d" * 64,
            candidate=manifest.candidate,
            metrics={},
        )
        registry.move_alias(
            manifest.model,
            "champion",
            to=version.version,
            expected_revision=0,
            reason="benchmark",
            changed_by="benchmark",
        )
        registry.set_default_model(manifest.model)


def prepare_model(folder: Path) -> BenchModel:
    """Fit, export and write the model, unless it is there."""
    made = BenchModel(folder)
    if not all((folder / name).exists() for name in ("batch.onnx", "pipeline.pkl")):
        folder.mkdir(parents=True, exist_ok=True)
        _make(folder)
    return made


def _make(folder: Path) -> None:
    from training.data.arrays import Rows  # noqa: PLC0415 - dear, and needed once
    from training.model.candidates import fit_candidate  # noqa: PLC0415
    from training.model.export import export_graph  # noqa: PLC0415
    from training.model.export_masks import export_masks  # noqa: PLC0415
    from training.model.recipes import find_recipe  # noqa: PLC0415

    records = _draw_records(_TRAINING_ROWS + _ASKED_ROWS)
    training, asked = records[:_TRAINING_ROWS], records[_TRAINING_ROWS:]
    target = _draw_target(training)
    inputs, _ = encode_records(CONTRACT, training)
    parameters = {f"model__{name}": value for name, value in _SETTINGS.items()}
    model = fit_candidate(
        find_recipe("boosting"), Rows(inputs, target), CONTRACT, seed=0, parameters=parameters
    )
    graph = export_graph(model)
    (folder / "model.onnx").write_bytes(graph)
    batch_graph = export_masks(graph, CONTRACT)
    assert batch_graph is not None, "this model is one that gains by masks"
    (folder / "batch.onnx").write_bytes(batch_graph)
    (folder / "rows.json").write_text(json.dumps(asked))
    (folder / "pipeline.pkl").write_bytes(pickle.dumps(_fit_pipeline(training, target)))


def _fit_pipeline(records: list[dict[str, Any]], target: Any) -> Any:  # noqa: ANN401 - no types
    import pandas as pd  # noqa: PLC0415 - the peers' way, not ours
    from sklearn.compose import ColumnTransformer  # noqa: PLC0415
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415
    from sklearn.preprocessing import OneHotEncoder  # noqa: PLC0415

    columns = ColumnTransformer(
        [
            ("numbers", "passthrough", list(NUMBERS)),
            ("categories", OneHotEncoder(handle_unknown="ignore", sparse_output=False),
             list(CATEGORIES)),
        ]
    )  # fmt: skip
    boosting = HistGradientBoostingClassifier(**_SETTINGS, random_state=0)
    frame = pd.DataFrame.from_records(records)
    labels = np.where(target == 1, "yes", "no")
    return make_pipeline(columns, boosting).fit(frame, labels)


def _draw_records(rows: int) -> list[dict[str, Any]]:
    rng = np.random.default_rng(7)
    numbers = rng.normal(50, 20, (rows, len(NUMBERS))).round(3).tolist()
    texts = rng.choice(np.array(_LEVELS), (rows, len(CATEGORIES))).tolist()
    lost = (rng.random((rows, len(NUMBERS) + len(CATEGORIES))) < 0.05).tolist()
    names = (*NUMBERS, *CATEGORIES)
    return [
        {
            name: None if gone else value
            for name, value, gone in zip(names, number + text, row_lost, strict=True)
        }
        for number, text, row_lost in zip(numbers, texts, lost, strict=True)
    ]


def _draw_target(records: list[dict[str, Any]]) -> Any:  # noqa: ANN401 - an array
    rng = np.random.default_rng(8)
    scores = [
        sum((record[name] or 50) - 50 for name in NUMBERS[:5]) / 40
        + sum(record[name] in ("north", "abroad") for name in CATEGORIES)
        for record in records
    ]
    noise = rng.normal(0, 1, len(records))
    return (np.array(scores) + noise > 2).astype(np.float64)

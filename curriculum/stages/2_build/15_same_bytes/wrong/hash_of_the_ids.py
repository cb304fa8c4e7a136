"""Wrong: a hash of which rows there are, not of what they say."""

import hashlib
import json
import math
import random
from pathlib import Path
from typing import Any

EPOCHS = 8


def run(rows: list[dict[str, Any]], settings: dict[str, Any], folder: Path) -> None:
    """Train on these rows; write model.json and manifest.json."""
    ordered = sorted(rows, key=lambda row: row["id"])
    features = sorted({name for row in rows for name in row} - {"id", "label"})
    model = dump(train(ordered, features, settings))
    manifest = dump(
        {
            "data_sha256": hash_of(dump([row["id"] for row in ordered])),
            "settings": settings,
            "model_sha256": hash_of(model),
        }
    )
    (folder / "model.json").write_bytes(model)
    (folder / "manifest.json").write_bytes(manifest)


def train(
    rows: list[dict[str, Any]], features: list[str], settings: dict[str, Any]
) -> dict[str, Any]:
    """Go through the rows several times, each time in an order that the seed decides."""
    chance = random.Random(settings["seed"])  # noqa: S311 - to repeat it, not to hide it
    weights, bias = dict.fromkeys(features, 0.0), 0.0
    for _ in range(EPOCHS):
        for row in chance.sample(rows, len(rows)):
            score = bias + sum(weights[name] * row[name] for name in features)
            error = 1 / (1 + math.exp(-score)) - row["label"]
            bias -= settings["rate"] * error
            for name in features:
                weights[name] -= settings["rate"] * error * row[name]
    return {"bias": bias, "weights": weights}


def dump(value: object) -> bytes:
    """Write a value down in the one way that there is."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def hash_of(body: bytes) -> str:
    """Return the SHA-256 of bytes."""
    return hashlib.sha256(body).hexdigest()

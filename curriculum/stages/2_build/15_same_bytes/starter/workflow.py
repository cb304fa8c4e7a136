"""Train a model, and write down how it was made."""

import hashlib
import json
import math
import random
from datetime import datetime

EPOCHS = 8


def run(rows, settings, folder):
    """Train on these rows; write model.json and manifest.json into `folder` (a pathlib.Path).

    rows      list of dicts: "id" (text, unique), "label" (0 or 1), and features (numbers)
    settings  dict: "seed", and "rate", how far each step goes

    model.json     {"bias": number, "weights": {feature: number}}
                   a row's score is bias + the sum of weight x value; above 0 it says 1
    manifest.json  "data_sha256"   of the rows, however they are listed
                   "settings"      as they came
                   "model_sha256"  of model.json's bytes
                   and whatever else you want to keep

    The same rows, settings and code give the same bytes: tomorrow, elsewhere, in any order of rows.
    Another seed is another order of steps, and so another model.
    """
    features = {name for row in rows for name in row} - {"id", "label"}
    rows = list(rows)
    weights, bias = {name: 0.0 for name in features}, 0.0
    for _ in range(EPOCHS):
        random.shuffle(rows)
        for row in rows:
            score = bias + sum(weights[name] * row[name] for name in features)
            error = 1 / (1 + math.exp(-score)) - row["label"]
            bias -= settings["rate"] * error
            for name in features:
                weights[name] -= settings["rate"] * error * row[name]
    model = json.dumps({"bias": bias, "weights": weights})
    (folder / "model.json").write_text(model)
    manifest = {
        "made_at": datetime.now().isoformat(),
        "data_sha256": hashlib.sha256(str(rows).encode()).hexdigest(),
        "settings": settings,
        "model_sha256": hashlib.sha256(model.encode()).hexdigest(),
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1))

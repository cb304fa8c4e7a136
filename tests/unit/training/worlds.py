"""Small data sets with a known shape, landed in a store, for the tests of training."""

import csv
import hashlib
import io
from collections.abc import Sequence

import numpy as np

from core import keys
from core.contract import Column, Contract, Task
from core.store import Bucket, open_memory
from core.strict_json import canonical_json, parse_json

FEATURES = (
    Column(name="tenure", kind="numeric", minimum=0, maximum=1000),
    Column(name="plan", kind="categorical", categories=("basic", "plus", "pro")),
    Column(name="autopay", kind="boolean"),
    Column(name="charge", kind="numeric", nullable=False),
)
HEADER = ("id", "tenure", "plan", "autopay", "charge", "churn")
CLASSES: dict[Task, tuple[str, ...]] = {
    "binary": ("No", "Yes"),
    "multiclass": ("low", "middle", "high"),
    "regression": (),
}


def make_contract(task: Task = "binary", *, dataset: str = "small") -> Contract:
    return Contract(
        dataset=dataset,
        task=task,
        target="churn",
        classes=CLASSES[task],
        identifier="id",
        columns=FEATURES,
    )


def make_rows(task: Task = "binary", *, rows: int = 300, seed: int = 0) -> list[list[str]]:
    """Rows of `HEADER` whose target can be learned, with missing values in three columns."""
    random = np.random.default_rng(seed)
    found = []
    for place in range(rows):
        tenure, charge = random.integers(0, 70), random.gamma(2.0, 30.0)
        plan = ("basic", "plus", "pro", "")[random.integers(0, 4)]
        signal = charge / 30 - tenure / 20 + (plan == "basic") + random.normal(0, 0.5)
        cells = [
            f"row-{place}",
            "" if random.random() < 0.2 else str(tenure),
            plan,
            ("yes", "no", "NA")[random.integers(0, 3)],
            f"{charge:.4f}",
            _describe_target(task, signal),
        ]
        found.append(cells)
    return found


def make_crossed_rows(*, rows: int = 600) -> list[list[str]]:
    """Rows whose target no linear model can tell, and boosting can."""
    found = make_rows(rows=rows)
    for row in found:
        row[-1] = "Yes" if (float(row[4]) > 50) != (row[2] in {"plus", "pro"}) else "No"
    return found


def to_csv(rows: Sequence[Sequence[str]], *, header: Sequence[str] = HEADER) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return text.getvalue().encode()


def land(store: Bucket, body: bytes, contract: Contract) -> str:
    """Put a contract and a raw file into the store; return the file's key."""
    key = keys.raw(contract.dataset, hashlib.sha256(body).hexdigest(), "file.csv")
    store.put(keys.contract(contract.dataset), contract.to_json())
    store.put(key, body)
    return key


def make_landed(task: Task = "binary", *, rows: int = 300) -> tuple[Bucket, str, Contract]:
    store, contract = open_memory(), make_contract(task)
    return store, land(store, to_csv(make_rows(task, rows=rows)), contract), contract


def read_json(store: Bucket, key: str) -> dict[str, object]:
    content = parse_json(store.get(key).body, max_bytes=1_000_000)
    assert isinstance(content, dict)
    assert canonical_json(content) == store.get(key).body
    return content


def _describe_target(task: Task, signal: float) -> str:
    if task == "regression":
        return f"{100 * signal:.3f}"
    if task == "binary":
        return "Yes" if signal > 1 else "No"
    return CLASSES[task][int(np.digitize(signal, [0.0, 2.0]))]

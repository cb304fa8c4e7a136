"""Tables with one fault planted in each, and the whole way that a person's file takes."""

import csv
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core import keys
from core.store import Bucket, open_memory
from training.data import runs
from training.data.infer import Inferred, infer_contract
from training.data.stated import Stated
from training.run import RunResult, run_training

Texts = Sequence[object] | NDArray[np.generic]
NOTHING_STATED = Stated()


@dataclass(frozen=True, slots=True)
class Trained:
    """What became of a file: the guessed contract, the end of the run and what it left behind."""

    inferred: Inferred
    result: RunResult
    store: Bucket

    @property
    def evidence(self) -> dict[str, str]:
        """What a person is told of each column before anything is trained."""
        return {each.column: each.reason for each in self.inferred.evidence}

    @property
    def features(self) -> set[str]:
        """The columns that the model may see."""
        return {column.name for column in self.inferred.contract.columns}

    @property
    def data(self) -> runs.RunData:
        """What is known of the rows."""
        return runs.load_data(self.store, "r")

    @property
    def evaluation(self) -> runs.Evaluation:
        """What the model is worth."""
        return runs.load_evaluation(self.store, "r")


class Table:
    """Columns of a file in the making: two honest numbers, a category and what they tell.

    Attributes
    ----------
    signal : float array of shape (rows,)
        The log-odds of the truth.
    probability : float array of shape (rows,)
        The true probability of "yes".
    columns : dict of str to column
        In the order of the file; the target ``bought`` is to be added last by `to_csv`.
    bought : bool array of shape (rows,)
        What came true.
    """

    def __init__(self, rows: int = 600, *, seed: int = 0, strength: float = 2.0) -> None:
        self.rows = rows
        self.random = np.random.default_rng(seed)
        visits, age = self.random.normal(size=rows), self.random.normal(size=rows)
        city = self.random.choice(["Bern", "Genf", "Zug"], rows)
        self.signal = strength * (visits - 0.7 * age + 0.8 * (city == "Zug") - 0.3)
        self.probability = 1 / (1 + np.exp(-self.signal))
        self.bought = self.random.random(rows) < self.probability
        self.columns: dict[str, Texts] = {
            "visits": visits.round(4),
            "spread": age.round(4),
            "city": city,
        }

    def to_csv(self, target: Texts | None = None) -> bytes:
        """Return the file; the target is ``bought`` unless another is given."""
        last = np.where(self.bought, "yes", "no") if target is None else target
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([*self.columns, "bought"])
        writer.writerows(zip(*self.columns.values(), last, strict=True))
        return text.getvalue().encode()


def train(body: bytes, *, stated: Stated = NOTHING_STATED, seed: int = 0) -> Trained:
    """Infer the contract, land the file and train, as ``loop data add`` does."""
    inferred = infer_contract(body, filename="planted.csv", target="bought", stated=stated)
    store, contract = open_memory(), inferred.contract
    raw_key = keys.raw(contract.dataset, hashlib.sha256(body).hexdigest(), "planted.csv")
    store.put(keys.contract(contract.dataset), contract.to_json())
    store.put(raw_key, body)
    result = run_training(store, raw_key=raw_key, run_id="r", seed=seed, budget="tiny")
    return Trained(inferred, result, store)

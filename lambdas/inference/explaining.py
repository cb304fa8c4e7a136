"""Why an answer is what it is: how much each field moves the score away from a reference record.

Shapley values of the game whose players are the fields and whose worth is the model's score with
the fields of the record in place of the reference's, averaged over orders of the fields [1]_. Each
order's contributions add up to the score less the reference's score, so their mean does too.

References
----------
.. [1] E. Štrumbelj and I. Kononenko, "Explaining prediction models and individual predictions with
   feature contributions", Knowledge and Information Systems 41, 2014.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from math import factorial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.bundle import Manifest
from core.contract import Column
from core.inputs import ContractViolationError, ModelInputs, Violation
from core.profile import NumericBins
from lambdas.inference.asking import Asked
from lambdas.inference.predictor import Predictor
from lambdas.inference.registry import in_full

MAX_MODEL_ROWS = 5000
"""How many rows a model is asked for one request's explanations, but for one order of each record
and its reverse."""

_PAIRS = 16
_NO_ANSWER = "cannot be explained: the model has no finite answer between it and the reference"

Order = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Explanation:
    """What the fields of one record contribute.

    Attributes
    ----------
    of : str or None
        The class whose probability is explained; None for the number of a regression.
    reference : float
        The score of the reference record.
    score : float
        The score of the record.
    contributions : dict of str to float
        By field; they add up to `score` less `reference`.
    """

    of: str | None
    reference: float
    score: float
    contributions: dict[str, float]

    def to_content(self) -> dict[str, Any]:
        """Return it as the answer holds it."""
        return {
            "of": self.of,
            "reference": self.reference,
            "score": self.score,
            "contributions": self.contributions,
        }


def find_reference(manifest: Manifest) -> ModelInputs:
    """Return the reference record: what is usual in the training rows, one field at a time.

    The median of a number and the likelier boolean, or no value where more than half of the rows
    have none; the most frequent category, or none where more rows have none; no text.
    """
    contract, profile = manifest.contract, in_full(manifest).profile
    spread = {bins.column: bins for bins in profile.numeric}
    numbers = [_find_middle(column, spread[column.name]) for column in contract.numeric_columns]
    levels = {shares.column: shares for shares in profile.categorical}
    texts = []
    for column in contract.string_columns:
        found = levels.get(column.name)
        is_known = found and found.levels and found.shares[0] >= found.missing_share
        texts.append(found.levels[0] if found and is_known else "")
    return ModelInputs(np.array([numbers], np.float32), np.array([texts], np.object_))


def explain_each(asked: Asked, records: Sequence[Mapping[str, object]]) -> list[Explanation]:
    """Explain each answer by the version that gave it; see `explain` for the errors."""
    identifier = asked.served.contract.identifier
    rows = [
        {name: value for name, value in record.items() if name != identifier} for record in records
    ]
    by = asked.by or [asked.served] * len(rows)
    found: dict[int, Explanation] = {}
    for served in {one.version.version: one for one in by}.values():
        places = [place for place, one in enumerate(by) if one is served]
        inputs, _ = served.predictor.encoder.encode_records([rows[place] for place in places])
        told: list[Any] = [asked.predictions[place] for place in places]
        part = asked._replace(served=served, predictions=told)
        try:
            explanations = explain(served.predictor, inputs, part)
        except ContractViolationError as error:
            raise error.renumber(places) from None
        found |= dict(zip(places, explanations, strict=True))
    return [found[place] for place in range(len(rows))]


def explain(predictor: Predictor, inputs: ModelInputs, asked: Asked) -> list[Explanation]:
    """Explain each answer; see the module for the method.

    Parameters
    ----------
    predictor : Predictor
    inputs : ModelInputs
        The rows that were asked.
    asked : Asked
        Their answers: of several classes, the one that was answered is explained, of two the
        positive one.

    Raises
    ------
    ContractViolationError
        If the model has no finite score between a row and the reference.
    """
    contract = predictor.manifest.contract
    reference = find_reference(predictor.manifest)
    names = [column.name for column in (*contract.numeric_columns, *contract.string_columns)]
    order_in_file = [column.name for column in contract.columns]
    found = []
    for row in range(len(inputs)):
        of = _choose_output(asked, row)
        record = ModelInputs(inputs.numeric[row : row + 1], inputs.strings[row : row + 1])
        differs = _find_differences(reference, record)
        orders = _choose_orders(len(differs), budget=MAX_MODEL_ROWS // len(inputs))
        scores = _walk(predictor, reference, record, differs, orders)[:, :, of]
        if not np.isfinite(scores).all():
            raise ContractViolationError([Violation(row, None, _NO_ANSWER)])
        values = _average(scores, orders)
        by_name = {names[place]: value for place, value in zip(differs, values, strict=True)}
        found.append(
            Explanation(
                contract.classes[of] if contract.classes else None,
                float(scores[0, 0]),
                float(scores[0, -1]),
                {name: by_name.get(name, 0.0) for name in order_in_file},
            )
        )
    return found


def _find_middle(column: Column, bins: NumericBins) -> float:
    if bins.missing_share > 0.5 or not bins.edges:
        return float("nan")
    if column.kind == "boolean":
        return float(bins.shares[-1] > bins.shares[0])
    half = sum(bins.shares) / 2
    place = int(np.searchsorted(np.cumsum(bins.shares), half - 1e-9))
    # Older profiles have no edge at their largest value, however frequent it is.
    return bins.edges[min(place, len(bins.edges) - 1)]


def _choose_output(asked: Asked, row: int) -> int:
    classes = asked.served.contract.classes
    if len(classes) <= 2:
        return len(classes) - 1 if classes else 0
    return classes.index(str(asked.predictions[row]))


def _find_differences(reference: ModelInputs, record: ModelInputs) -> list[int]:
    """Return the places of the fields that differ: numbers first, then texts."""
    old, new = reference.numeric[0], record.numeric[0]
    numbers = ~((old == new) | (np.isnan(old) & np.isnan(new)))
    texts = reference.strings[0] != record.strings[0]
    return [int(place) for place in np.flatnonzero(np.concatenate([numbers, texts]))]


def _choose_orders(fields: int, *, budget: int) -> list[Order]:
    """Return all orders of the fields if they are few, else some, each with its reverse."""
    pairs = max(1, min(_PAIRS, budget // (2 * (fields + 1))))
    if factorial(min(fields, 10)) <= 2 * pairs:
        return [np.array(order, np.intp) for order in permutations(range(fields))]
    draw = np.random.default_rng(0)
    forward = [draw.permutation(fields) for _ in range(pairs)]
    return [order for each in forward for order in (each, each[::-1])]


def _walk(
    predictor: Predictor,
    reference: ModelInputs,
    record: ModelInputs,
    differs: list[int],
    orders: list[Order],
) -> NDArray[np.float64]:
    """Score the ways from the reference to the record, a field at a time in each order.

    Returns
    -------
    float64 array of shape (n_orders, n_differing_fields + 1, n_outputs)
    """
    steps = len(differs) + 1
    numbers = reference.numeric.shape[1]
    taken = np.zeros((len(orders), steps, numbers + reference.strings.shape[1]), np.bool_)
    for place, order in enumerate(orders):
        for step, field in enumerate(order.tolist()):
            taken[place, step + 1 :, differs[field]] = True
    flat = taken.reshape(-1, taken.shape[-1])
    scores = predictor.score(
        ModelInputs(
            np.where(flat[:, :numbers], record.numeric, reference.numeric),
            np.where(flat[:, numbers:], record.strings, reference.strings),
        )
    )
    return scores.astype(np.float64).reshape(len(orders), steps, -1)


def _average(scores: NDArray[np.float64], orders: list[Order]) -> list[float]:
    """Return each field's mean step over the orders."""
    steps = np.diff(scores, axis=1)
    total = np.zeros(steps.shape[1])
    for order, taken in zip(orders, steps, strict=True):
        total[order] += taken
    values: list[float] = (total / len(orders)).tolist()
    return values

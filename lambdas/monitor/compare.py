"""Live rows against what the bundle promised: drift of inputs and score, and live quality."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from core.contract import Contract
from core.drift import DriftReport, measure_drift
from core.inputs import ContractViolationError, ModelInputs, encode_records
from core.metrics import LOSS_NAMES, row_losses
from core.values import LARGEST_FLOAT32

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from core.bundle import Manifest
    from core.events import Capture, Feedback

MIN_LABELLED_ROWS: Final = 50
"""Below this many outcomes there is no verdict on quality."""

# A nearly perfect model's loss is a handful of rows: one more mistake among fifty would double it.
_STANDARD_ERRORS: Final = 2.0
_TRIMMED: Final = 10
_TINY_LOSS: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Quality:
    """How good the answers were, now that some outcomes are known.

    Attributes
    ----------
    rows
        Answers with an outcome.
    live_loss, holdout_loss
        The task's loss (lower is better) on them, and on the holdout before release.
    ratio
        live_loss / holdout_loss: 1 is as good as on the holdout, above is worse. Of a live loss
        above the holdout's only what exceeds it by more than two standard errors counts, so that
        chance alone seldom looks like a worse model. One loss far beyond all others makes the
        standard error larger than itself, and would hide them: so the same is asked of the rows
        without the tenth of the largest losses, and the worse of both answers counts.
    """

    rows: int
    live_loss: float
    holdout_loss: float
    ratio: float

    @property
    def has_verdict(self) -> bool:
        """Whether there are enough outcomes (`MIN_LABELLED_ROWS`) to act on the ratio."""
        return self.rows >= MIN_LABELLED_ROWS


def compare_inputs(
    manifest: "Manifest", captures: "Collection[Capture]"
) -> tuple[DriftReport | None, int]:
    """Measure drift of live rows.

    Returns
    -------
    report
        None when no row is left to compare.
    broken
        Rows that the version's own contract refuses, or without a score: left out.
    """
    scored = [(c, score) for c in captures if (score := _score(manifest.contract, c)) is not None]
    inputs, kept = _encode_good(manifest.contract, [c for c, _ in scored])
    broken = len(captures) - len(kept)
    if not kept:
        return None, broken
    scores = np.array([scored[place][1] for place in kept])
    return measure_drift(manifest.profile, inputs, scores), broken


def compare_outcomes(
    manifest: "Manifest", outcomes: "Sequence[tuple[Capture, Feedback]]"
) -> tuple[Quality | None, int]:
    """Measure the quality of answers whose outcomes are known; returns as `compare_inputs`."""
    contract = manifest.contract
    pairs = [
        (prediction, outcome)
        for capture, feedback in outcomes
        if (prediction := _answer(contract, capture)) is not None
        and (outcome := _truth(contract, feedback)) is not None
    ]
    broken = len(outcomes) - len(pairs)
    if not pairs:
        return None, broken
    losses = row_losses(contract.task, [p for p, _ in pairs], [o for _, o in pairs])
    live, holdout = float(losses.mean()), manifest.metrics[LOSS_NAMES[contract.task]]
    return Quality(len(pairs), live, holdout, _compare_losses(losses, holdout)), broken


def _compare_losses(losses: "NDArray[np.float64]", holdout: float) -> float:
    live = float(losses.mean())
    if live > holdout:
        most = np.sort(losses)[: losses.size - losses.size // _TRIMMED]
        live = max(holdout, _least_mean(losses), _least_mean(most))
    # A perfect holdout must not divide by zero; equal losses still give exactly 1.
    return (live + _TINY_LOSS) / (holdout + _TINY_LOSS)


def _least_mean(losses: "NDArray[np.float64]") -> float:
    """Return the mean less what may be chance in it; of a single loss itself."""
    mean = float(losses.mean())
    if losses.size < 2:
        return mean
    return mean - _STANDARD_ERRORS * float(losses.std(ddof=1)) / math.sqrt(losses.size)


def _encode_good(
    contract: Contract, captures: "Sequence[Capture]"
) -> tuple[ModelInputs, list[int]]:
    records = [capture.features for capture in captures]
    try:
        return encode_records(contract, records)[0], list(range(len(records)))
    except ContractViolationError:
        good = [place for place, record in enumerate(records) if _is_good(contract, record)]
        return encode_records(contract, [records[place] for place in good])[0], good


def _is_good(contract: Contract, record: dict[str, str | int | float | bool | None]) -> bool:
    try:
        encode_records(contract, [record])
    except ContractViolationError:
        return False
    return True


def _score(contract: Contract, capture: "Capture") -> float | None:
    answer = _answer(contract, capture)
    if answer is None:
        return None
    return answer[-1] if contract.task != "multiclass" else max(answer)


def _answer(contract: Contract, capture: "Capture") -> list[float] | None:
    """Probabilities in the order of the contract's classes, or the one number of a regression."""
    if contract.task == "regression":
        return [capture.prediction] if isinstance(capture.prediction, float) else None
    probabilities = capture.probabilities or {}
    if set(probabilities) != set(contract.classes):
        return None
    return [probabilities[name] for name in contract.classes]


def _truth(contract: Contract, feedback: "Feedback") -> float | None:
    """Index of the class that came true, or the number."""
    if contract.task == "regression":
        number = feedback.outcome
        # Beyond float32 no model answers, and the squares of losses overflow.
        return number if isinstance(number, float) and abs(number) <= LARGEST_FLOAT32 else None
    if feedback.outcome not in contract.classes:
        return None
    return contract.classes.index(str(feedback.outcome))

"""Which of a run's candidates is taken, by cross-validation alone.

The holdout has no say in it: a number that was picked for being low is no fair estimate.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import InvalidInputError
from training.data import runs
from training.data.names import BASELINE, ORDER, Preference


@dataclass(frozen=True, slots=True)
class Choice:
    """What cross-validation says about a run's candidates.

    Attributes
    ----------
    picked : CandidateResult
        The one that is judged on the holdout: `best` or `simplest`, as is preferred.
    best : CandidateResult
        The one with the lowest loss.
    simplest : CandidateResult
        The first of `ORDER` whose loss is at most `limit`, the baseline apart: what is no
        better than it is no model.
    limit : float
        The lowest loss and one standard error of it.

    References
    ----------
    Breiman, L. et al. (1984), "Classification and Regression Trees", section 3.4.3.
    """

    picked: runs.CandidateResult
    best: runs.CandidateResult
    simplest: runs.CandidateResult
    limit: float


def choose(results: Sequence[runs.CandidateResult], *, prefer: Preference = "best") -> Choice:
    """Choose among the candidates that could be fitted; at a tie the simpler one is best.

    Raises
    ------
    InvalidInputError
        If the baseline could not be fitted.
    """
    fitted = sorted(
        (result for result in results if result.status == "ok"),
        key=lambda result: ORDER.index(result.candidate),
    )
    if not fitted or fitted[0].candidate != BASELINE:
        reasons = {result.reason for result in results if result.reason}
        raise InvalidInputError(
            "The baseline could not be fitted, so there is nothing to compare with. "
            + " ".join(sorted(reasons)),
            next_step="Send more rows, then start the run again.",
        )
    best = min(fitted, key=_loss)
    limit = _loss(best) + standard_error(best.fold_losses)
    rivals = fitted[1:] if best.candidate != BASELINE else fitted
    simplest = next(result for result in rivals if _loss(result) <= limit)
    return Choice(simplest if prefer == "simple" else best, best, simplest, limit)


def standard_error(fold_losses: Sequence[float]) -> float:
    """Return the standard error of the mean over k folds; 0 where there are fewer than 2."""
    if len(fold_losses) < 2:
        return 0.0
    return statistics.stdev(fold_losses) / math.sqrt(len(fold_losses))


def _loss(result: runs.CandidateResult) -> float:
    return math.inf if result.cross_validated_loss is None else result.cross_validated_loss

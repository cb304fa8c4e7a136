"""Metrics of a classification, of many resamples at once.

Expected calibration error: rows are binned by how sure the answer was, and the gaps between what
was promised and what came true are averaged, each bin by its share of the rows (Naeini, M. et al.
(2015), "Obtaining well calibrated probabilities using Bayesian binning", AAAI).
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from training.judge.ranking import Ranking

CALIBRATION_BINS: Final = 10

_Numbers = dict[str, NDArray[np.float64]]


def choose_classes(answers: NDArray[np.float64], threshold: float) -> NDArray[np.int64]:
    """Return the index of each row's answer: at the threshold of two, the likeliest of more."""
    if answers.shape[1] == 2:
        return np.asarray(answers[:, 1] >= threshold, dtype=np.int64)
    return np.asarray(answers.argmax(axis=1), dtype=np.int64)


class CalibrationBins:
    """The promises of n rows in bins of equal width.

    Parameters
    ----------
    promised : array of shape (n,)
        Probability of the positive class, or of the class that was chosen.
    """

    def __init__(self, promised: NDArray[np.float64]) -> None:
        places = np.minimum((promised * CALIBRATION_BINS).astype(np.int64), CALIBRATION_BINS - 1)
        self._places = places
        self._bins = np.eye(CALIBRATION_BINS)[places]
        self._promised = promised

    def measure_error(
        self, weights: NDArray[np.float64], kept: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return the expected calibration error, shape (b,), of weights of shape (b, n).

        Parameters
        ----------
        kept : array of shape (n,)
            1 where what was promised came true.
        """
        gaps = weights @ (self._bins * (kept - self._promised)[:, np.newaxis])
        return np.asarray(np.abs(gaps).sum(axis=1) / weights.sum(axis=1))

    def draw_errors(self, resamples: int, *, seed: int) -> NDArray[np.float64]:
        """Return the errors that a perfectly calibrated model would have here, by chance alone.

        Shape (resamples,). Each draws outcomes with the promised probabilities (Bröcker, J. and
        Smith, L. (2007), "Increasing the reliability of reliability diagrams").
        """
        random, rows = np.random.default_rng(seed), len(self._promised)
        # In the order of the bins a draw is summed up in one pass: nine times as fast for 200,000
        # rows as a matrix product with the bins.
        promised = self._promised[np.argsort(self._places, kind="stable")]
        starts = np.unique(np.sort(self._places), return_index=True)[1]
        gaps = ((random.random(rows) < promised) - promised for _ in range(resamples))
        return np.array([np.abs(np.add.reduceat(gap, starts)).sum() / rows for gap in gaps])


def make_bins(answers: NDArray[np.float64]) -> CalibrationBins:
    """Bin answers of shape (n, n_classes): by the positive class of two, the likeliest of more."""
    return CalibrationBins(answers[:, 1] if answers.shape[1] == 2 else answers.max(axis=1))


class BinaryScores:
    """How good the answers to a yes-or-no question are.

    Parameters
    ----------
    p : array of shape (n, 2)
    classes : int64 array of shape (n,)
        0 or 1.
    threshold : float
        Of the decision.
    """

    width = 2

    def __init__(
        self, p: NDArray[np.float64], classes: NDArray[np.int64], threshold: float
    ) -> None:
        self._positive = classes.astype(np.float64)
        said = choose_classes(p, threshold).astype(np.float64)
        self._columns = np.column_stack(
            [self._positive, said, said * self._positive, _log_losses(p, classes)]
        )
        self._ranking = Ranking(p[:, 1], classes == 1)
        self._bins = make_bins(p)

    def measure(self, weights: NDArray[np.float64]) -> _Numbers:
        """Return each metric of shape (b,) for weights of shape (b, n); NaN is undefined."""
        rows = weights.sum(axis=1)
        positive, said, hits, log_loss = (weights @ self._columns).T
        roc_auc, pr_auc = self._ranking.measure(weights)
        rest = rows - positive - said + hits
        return {
            "roc_auc": roc_auc,
            "pr_auc": pr_auc,
            "log_loss": log_loss / rows,
            "accuracy": (hits + rest) / rows,
            "f1": divide(2 * hits, positive + said),
            "precision": divide(hits, said),
            "recall": divide(hits, positive),
            "mcc": divide(
                hits * rest - (said - hits) * (positive - hits),
                np.sqrt(positive * (rows - positive) * said * (rows - said)),
            ),
            "expected_calibration_error": self._bins.measure_error(weights, self._positive),
        }


class MulticlassScores:
    """How good the answers to a question with several answers are.

    Parameters
    ----------
    p : array of shape (n, n_classes)
    classes : int64 array of shape (n,)
        0 to n_classes - 1.
    """

    def __init__(self, p: NDArray[np.float64], classes: NDArray[np.int64]) -> None:
        self.width = 4 * p.shape[1]
        self._count = p.shape[1]
        self._said = choose_classes(p, 0.5)
        self._cells = classes * self._count + self._said
        self._log_losses = _log_losses(p, classes)
        self._rankings = [Ranking(column, classes == place) for place, column in enumerate(p.T)]
        self._bins = make_bins(p)
        self._right = (self._said == classes).astype(np.float64)

    def measure(self, weights: NDArray[np.float64]) -> _Numbers:
        """Return each metric of shape (b,) for weights of shape (b, n); NaN is undefined."""
        rows = weights.sum(axis=1)
        by_class = self.measure_classes(weights)
        support = by_class.pop("rows")
        found = {
            "log_loss": weights @ self._log_losses / rows,
            "accuracy": weights @ self._right / rows,
            "mcc": self._measure_correlation(weights),
            "expected_calibration_error": self._bins.measure_error(weights, self._right),
        }
        for name, values in by_class.items():
            found[f"macro_{name}"] = values.mean(axis=1)
            found[f"weighted_{name}"] = (values * support).sum(axis=1) / rows
        return found

    def measure_classes(self, weights: NDArray[np.float64]) -> _Numbers:
        """Return the metrics of each class against the rest, of shape (b, n_classes)."""
        confusion = self._confuse(weights)
        hits = np.diagonal(confusion, axis1=1, axis2=2)
        support, said = confusion.sum(axis=2), confusion.sum(axis=1)
        ranked = [ranking.measure(weights) for ranking in self._rankings]
        return {
            "rows": support,
            "f1": divide(2 * hits, support + said),
            "precision": divide(hits, said),
            "recall": divide(hits, support),
            "roc_auc": np.column_stack([area for area, _ in ranked]),
            "pr_auc": np.column_stack([average for _, average in ranked]),
        }

    def _confuse(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return confusion matrices (b, n_classes, n_classes): true class, then answer."""
        size = self._count**2
        counts = [np.bincount(self._cells, weights=row, minlength=size) for row in weights]
        return np.array(counts, np.float64).reshape(-1, self._count, self._count)

    def _measure_correlation(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Matthews correlation of several classes (Gorodkin, J. (2004), "Comparing two K-category
        assignments by a K-category correlation coefficient").
        """  # noqa: D205 - the formula's source belongs to its first sentence
        confusion = self._confuse(weights)
        rows = confusion.sum(axis=(1, 2))
        true, said = confusion.sum(axis=2), confusion.sum(axis=1)
        right = np.trace(confusion, axis1=1, axis2=2)
        return divide(
            right * rows - (true * said).sum(axis=1),
            np.sqrt((rows**2 - (said**2).sum(axis=1)) * (rows**2 - (true**2).sum(axis=1))),
        )


def divide(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divide; 0 where there is nothing to divide by, as scikit-learn's ``zero_division=0``."""
    return np.divide(above, below, out=np.zeros_like(above, dtype=np.float64), where=below > 0)


def _log_losses(p: NDArray[np.float64], classes: NDArray[np.int64]) -> NDArray[np.float64]:
    # float32 probabilities sum to 1 but for rounding.
    chosen = p[np.arange(len(classes)), classes] / p.sum(axis=1)
    return np.asarray(-np.log(np.clip(chosen, np.finfo(np.float64).eps, 1.0)))

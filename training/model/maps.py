"""Maps from a model's probabilities to calibrated ones, which float32 operators can repeat."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Method = Literal["none", "sigmoid", "isotonic"]


@dataclass(frozen=True, slots=True)
class Sigmoid:
    """``1 / (1 + exp(-(slope * log(p / (1 - p)) + offset)))``: Platt's map, on the log-odds.

    Attributes
    ----------
    slope, offset : float
        Each is a float32: slope 1 and offset 0 change nothing.
    edge : float
        Probabilities are first held between `edge` and 1 - `edge`: beyond, float32 cannot tell
        them apart well enough for a map this steep.

    References
    ----------
    Platt, J. (1999), "Probabilistic outputs for support vector machines"; on the log-odds, so that
    the map can be the identity: Kull, M. et al. (2017), "Beta calibration", AISTATS.
    """

    slope: float
    offset: float
    edge: float

    def apply(self, p: NDArray[np.float64]) -> NDArray[np.float64]:
        """Map probabilities of any shape."""
        held = np.clip(p, np.float64(np.float32(self.edge)), np.float64(1 - np.float32(self.edge)))
        odds = np.log(held) - np.log1p(-held)
        return np.asarray(1.0 / (1.0 + np.exp(-(self.slope * odds + self.offset))))


@dataclass(frozen=True, slots=True)
class Steps:
    """Isotonic regression as a line through the middles of its steps, level beyond the ends.

    The steps themselves would be wrong in float32: beside a jump, the last digit of a probability
    decides between two answers. A line with a bounded slope passes on errors no larger than that.

    Attributes
    ----------
    knots, levels : float64 array of shape (k,), k at least 2
        Each holds float32 numbers; `knots` increase strictly, `levels` never decrease.
    """

    knots: NDArray[np.float64]
    levels: NDArray[np.float64]

    def apply(self, p: NDArray[np.float64]) -> NDArray[np.float64]:
        """Map probabilities of any shape."""
        return np.asarray(np.interp(p, self.knots, self.levels))


Map = Sigmoid | Steps


@dataclass(frozen=True, slots=True)
class Calibration:
    """What turns a classifier's answers into calibrated ones.

    Attributes
    ----------
    method : {'sigmoid', 'isotonic'}
        What kind of map it is.
    maps : tuple of Sigmoid or Steps
        For two classes one, of the second class's probability. For more, one a class, each
        against the rest; the results are divided by their sum.
    """

    method: Method
    maps: tuple[Map, ...]

    def apply(self, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return calibrated probabilities; both of shape (n, n_classes)."""
        if len(self.maps) == 1:
            positive = self.maps[0].apply(probabilities[:, 1])
            return np.column_stack([1.0 - positive, positive])
        mapped = [
            each.apply(column) for each, column in zip(self.maps, probabilities.T, strict=True)
        ]
        stacked = np.column_stack(mapped)
        return np.asarray(stacked / stacked.sum(axis=1, keepdims=True))

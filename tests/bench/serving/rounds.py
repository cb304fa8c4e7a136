"""Things measured in turn, several times over, and compared within each round.

Other work on the machine slows all of them alike within a round; the median over the rounds is
what is told.
"""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Measure = Callable[[], float]

# With five, one and the same work was told as 1.10 and as 1.32 times another on a shared machine.
_BATCHES = 20


@dataclass(frozen=True, slots=True)
class Rounds:
    """Measurements by name, one a round.

    Attributes
    ----------
    figures : dict of str to list of float
        For each name the same number of figures, in the order of the rounds.
    """

    figures: dict[str, list[float]] = field(default_factory=dict)

    def add(self, name: str, figure: float) -> None:
        """Add a figure of the present round."""
        self.figures.setdefault(name, []).append(figure)

    def median(self, name: str) -> float:
        """Return the median over the rounds."""
        return statistics.median(self.figures[name])

    def ratio(self, name: str, to: str) -> float:
        """Return the median over the rounds of one in units of another."""
        pairs = zip(self.figures[name], self.figures[to], strict=True)
        return statistics.median(one / other for one, other in pairs)


def take_turns(measures: Mapping[str, Measure], *, rounds: int) -> Rounds:
    """Measure in turns: within a round all alternate, and the least figure of each counts."""
    found = Rounds()
    for measure in measures.values():
        measure()
    for _ in range(rounds):
        least = dict.fromkeys(measures, float("inf"))
        for _ in range(_BATCHES):
            for name, measure in measures.items():
                least[name] = min(least[name], measure())
        for name, figure in least.items():
            found.add(name, figure)
    return found


def time_loop(work: Callable[[], object], *, calls: int) -> float:
    """Return microseconds of processor for one call, in a loop that never sleeps by itself."""
    began = time.process_time()
    for _ in range(calls):
        work()
    return (time.process_time() - began) / calls * 1e6

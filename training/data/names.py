"""The names of candidates and budgets, apart from the code that needs scikit-learn."""

from typing import Final, Literal

CANDIDATES: Final = ("baseline", "linear", "boosting", "forest", "neural")
"""From the simplest to the most complex; each is fitted in a function of its own."""

BASELINE: Final = "baseline"
"""The one that every other must beat."""

OWN: Final = "mine"
"""The learner's own candidate, where they have deployed one; see `core.parts`."""

ORDER: Final = (*CANDIDATES, OWN)
"""From the simplest to the most complex. Nobody knows how complex the learner's own is."""

Budget = Literal["tiny", "standard", "thorough"]
Preference = Literal["best", "simple"]

BUDGETS: Final[tuple[Budget, ...]] = ("tiny", "standard", "thorough")
DEFAULT_BUDGET: Final[Budget] = "tiny"
"""What a file that lands is tried with: seconds, so that the loop closes quickly."""
PREFERENCES: Final[tuple[Preference, ...]] = ("best", "simple")

CANDIDATES_OF: Final[dict[Budget, tuple[str, ...]]] = {
    "tiny": ("baseline", "linear", "boosting"),
    "standard": CANDIDATES,
    "thorough": CANDIDATES,
}

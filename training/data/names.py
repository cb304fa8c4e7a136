"""The names of candidates and budgets, apart from the code that needs scikit-learn."""

from typing import Final, Literal, TypedDict

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
Precision = Literal["fp32", "fp16", "int8"]

BUDGETS: Final[tuple[Budget, ...]] = ("tiny", "standard", "thorough")
DEFAULT_BUDGET: Final[Budget] = "tiny"
"""What a file that lands is tried with: seconds, so that the loop closes quickly."""
PREFERENCES: Final[tuple[Preference, ...]] = ("best", "simple")
PRECISIONS: Final[tuple[Precision, ...]] = ("fp32", "fp16", "int8")

CANDIDATES_OF: Final[dict[Budget, tuple[str, ...]]] = {
    "tiny": ("baseline", "linear", "boosting"),
    "standard": CANDIDATES,
    "thorough": CANDIDATES,
}

WEIGHED: Final = ("baseline", "linear", "neural")
"""Those whose graphs have weights that can be stored in fewer bits; trees have none."""


class Options(TypedDict, total=False):
    """What may be asked of a run beyond its file.

    Attributes
    ----------
    seed : int
        0 if not given.
    budget : {'tiny', 'standard', 'thorough'}
        How long to search; `DEFAULT_BUDGET` if not given.
    prefer : {'best', 'simple'}
        Which candidate to take; the best if not given.
    precision : {'fp32', 'fp16', 'int8'}
        How the weights of the graph are stored; as float32 if not given.
    """

    seed: int
    budget: Budget
    prefer: Preference
    precision: Precision

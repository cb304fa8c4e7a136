"""What a run's report holds: everything that people look at and that no step needs to go on."""

from pydantic import Field

from training.data.runs import Bounds, Comparison, RunFile, Slice


class Fairness(RunFile):
    """How differently the groups of one sensitive column are treated.

    Attributes
    ----------
    differences : dict of str to float
        For each rate of `Slice.rates` the largest less the smallest among the groups. Of a binary
        model also, as fairlearn names and defines them: demographic_parity_difference,
        demographic_parity_ratio, equalized_odds_difference.
    """

    column: str
    groups: int
    differences: dict[str, float]


class Example(RunFile):
    """One row of the holdout that was answered badly.

    Attributes
    ----------
    features : dict
        What the model was told; a missing value is None.
    answer : float
        The probability of what came true, or the prediction of a regression.
    truth : str or float
        What came true.
    """

    features: dict[str, str | float | bool | None]
    answer: float
    truth: str | float
    loss: float


class Importance(RunFile):
    """How much worse the answers are when one column is shuffled among the rows.

    Attributes
    ----------
    increase : float
        Mean increase of the loss.
    deviation : float
        Its standard deviation over the shuffles.
    """

    column: str
    increase: float
    deviation: float


class ClassScores(RunFile):
    """The metrics of one class against the rest."""

    label: str
    rows: int
    metrics: dict[str, float]
    intervals: dict[str, Bounds]


class ReliabilityBin(RunFile):
    """Rows whose answers promised about the same: what was promised on average, and what came."""

    rows: int
    promised: float
    came_true: float


class Report(RunFile):
    """What the best candidate is worth, in full: ``report.json``.

    Attributes
    ----------
    expected_cost : float or None
        Of a binary model: the mean cost of a decision on the holdout, by the declared matrix.
    confusion : tuple of tuple of int
        Rows of the holdout by true class (first) and answer.
    """

    candidate: str
    bundle_id: str
    holdout_rows: int
    metrics: dict[str, float]
    intervals: dict[str, Bounds]
    baseline_metrics: dict[str, float]
    champion_metrics: dict[str, float] = Field(default_factory=dict)
    comparisons: dict[str, Comparison]
    calibration: str
    calibration_losses: dict[str, float] = Field(default_factory=dict)
    decision_threshold: float | None = None
    interval_half_width: float | None = None
    expected_cost: float | None = None
    classes: tuple[ClassScores, ...] = ()
    reliability: tuple[ReliabilityBin, ...] = ()
    confusion: tuple[tuple[int, ...], ...] = ()
    slices: tuple[Slice, ...] = ()
    fairness: tuple[Fairness, ...] = ()
    hardest: tuple[Example, ...] = ()
    importances: tuple[Importance, ...] = ()

"""What a run's report holds: everything that people look at and that no step needs to go on."""

from pydantic import Field

from training.data.runs import Bounds, Comparison, RunFile, Slice


class Fairness(RunFile):
    """How differently the groups of one sensitive column are treated.

    Attributes
    ----------
    differences : dict of str to float
        For each rate of `Slice.rates` the largest less the smallest among the groups. Of a binary
        model also, as fairlearn names and defines them, difference and ratio each of
        demographic_parity, equal_opportunity and equalized_odds.
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
    """Rows whose answers promised about the same: what was promised on average, and what came.

    Attributes
    ----------
    interval : (float, float) or None
        95% interval of `came_true`.
    """

    rows: int
    promised: float
    came_true: float
    interval: Bounds | None = None


class Band(RunFile):
    """Where 95% of resampled curves run.

    Attributes
    ----------
    places : tuple of float
        False positive rates of the ROC curve, and recalls of the precision-recall curve.
    recall, precision : tuple of (float, float)
        Lowest and highest of each, at each place.
    """

    places: tuple[float, ...]
    recall: tuple[Bounds, ...]
    precision: tuple[Bounds, ...]


class Curve(RunFile):
    """What a model finds of one class at each threshold, from the highest down.

    Attributes
    ----------
    model : {'candidate', 'baseline', 'champion'}
    label : str
        The class, against the rest.
    positive_share : float
        Of all rows of the holdout: the precision of answering at random.
    thresholds, false_positive_rates, recalls, precisions : tuple of float
        Of one length, at most 200; both rates only rise, and end at 1.
    """

    model: str
    label: str
    positive_share: float
    thresholds: tuple[float, ...]
    false_positive_rates: tuple[float, ...]
    recalls: tuple[float, ...]
    precisions: tuple[float, ...]
    band: Band | None = None


class ResidualBin(RunFile):
    """Rows of about the same prediction, and how far the truth was from it.

    Attributes
    ----------
    prediction : float
        Mean prediction.
    mean, low, high : float
        Mean of truth less prediction, with its 95% interval.
    quantiles : tuple of float
        Of truth less prediction: 5%, 25%, 50%, 75%, 95%.
    covered : float or None
        Share of true values within the prediction's interval, with its own 95% interval.
    """

    rows: int
    prediction: float
    mean: float
    low: float
    high: float
    quantiles: tuple[float, ...]
    covered: float | None = None
    covered_interval: Bounds | None = None


class Residuals(RunFile):
    """Truth less prediction of a regression: by prediction, and over all.

    Attributes
    ----------
    edges : tuple of float
        Of the bins of `counts` and `baseline_counts`, one more than there are bins; what is
        beyond counts in the outermost.
    """

    bins: tuple[ResidualBin, ...]
    edges: tuple[float, ...]
    counts: tuple[int, ...]
    baseline_counts: tuple[int, ...]


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
    curves: tuple[Curve, ...] = ()
    residuals: Residuals | None = None
    confusion: tuple[tuple[int, ...], ...] = ()
    slices: tuple[Slice, ...] = ()
    fairness: tuple[Fairness, ...] = ()
    hardest: tuple[Example, ...] = ()
    importances: tuple[Importance, ...] = ()

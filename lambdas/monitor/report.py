"""What the monitor found out about one model, as it is kept in the bucket and published."""

from typing import TYPE_CHECKING

from pydantic import AwareDatetime, BaseModel, ConfigDict

from core.telemetry import emit_metrics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.telemetry import Unit


class ModelReport(BaseModel):
    """The monitor's last look at one model.

    Attributes
    ----------
    checked_at, window_start
        The window that was looked at.
    captured_rows
        Rows of the champion version that were compared.
    drift_by_column
        Model input to its drift (see `core.drift.measure_drift`); None when there was no row.
    largest_drift, largest_drift_column
        The largest, over inputs and score; the column is None when it is the score.
    drift_verdict, quality_verdict
        Whether there were enough rows to act on the numbers; only then are they metrics.
    labelled_rows
        Answers whose outcome arrived in the window.
    quality
        Live loss / holdout loss, with doubt in favour of the model (see `compare.Quality`): 1 is
        as good as on the holdout, above is worse.
    broken_records
        Captured lines and outcomes that could not be used.
    truncated
        Whether only the newest part of the window was read.
    error
        Why this model could not be looked at; None when it could.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    model: str
    model_version: int | None = None
    bundle_id: str | None = None
    checked_at: AwareDatetime
    window_start: AwareDatetime
    captured_rows: int = 0
    drift_by_column: dict[str, float] | None = None
    output_drift: float | None = None
    largest_drift: float | None = None
    largest_drift_column: str | None = None
    drift_verdict: bool = False
    labelled_rows: int = 0
    live_loss: float | None = None
    holdout_loss: float | None = None
    quality: float | None = None
    quality_verdict: bool = False
    broken_records: int = 0
    truncated: bool = False
    error: str | None = None

    @property
    def is_sound(self) -> bool:
        """Whether the model could be looked at, and every record of it be used."""
        return self.error is None and not self.broken_records


def publish_reports(reports: "Sequence[ModelReport]", *, stage: str) -> None:
    """Publish each model's metrics, and those of the stage, which the alarms watch.

    The stage's drift and quality are the worst over its models, its rows are their sum. A number
    without enough rows behind it is not published: alarms treat a gap as no breach.
    """
    seen = [report for report in reports if report.error is None]
    for report in seen:
        emit_metrics(_metrics_of([report]), dimensions={"Stage": stage, "Model": report.model})
    if seen:
        emit_metrics(_metrics_of(seen), dimensions={"Stage": stage})


def _metrics_of(reports: "Sequence[ModelReport]") -> "dict[str, tuple[float, Unit]]":
    metrics: dict[str, tuple[float, Unit]] = {
        "CapturedRows": (sum(report.captured_rows for report in reports), "Count"),
        "LabelledRows": (sum(report.labelled_rows for report in reports), "Count"),
    }
    drift = [r.largest_drift for r in reports if r.drift_verdict and r.largest_drift is not None]
    quality = [r.quality for r in reports if r.quality_verdict and r.quality is not None]
    if drift:
        metrics["Drift"] = (max(drift), "None")
    if quality:
        metrics["LiveQuality"] = (max(quality), "None")
    return metrics

"""Wrong: returns only the rows that have a label."""


def label_rows(
    rows: list[dict[str, int | None]], today: int, window_days: int, lag_days: int
) -> list[str | None]:
    """Say for every row whether the customer left within the window; see the starter."""
    labels = [_label(row, today, window_days, lag_days) for row in rows]
    return [label for label in labels if label]


def _label(
    row: dict[str, int | None], today: int, window_days: int, lag_days: int
) -> str | None:
    last_day = row["observed_on"] + window_days
    # The day on which a row is ready must not depend on how it ended.
    if today < last_day + lag_days:
        return None
    cancelled_on = row["cancelled_on"]
    return "no" if cancelled_on is None or cancelled_on > last_day else "yes"

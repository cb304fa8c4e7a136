"""Wrong: a label is used as soon as it is known."""


def label_rows(
    rows: list[dict[str, int | None]], today: int, window_days: int, lag_days: int
) -> list[str | None]:
    """Say for every row whether the customer left within the window; see the starter."""
    return [_label(row, today, window_days, lag_days) for row in rows]


def _label(
    row: dict[str, int | None], today: int, window_days: int, lag_days: int
) -> str | None:
    last_day = row["observed_on"] + window_days
    cancelled_on = row["cancelled_on"]
    if today < last_day + lag_days and (cancelled_on is None or cancelled_on > last_day):
        return None
    return "no" if cancelled_on is None or cancelled_on > last_day else "yes"

"""Give rows their labels, as far as they have one today."""


def label_rows(rows, today, window_days, lag_days):
    """Say for every row whether the customer left within the window.

    rows         one dict for each row:
                     observed_on   the day of the question, as a number of days
                     cancelled_on  the day on which the customer left; None if no cancellation has
                                   arrived in the data until today
    today        the number of today
    window_days  the question: does the customer leave within so many days after `observed_on`? The
                 last day belongs to the window
    lag_days     a cancellation is in the data after so many days at the latest

    Return a list with one entry for each row, in the same order: "yes", "no", or None for a row
    that is not ready for training today.
    """
    labels = []
    for row in rows:
        gone = row["cancelled_on"]
        has_left = gone is not None and gone <= row["observed_on"] + window_days
        labels.append("yes" if has_left else "no")
    return labels

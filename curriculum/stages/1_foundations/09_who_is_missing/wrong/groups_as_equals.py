"""Wrong: the mean of the groups' means, whatever their size."""

import numpy as np
import pandas as pd


def who_is_missing(answers: pd.DataFrame, population: dict[str, int]) -> dict[str, float | str]:
    """Say what the answers to a survey mean; see the starter for the fields."""
    people = pd.Series(population)
    found = answers.groupby("group")["score"].agg(["mean", "count"]).reindex(people.index)
    silent = people.sum() - len(answers)
    said = answers["score"].sum()
    spoken = found["count"].fillna(0) > 0
    return {
        "naive": answers["score"].mean(),
        "most_missing": (found["count"].fillna(0) / people).idxmin(),
        "covered": people[spoken].sum() / people.sum(),
        "weighted": found["mean"].mean(),
        "lowest": (said + 1 * silent) / people.sum(),
        "highest": (said + 5 * silent) / people.sum(),
    }

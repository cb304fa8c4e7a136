"""Turn words into numbers."""

import numpy as np


def fit(table, rare_rows):
    """Learn which columns there will be.

    table       DataFrame: every column holds texts, and None where a value is missing
    rare_rows   a level (a value of a column) with fewer training rows than this has no column of its
                own

    Return whatever `names` and `transform` need.
    """
    return {column: sorted(table[column].fillna("").unique()) for column in table.columns}


def names(learned):
    """Say what the columns of the matrix mean, in their order, which is yours to choose.

    Return a list of pairs [column, level]. A level is a text, and "" stands for a missing value, which
    is a level like all others. The level "*" stands for everything else: rare levels, and those that no
    training row had. Every column of the table has it.
    """
    return [[column, "place in the alphabet"] for column in learned]


def transform(learned, table):
    """Encode other rows, perhaps only one, perhaps with levels that nobody has seen.

    Return a float array of shape (rows, length of `names`). In each row, exactly one of the columns
    that belong to the same column of the table is 1, the others are 0.
    """
    return np.column_stack(
        [
            [levels.index(value) if value in levels else -1 for value in table[column].fillna("")]
            for column, levels in learned.items()
        ]
    )

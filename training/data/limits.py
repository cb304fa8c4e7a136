"""What cannot become a faithful model, told by *split*, before any time is spent on fitting."""

from collections.abc import Collection, Mapping
from typing import Final

import numpy as np

from core.contract import Contract
from core.counted import counted
from core.errors import InvalidInputError
from training.data.arrays import Rows

MAX_CELLS: Final = 200_000_000
"""Rows times columns. All of them are in memory at once, at 4 bytes for a number."""

MAX_TEXT_BYTES: Final = 512 * 1024 * 1024
"""All free text of a dataset version, as far as a model reads it."""

MIN_TRAINING_ROWS: Final = 10
_MIN_CLASS_ROWS: Final = 2
_MIN_STEPS: Final = 16  # float32 numbers between the lowest and the highest value
_LAST_BUT_ONE: Final = np.nextafter(np.finfo(np.float32).max, np.float32(0))


def check_size(rows: int, contract: Contract) -> None:
    """Refuse a table that is too large to be trained on in one piece.

    Raises
    ------
    InvalidInputError
        If there are more than `MAX_CELLS` cells.
    """
    columns = len(contract.numeric_columns) + len(contract.string_columns)
    if rows * columns > MAX_CELLS:
        raise InvalidInputError(
            f"{rows:,} rows of {columns:,} columns are {rows * columns:,} cells; a run takes at"
            f" most {MAX_CELLS:,}.",
            next_step="Leave columns out, or send a sample of the rows.",
        )


def check_texts(rows: Rows, contract: Contract) -> None:
    """Refuse more text than can be held; `InvalidInputError` says how much there is."""
    texts = rows.inputs.strings[:, len(contract.categorical_columns) :]
    size = sum(len(text) for column in texts.T for text in column.tolist())
    if size > MAX_TEXT_BYTES:
        raise InvalidInputError(
            f"The text columns hold {size / 2**20:,.0f} MiB of text; a run takes at most"
            f" {MAX_TEXT_BYTES / 2**20:.0f} MiB.",
            next_step="Leave a text column out, or send a sample of the rows.",
        )


def check_precision(
    ranges: Mapping[str, tuple[float, float]], rounded: Collection[str], contract: Contract
) -> None:
    """Refuse numbers that are all alike to a model, which reads and answers about 7 digits.

    Parameters
    ----------
    ranges : mapping of str to (float, float)
        The lowest and the highest value of each numeric column, and of the target of a regression;
        NaN where there is none.
    rounded : collection of str
        The columns that held whole numbers too large for float32.

    Raises
    ------
    InvalidInputError
        If between them there are fewer than `_MIN_STEPS` of the numbers that float32 knows.
    """
    for name, (low, high) in ranges.items():
        largest = max(abs(low), abs(high))
        if not (low < high or name in rounded) or largest > float(np.finfo(np.float32).max):
            continue
        # Above the largest float32 there is none to measure the step to, below it there is.
        measured = np.minimum(np.float32(largest), _LAST_BUT_ONE)
        if high - low >= _MIN_STEPS * float(np.spacing(measured)):
            continue
        role = "target" if name == contract.target else "column"
        mend = "" if role == "target" else ", or leave the column out"
        raise InvalidInputError(
            f"The {role} {name!r} holds numbers that differ only after the seventh digit, which a"
            " model does not read: it computes with float32.",
            next_step=f"Subtract a constant from all of them in the file{mend}.",
        )


def check_sides(training: Rows, holdout: Rows, contract: Contract) -> None:
    """Refuse a split whose sides are too small to fit or to judge.

    Raises
    ------
    InvalidInputError
        If there are fewer than `MIN_TRAINING_ROWS` training rows, no holdout rows, fewer than 2
        training rows of a class, or one value only to be predicted.
    """
    if len(training) < MIN_TRAINING_ROWS or not len(holdout):
        raise InvalidInputError(
            f"The split leaves {counted(len(training), 'training row')} and"
            f" {counted(len(holdout), 'holdout row')}; a model needs {MIN_TRAINING_ROWS} and 1.",
            next_step="Send more rows, or rows of more groups or times.",
        )
    if contract.task == "regression":
        if training.target.min() == training.target.max():
            raise InvalidInputError(
                "The target has the same value in all training rows, so there is nothing to learn.",
                next_step="Send rows with other values of the target.",
            )
        return
    counts = np.bincount(training.target.astype(np.int64), minlength=len(contract.classes))
    if counts.min() < _MIN_CLASS_ROWS:
        place = int(counts.argmin()) + 1
        raise InvalidInputError(
            f"Class {place} of the {len(counts)} in the data contract has"
            f" {counted(int(counts.min()), 'training row')}; cross-validation needs"
            f" {_MIN_CLASS_ROWS}.",
            next_step="Send more rows of that class, or take it out of the contract.",
        )

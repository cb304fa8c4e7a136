"""What a model goes by, and where it fails: permutation importance and the hardest rows."""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.contract import Contract
from core.inputs import ModelInputs
from core.metrics import row_losses
from training.data.reports import Example, Importance
from training.judge.slices import Answered

HARDEST: Final = 10
SHUFFLES: Final = 3
_MAX_ANSWERS: Final = 60_000  # answers to ask the graph for, in all; keeps the time bounded
_MIN_ROWS: Final = 200
_MAX_TEXT: Final = 200  # of a row that is shown

Predict = Callable[[ModelInputs], NDArray[np.float64]]


def measure_importances(
    contract: Contract, answered: Answered, predict: Predict
) -> tuple[Importance, ...]:
    """Shuffle one column at a time and see how much the loss grows; most important first.

    Breiman, L. (2001), "Random forests", Machine Learning 45. Columns that tell the same hide one
    another: the model finds in one what was shuffled in the other.

    Parameters
    ----------
    predict : callable
        Model inputs to answers. It is asked about a sample of the rows where columns are many.
    """
    names = [column.name for column in contract.numeric_columns]
    strings = [column.name for column in contract.string_columns]
    random = np.random.default_rng(answered.holdout.seed)
    rows = _sample(len(answered.inputs), columns=len(names) + len(strings), random=random)
    inputs = ModelInputs(answered.inputs.numeric[rows], answered.inputs.strings[rows])
    holdout = answered.holdout
    before = float(answered.losses[rows].mean())

    def measure(name: str, shuffled: list[ModelInputs]) -> Importance:
        increases = [
            float(row_losses(holdout.task, predict(each), holdout.target[rows]).mean()) - before
            for each in shuffled
        ]
        return Importance(
            column=name, increase=float(np.mean(increases)), deviation=float(np.std(increases))
        )

    found = [
        measure(name, [_shuffle_numbers(inputs, place, random) for _ in range(SHUFFLES)])
        for place, name in enumerate(names)
    ]
    found += [
        measure(name, [_shuffle_strings(inputs, place, random) for _ in range(SHUFFLES)])
        for place, name in enumerate(strings)
    ]
    return tuple(sorted(found, key=lambda each: (-each.increase, each.column)))


def find_hardest(contract: Contract, answered: Answered) -> tuple[Example, ...]:
    """Return the rows with the largest loss, the worst first."""
    losses = answered.losses
    worst = np.argsort(-losses, kind="stable")[:HARDEST]
    return tuple(
        Example(
            features=_describe_row(contract, answered.inputs, int(row)),
            answer=_describe_answer(answered, int(row)),
            truth=_describe_truth(contract, float(answered.holdout.target[row])),
            loss=float(losses[row]),
        )
        for row in worst
    )


def _sample(rows: int, *, columns: int, random: np.random.Generator) -> NDArray[np.int64]:
    most = max(_MIN_ROWS, _MAX_ANSWERS // (SHUFFLES * max(columns, 1)))
    if rows <= most:
        return np.arange(rows)
    return np.sort(random.choice(rows, most, replace=False))


def _shuffle_numbers(inputs: ModelInputs, place: int, random: np.random.Generator) -> ModelInputs:
    numeric = inputs.numeric.copy()
    numeric[:, place] = random.permutation(numeric[:, place])
    return ModelInputs(numeric, inputs.strings)


def _shuffle_strings(inputs: ModelInputs, place: int, random: np.random.Generator) -> ModelInputs:
    strings = inputs.strings.copy()
    strings[:, place] = random.permutation(strings[:, place])
    return ModelInputs(inputs.numeric, strings)


def _describe_row(
    contract: Contract, inputs: ModelInputs, row: int
) -> dict[str, str | float | bool | None]:
    found: dict[str, str | float | bool | None] = {}
    for column, number in zip(contract.numeric_columns, inputs.numeric[row], strict=True):
        # As a float32 is written, 45.165, and not as the float64 nearest to it, 45.16510009765625.
        known = bool(number) if column.kind == "boolean" else float(str(number))
        found[column.name] = None if np.isnan(number) else known
    for column, text in zip(contract.string_columns, inputs.strings[row].tolist(), strict=True):
        found[column.name] = _shorten(text) or None
    return found


def _shorten(text: str) -> str:
    return text if len(text) <= _MAX_TEXT else f"{text[: _MAX_TEXT - 1]}…"


def _describe_answer(answered: Answered, row: int) -> float:
    if answered.holdout.task == "regression":
        return float(answered.answers[row, 0])
    return float(answered.answers[row, int(answered.holdout.target[row])])


def _describe_truth(contract: Contract, target: float) -> str | float:
    return target if contract.task == "regression" else contract.classes[int(target)]

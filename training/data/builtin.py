"""Data sets that need no file: the simulated business, and real ones that scikit-learn carries."""

import csv
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from core.contract import Column, Contract, Task
from core.errors import InvalidInputError
from training.data.simulator import (
    BREAKS,
    DEFAULT_DIRTY_SHARE,
    NORMAL,
    World,
    contract,
    simulate,
    to_csv,
)

DEFAULT_ROWS: Final = 6000

DESCRIPTIONS: Final = {
    "subscriptions": "simulated customers of a subscription business: who leaves? (two classes)",
    "breast-cancer": "569 tumours, 30 measures of cell nuclei: malignant or benign? (two classes)",
    "wine": "178 wines, 13 chemical measures: which cultivar? (three classes)",
    "diabetes": "442 patients, 10 measures: disease progression after a year (a number)",
    "digits": "1,797 handwritten digits, 8 x 8 pixels: which digit? (ten classes)",
}
"""The built-in data sets by name, each with one line for a list."""


@dataclass(frozen=True, slots=True)
class LandedFile:
    """A file ready to land in the data bucket.

    Attributes
    ----------
    name : str
        The dataset.
    filename : str
        The file's name.
    csv : bytes
        Its content.
    contract : Contract
        The data contract that it is to be read with.
    source : dict
        Where it came from, for ``contracts/{dataset}.source.json``.
    """

    name: str
    filename: str
    csv: bytes
    contract: Contract
    source: dict[str, str | int | float]


def builtin(name: str) -> LandedFile:
    """Return a built-in data set; the same bytes every time.

    Raises
    ------
    InvalidInputError
        If there is none of that name.
    """
    if name == "subscriptions":
        return subscriptions()
    if name not in _LOADERS:
        raise InvalidInputError(
            f"There is no built-in data set {name!r}; there are: {', '.join(DESCRIPTIONS)}.",
            next_step="Choose one of these, or add a file: loop data add FILE --target COLUMN",
        )
    return _LOADERS[name]()


def subscriptions(
    *,
    rows: int = DEFAULT_ROWS,
    seed: int = 0,
    world_name: str = "normal",
    dirty_share: float = DEFAULT_DIRTY_SHARE,
) -> LandedFile:
    """Return a training file of the simulated business, from the normal world or a broken one.

    Raises
    ------
    InvalidInputError
        If there is no world of that name.
    """
    world = find_world(world_name)
    body = to_csv(simulate(rows, seed=seed, world=world), seed=seed, dirty_share=dirty_share).body
    source: dict[str, str | int | float] = {
        "kind": "simulator",
        "rows": rows,
        "seed": seed,
        "world": world_name,
        "dirty_share": dirty_share,
    }
    return LandedFile("subscriptions", "subscriptions.csv", body, contract(), source)


def find_world(name: str) -> World:
    """Return the simulator's world of that name: ``normal``, or one of its breaks.

    Raises
    ------
    InvalidInputError
        If there is none.
    """
    if name == "normal":
        return NORMAL
    if name not in BREAKS:
        raise InvalidInputError(
            f"There is no world {name!r}; there are: normal, {', '.join(BREAKS)}.",
            next_step="Choose one of these.",
        )
    return BREAKS[name].world


def _load_breast_cancer() -> LandedFile:
    data = _load("load_breast_cancer")
    columns = [_amount(_snake_case(name)) for name in data.feature_names]
    # scikit-learn counts malignant as 0; what is looked for is malignant, so it comes last here.
    return _land(
        "breast-cancer", data, columns, target="diagnosis", task="binary",
        classes=("benign", "malignant"), labels=("malignant", "benign"),
    )  # fmt: skip


def _load_wine() -> LandedFile:
    data = _load("load_wine")
    columns = [_amount(_snake_case(name)) for name in data.feature_names]
    classes = tuple(str(name) for name in data.target_names)
    return _land(
        "wine", data, columns, target="cultivar", task="multiclass",
        classes=classes, labels=classes,
    )  # fmt: skip


def _load_diabetes() -> LandedFile:
    data = _load("load_diabetes", scaled=False)
    columns = [
        _amount("age_years", sensitive=True),
        # The source codes the sex as 1 and 2 and does not say which is which.
        Column(
            name="sex", kind="categorical", nullable=False, categories=("1", "2"), sensitive=True
        ),
        _amount("body_mass_index"),
        _amount("blood_pressure"),
        _amount("total_cholesterol"),
        _amount("low_density_lipoproteins"),
        _amount("high_density_lipoproteins"),
        _amount("total_to_hdl_cholesterol"),
        _amount("log_triglycerides"),
        _amount("blood_sugar"),
    ]
    return _land("diabetes", data, columns, target="disease_progression", task="regression")


def _load_digits() -> LandedFile:
    data = _load("load_digits")
    columns = [
        Column(name=f"pixel_{row}_{place}", kind="numeric", nullable=False, minimum=0, maximum=16)
        for row in range(8)
        for place in range(8)
    ]
    classes = tuple(str(digit) for digit in range(10))
    return _land(
        "digits", data, columns, target="digit", task="multiclass", classes=classes, labels=classes
    )


def _load(loader: str, **options: bool) -> Any:  # noqa: ANN401 (scikit-learn's Bunch is untyped)
    # Imported here: naming the data sets must not cost a second of importing scikit-learn.
    from sklearn import datasets  # noqa: PLC0415

    return getattr(datasets, loader)(**options)


def _land(
    name: str,
    data: Any,  # noqa: ANN401 (scikit-learn's Bunch is untyped)
    columns: list[Column],
    *,
    target: str,
    task: Task,
    classes: tuple[str, ...] = (),
    labels: tuple[str, ...] = (),
) -> LandedFile:
    """Write a Bunch as CSV; `labels` name its coded targets, a number is written as it is."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*(column.name for column in columns), target])
    for row, outcome in zip(data.data.tolist(), data.target.tolist(), strict=True):
        cells = [f"{value:.12g}" for value in row]
        writer.writerow([*cells, labels[outcome] if labels else f"{outcome:.12g}"])
    declared = Contract(
        dataset=name, task=task, target=target, classes=classes, columns=tuple(columns)
    )
    body = text.getvalue().encode()
    return LandedFile(name, f"{name}.csv", body, declared, {"kind": "builtin", "name": name})


def _amount(name: str, *, sensitive: bool = False) -> Column:
    return Column(name=name, kind="numeric", nullable=False, minimum=0, sensitive=sensitive)


def _snake_case(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


_LOADERS: Final[dict[str, Callable[[], LandedFile]]] = {
    "breast-cancer": _load_breast_cancer,
    "wine": _load_wine,
    "diabetes": _load_diabetes,
    "digits": _load_digits,
}

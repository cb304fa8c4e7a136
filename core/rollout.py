"""When a version is tried on live requests: a challenger answers some, a shadow mirrors some.

What a challenger or a shadow takes is a part of its alias (`core.records.Traffic`), so it is moved
by compare-and-swap, has a history, and is followed without a deployment.
"""

from typing import TYPE_CHECKING, Literal

from core.errors import InvalidInputError

if TYPE_CHECKING:
    from core.contract import Contract
    from core.records import AliasState

TrialName = Literal["challenger", "shadow"]


def is_on(trial: "AliasState | None", champion: "AliasState | None") -> bool:
    """Tell whether an alias takes requests at present.

    A challenger is compared with one champion: it stops when another one is promoted, and goes on
    when that is rolled back. A shadow mirrors whatever answers. Neither tries the champion itself.
    """
    if trial is None or champion is None or not trial.share:
        return False
    is_other = trial.version != champion.version
    return is_other and trial.against in (None, champion.version)


def check_alike(champion: "Contract", other: "Contract") -> None:
    """Raise `InvalidInputError` if two versions cannot answer the same requests."""
    same = (champion.task, champion.classes, _list_fields(champion)) == (
        other.task,
        other.classes,
        _list_fields(other),
    )
    if not same:
        raise InvalidInputError(
            "The version's data contract differs from the champion's in its task, classes or"
            " fields, so it cannot answer the same requests.",
            next_step="loop compare VERSION VERSION shows both; train on the present contract.",
        )


def name_experiment(state: "AliasState") -> str:
    """Return an experiment's name among those of all models: what keys are drawn with."""
    return f"{state.model}/{state.experiment}"


def _list_fields(contract: "Contract") -> set[tuple[str, str]]:
    return {(column.name, column.kind) for column in contract.columns}

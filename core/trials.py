"""Starting and ending a trial of a version on live requests."""

from core.bundle import load_manifest
from core.errors import InvalidInputError, NotFoundError
from core.records import AliasState, Traffic
from core.registry import Registry
from core.rollout import TrialName, check_alike, is_on
from core.store import ObjectStore


def start_trial(
    store: ObjectStore,
    model: str,
    trial: TrialName,
    *,
    version: int | None,
    share: float,
    reason: str,
    changed_by: str,
) -> AliasState:
    """Let a version answer, or mirror, a share of the requests; 0 ends it.

    Another share of what runs already goes on with the same experiment, so that callers keep their
    arms as far as the share allows. Everything else begins another one.

    Parameters
    ----------
    version : int or None
        None is the one that the alias points at.
    share : float
        0 to 1.

    Raises
    ------
    InvalidInputError
        If the version cannot be tried.
    NotFoundError
        If there is no champion, or no such version.
    ConflictError
        If the alias is moved by somebody else meanwhile.
    """
    if not 0 <= share <= 1:
        command = "split --challenger 0.1" if trial == "challenger" else "shadow --share 1"
        raise InvalidInputError(
            "A share is a number from 0 to 1.", next_step=f"loop {command} --model {model}"
        )
    registry = Registry(store)
    champion = registry.alias(model)
    if champion is None:
        raise NotFoundError(
            f"{model} has no champion, so there is nothing to compare with.",
            next_step=f"loop models {model}",
        )
    current = registry.alias(model, trial)
    chosen = _choose_version(model, trial, version, current)
    if share:
        _check_version(store, registry, champion, chosen)
    traffic = Traffic(share, against=champion.version if trial == "challenger" else None)
    if current and current.version == chosen and (is_on(current, champion) or not share):
        # An experiment that ends after a promotion was still against the champion before.
        traffic = Traffic(share, experiment=current.experiment, against=current.against)
    return registry.move_alias(
        model,
        trial,
        to=chosen,
        expected_revision=current.revision if current else 0,
        reason=reason,
        changed_by=changed_by,
        traffic=traffic,
    )


def _choose_version(
    model: str, trial: TrialName, version: int | None, current: AliasState | None
) -> int:
    if version is not None:
        return version
    if current is None:
        command = f"loop {'split --challenger 0.1 --version' if trial == 'challenger' else trial}"
        raise NotFoundError(
            f"{model} has no {trial} yet, so the version must be named.",
            next_step=f"{command} VERSION (loop models {model} lists them)",
        )
    return current.version


def _check_version(
    store: ObjectStore, registry: Registry, champion: AliasState, version: int
) -> None:
    if version == champion.version:
        raise InvalidInputError(
            f"Version {version} of {champion.model} is the champion already.",
            next_step=f"Choose another one out of 'loop models {champion.model}'.",
        )
    found = registry.version(champion.model, version)
    present = registry.version(champion.model, champion.version)
    check_alike(
        load_manifest(store, present.bundle_id).contract,
        load_manifest(store, found.bundle_id).contract,
    )

"""A model version that answers: verified, compiled, and never changed."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.errors import IntegrityError, UnavailableError
from core.promises import Bundle, get_graph
from core.store import ObjectStore
from lambdas.inference.predictor import Predictor
from lambdas.inference.registry import QuickRegistry, load_manifest

if TYPE_CHECKING:
    from core.contract import Contract
    from core.records import AliasState, ModelVersion
    from lambdas.inference.mirroring import Desk


class NoModelError(UnavailableError):
    """There is no model to answer with yet; trying again later may help."""


@dataclass(frozen=True, slots=True)
class Arm:
    """A version that is tried beside a champion.

    Attributes
    ----------
    share : float
        Of the requests, 0 to 1.
    experiment : str
        Its name among the model's.
    salt : str
        Its name among those of all models, which keys are drawn with.
    served : Served or None
        None while it cannot be loaded.
    """

    share: float
    experiment: str
    salt: str
    served: "Served | None"


@dataclass(frozen=True, slots=True)
class Rollout:
    """What is tried beside a champion: one or both.

    Attributes
    ----------
    desk : Desk
        Counts the arms' answers, and asks the shadow off the requests' path.
    """

    challenger: Arm | None
    shadow: Arm | None
    desk: "Desk"


@dataclass(frozen=True, slots=True)
class Served:
    """A model version that is loaded and answers.

    `rollout` is None but for a champion that something is tried beside. `is_fallback` tells that
    the version cannot answer, and its prior does.
    """

    alias: "AliasState"
    version: "ModelVersion"
    predictor: Predictor
    rollout: Rollout | None = None
    is_fallback: bool = False

    @property
    def contract(self) -> "Contract":
        """The data contract of this version."""
        return self.predictor.manifest.contract


def load_served(alias: "AliasState", registry: QuickRegistry, store: ObjectStore) -> Served:
    """Load the version that an alias points at.

    Raises
    ------
    NotFoundError
        If the version or its bundle is gone.
    IntegrityError
        If the bundle is not what its id promises, or not what may be served.
    UnavailableError
        If the bucket does not answer.
    """
    version = registry.version(alias.model, alias.version)
    manifest = load_manifest(store, version.bundle_id)
    graph = get_graph(store, version.bundle_id, manifest)
    if manifest.model != alias.model:
        raise IntegrityError("The bundle belongs to another model.")
    return Served(alias, version, Predictor(Bundle(version.bundle_id, manifest, graph)))

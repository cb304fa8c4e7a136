"""What answers while a model cannot: the prior, which knows nothing of the row that is asked.

It is declared for a deployment (the setting `fallback`) or not there at all. The manifest holds it:
what the baseline answers to any row, the shares of the classes or the mean. So a graph that is
broken, or gone, does not matter.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.errors import IntegrityError
from core.inputs import CodedInputs, ModelInputs
from core.store import ObjectStore
from lambdas.inference.predictor import Predictor
from lambdas.inference.registry import QuickRegistry, load_manifest, without_tag
from lambdas.inference.served import Served

if TYPE_CHECKING:
    from core.manifest import Manifest
    from core.records import AliasState


class PriorPredictor(Predictor):
    """Answers every row alike.

    Parameters
    ----------
    manifest : Manifest
        One that holds a prior.
    """

    def __init__(self, manifest: "Manifest") -> None:
        if manifest.prior is None:
            raise IntegrityError("The manifest holds no prior to fall back to.")
        self._read(manifest)
        self.takes_codes = False
        self._prior = np.array([manifest.prior], np.float32)

    def score(self, inputs: ModelInputs | CodedInputs) -> NDArray[np.float32]:
        """Return the prior for each row; see `Predictor.score`."""
        return np.repeat(self._prior, len(inputs), axis=0)


def load_prior(alias: "AliasState", registry: QuickRegistry, store: ObjectStore) -> Served:
    """Make a version that answers with the prior of the one that an alias points at.

    Raises
    ------
    NotFoundError, IntegrityError, UnavailableError
        If not even its manifest can be read, or holds no prior.
    """
    version = registry.version(alias.model, alias.version)
    manifest = load_manifest(store, version.bundle_id)
    if manifest.model != alias.model:
        raise IntegrityError("The bundle belongs to another model.")
    # Without its tag the alias counts as changed, so that the version itself is tried again.
    return Served(without_tag(alias), version, PriorPredictor(manifest), is_fallback=True)

"""The records of the registry, as they lie in the bucket."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, FiniteFloat, PositiveInt

from core import keys
from core.strict_json import canonical_json

AliasName = Literal["champion", "challenger", "shadow"]
ALIASES: tuple[AliasName, ...] = ("champion", "challenger", "shadow")


class Record(BaseModel):
    """What all of them share: frozen, no unknown fields, one way to be written."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    def to_json(self) -> bytes:
        """Return the record as it is stored."""
        return canonical_json(self.model_dump(mode="json"))


class ModelVersion(Record):
    """A registered bundle: version 1, 2, 3 … of a model."""

    model: Annotated[str, Field(pattern=keys.NAME_PATTERN)]
    version: PositiveInt
    bundle_id: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    run_id: str
    dataset_version: str
    candidate: str
    metrics: dict[str, FiniteFloat]
    registered_at: AwareDatetime


class AliasState(Record):
    """Where an alias points, and how it came there.

    Attributes
    ----------
    revision : int
        1, 2, 3 …: one more with every move.
    previous_version : int or None
        Where it pointed before.
    etag : str
        Names this state in the store; not a part of the record. Empty in a history.
    """

    model: Annotated[str, Field(pattern=keys.NAME_PATTERN)]
    alias: AliasName
    version: PositiveInt
    revision: PositiveInt
    previous_version: PositiveInt | None
    changed_at: AwareDatetime
    changed_by: Annotated[str, Field(max_length=256)]
    reason: Annotated[str, Field(max_length=1024)]
    etag: str = Field(default="", exclude=True, repr=False)


class DefaultModel(Record):
    """The model that answers when a request names none."""

    model: Annotated[str, Field(pattern=keys.NAME_PATTERN)]

"""The records of the registry, as they lie in the bucket."""

from typing import Annotated, Literal, NamedTuple

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, FiniteFloat, PositiveInt

from core import keys
from core.strict_json import canonical_json

AliasName = Literal["champion", "challenger", "shadow"]
ALIASES: tuple[AliasName, ...] = ("champion", "challenger", "shadow")


class Traffic(NamedTuple):
    """What an alias takes of the requests; the champion takes what is left, and says nothing.

    Attributes
    ----------
    share : float or None
        Of the requests, 0 to 1: those that a challenger answers, or that a shadow mirrors.
    experiment : str or None
        The experiment that goes on; None begins another one, named after alias and revision.
    against : int or None
        The champion that a challenger is compared with.
    """

    share: float | None = None
    experiment: str | None = None
    against: int | None = None


_WHERE_GIVEN = frozenset({*Traffic._fields, "promoted"})


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
    share, experiment, against
        What it takes of the requests; see `Traffic`. Written only where it takes any.
    promoted : True or None
        True in a promotion of a champion. A rollback's record says nothing; nor did a promotion's
        until November 2026, when the two differed only by where they went.
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
    share: Annotated[float, Field(ge=0, le=1)] | None = None
    experiment: Annotated[str, Field(max_length=64)] | None = None
    against: PositiveInt | None = None
    promoted: Literal[True] | None = None
    etag: str = Field(default="", exclude=True, repr=False)

    def to_json(self) -> bytes:
        """Return the record as it is stored: without what no alias but these has."""
        content = self.model_dump(mode="json").items()
        return canonical_json({n: v for n, v in content if v is not None or n not in _WHERE_GIVEN})


class DefaultModel(Record):
    """The model that answers when a request names none."""

    model: Annotated[str, Field(pattern=keys.NAME_PATTERN)]

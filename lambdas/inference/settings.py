"""What the function is told by its environment, read once."""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from core.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of the inference function.

    Attributes
    ----------
    bucket : str
        Name of the data bucket (``BUCKET``).
    stage : str
        ``dev`` or ``prod`` (``STAGE``): a dimension of every metric.
    capture_share : float
        Share of the requests whose predictions are kept, 0 to 1 (``CAPTURE_SHARE``).
    alias_refresh_s : float
        Seconds that an alias is trusted before it is looked at again (``ALIAS_REFRESH_S``).
    capture_stream : str
        Name of the Firehose stream that captures go through (``CAPTURE_STREAM``); empty writes them
        to the bucket directly.
    has_prior : bool
        Whether the baseline's prior answers for a model that cannot be loaded (``FALLBACK`` is
        ``true``).
    """

    bucket: str
    stage: str = "dev"
    capture_share: float = 1.0
    alias_refresh_s: float = 2.0
    capture_stream: str = ""
    has_prior: bool = False

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read the settings, or raise `InvalidInputError` naming the variable that is wrong."""
        bucket = environment.get("BUCKET", "")
        if not bucket:
            raise InvalidInputError(
                "The environment variable BUCKET is not set.",
                next_step="Set it to the name of the data bucket.",
            )
        return cls(
            bucket=bucket,
            stage=environment.get("STAGE") or "dev",
            capture_share=_read_number(environment, "CAPTURE_SHARE", default=1.0, maximum=1.0),
            alias_refresh_s=_read_number(
                environment, "ALIAS_REFRESH_S", default=2.0, maximum=3600.0
            ),
            capture_stream=environment.get("CAPTURE_STREAM", ""),
            has_prior=_read_flag(environment, "FALLBACK"),
        )


def _read_flag(environment: Mapping[str, str], name: str) -> bool:
    text = environment.get(name) or "false"
    if text not in ("true", "false"):
        raise InvalidInputError(f"The environment variable {name} must be true or false.")
    return text == "true"


def _read_number(
    environment: Mapping[str, str], name: str, *, default: float, maximum: float
) -> float:
    text = environment.get(name)
    if not text:
        return default
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number <= maximum:
        raise InvalidInputError(
            f"The environment variable {name} must be a number from 0 to {maximum:g}."
        )
    return number

"""The machine that builds."""

import platform
import sys
from dataclasses import dataclass
from typing import Literal

Architecture = Literal["arm64", "x86_64"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """The machine that builds: it decides what the local cloud can run.

    Attributes
    ----------
    python : str
        Version of the running interpreter, such as ``"3.11"``.
    architecture : {"arm64", "x86_64"}
        Its processor, by AWS's name.
    """

    python: str
    architecture: Architecture

    @classmethod
    def this(cls) -> "Host":
        """Describe the running interpreter and its machine."""
        arm = platform.machine().lower() in {"arm64", "aarch64"}
        return cls(
            python=f"{sys.version_info.major}.{sys.version_info.minor}",
            architecture="arm64" if arm else "x86_64",
        )

"""Which interpreter, system and processor a package is built for."""

import platform
import sys
from dataclasses import dataclass

from cdk.config import Config


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """What a package is built for.

    Attributes
    ----------
    label : str
        A short name for files and messages.
    python : str
        Minor version of the interpreter, such as ``"3.12"``.
    wheels : str or None
        Platform name as ``uv`` knows it; None for the machine that builds.
    """

    label: str
    python: str
    wheels: str | None

    @classmethod
    def of(cls, config: Config) -> "Platform":
        """Return the platform that will run a deployment's functions."""
        minor = config.python.replace(".", "")
        if config.runs_here:
            machine = platform.machine().lower()
            return cls(
                label=f"{sys.platform}-{machine}-py{minor}", python=config.python, wheels=None
            )
        # Lambda's Python 3.12 and 3.13 run on Amazon Linux 2023, whose C library is glibc 2.34.
        machine = "aarch64" if config.architecture == "arm64" else "x86_64"
        return cls(
            label=f"aws-{machine}-py{minor}",
            python=config.python,
            wheels=f"{machine}-manylinux_2_34",
        )

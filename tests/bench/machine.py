"""What a measurement was made on: a ratio without it tells a stranger little."""

import os
import platform
from importlib.metadata import version
from pathlib import Path


def describe_machine(*packages: str) -> str:
    """Return processor, system, Python and the versions of `packages`, in one line."""
    versions = ", ".join(f"{package} {version(package)}" for package in packages)
    return (
        f"{os.cpu_count()} processors ({_processor()}), {platform.system()} {platform.machine()},"
        f" Python {platform.python_version()}, {versions}"
    )


def _processor() -> str:
    listing = Path("/proc/cpuinfo")
    lines = listing.read_text().splitlines() if listing.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or "unknown"

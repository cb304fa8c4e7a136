"""Which kernels numbers are computed with, so that two machines agree to the last bit.

OpenBLAS and NumPy choose among kernels by the processor that they find, and kernels add up in
different orders. The variables below name the kernels that every machine of an architecture has;
they are read once, when NumPy is imported, so a process must be given them before it begins.
"""

import os
import platform
from collections.abc import Mapping
from typing import Final

UNPINNED: Final = "chosen by the machine"

_NAMES: Final = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}
_LEVELS: Final = {"x86_64": "x86-64-v3", "arm64": "armv8-a"}
_VARIABLES: Final[dict[str, dict[str, str]]] = {
    "x86_64": {
        # https://github.com/OpenMathLib/OpenBLAS#dynamic_arch: every processor since 2013, and
        # all that Lambda runs on, has what these kernels need.
        "OPENBLAS_CORETYPE": "Haswell",
        # https://numpy.org/doc/stable/reference/simd/build-options.html
        "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
    },
    "arm64": {"OPENBLAS_CORETYPE": "ARMV8"},
}
# Threads would each add up a part, and there are as many parts as cores.
_THREADS: Final = {"OPENBLAS_NUM_THREADS": "1"}


def name_machine(machine: str | None = None) -> str:
    """Return the architecture, ``x86_64`` or ``arm64``, by any of its names; this one's if None."""
    found = machine or platform.machine()
    return _NAMES.get(found.lower(), found)


def pinned_variables(machine: str | None = None) -> dict[str, str]:
    """Return the environment variables that fix the kernels of an architecture.

    Examples
    --------
    >>> pinned_variables("arm64")
    {'OPENBLAS_CORETYPE': 'ARMV8', 'OPENBLAS_NUM_THREADS': '1'}
    """
    return _VARIABLES.get(name_machine(machine), {}) | _THREADS


def name_arithmetic(environment: Mapping[str, str] = os.environ) -> str:
    """Return the level whose kernels a process was given, or `UNPINNED`."""
    wanted = pinned_variables()
    is_pinned = all(environment.get(name) == value for name, value in wanted.items())
    return _LEVELS.get(name_machine(), UNPINNED) if is_pinned else UNPINNED

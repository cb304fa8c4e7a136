"""What goes into each Lambda package, and what is left out of it.

Lambda takes 250 MiB unzipped, and no local cloud enforces that. No package can hold scikit-learn,
ONNX export, onnxruntime and a Parquet reader at once: that is why the workflow is cut where it is.
"""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Literal

PackageName = Literal["tables", "fit", "evaluate", "control", "inference", "batch"]

MIB = 1024 * 1024
LIMIT_MIB = 240
INFERENCE_LIMIT_MIB = 130  # what must be unpacked and read before a cold function answers


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How one package is made.

    Attributes
    ----------
    sources : tuple of str
        Folders of the project that are copied, relative to its root.
    handlers : tuple of str
        Modules with a ``handler`` function that run from this package.
    dropped : tuple of str
        Installed paths that this package does without, as patterns (``*`` crosses folders).
    limit_mib : int
        The largest size, unzipped.
    """

    sources: tuple[str, ...]
    handlers: tuple[str, ...]
    dropped: tuple[str, ...] = ()
    limit_mib: int = LIMIT_MIB


_STEPS = ("core", "training", "lambdas/steps")

# onnxruntime's Python module holds the whole engine: the shared library beside it serves C++
# programs. Its protobuf and flatbuffers readers belong to the tools that are dropped here too.
_ONNXRUNTIME = (
    "onnxruntime/capi/libonnxruntime.so*",
    "onnxruntime/transformers/*",
    "onnxruntime/tools/*",
    "onnxruntime/quantization/*",
    "onnxruntime/datasets/*",
    "google/*",
    "flatbuffers/*",
)

RECIPES: dict[PackageName, Recipe] = {
    "tables": Recipe(
        sources=_STEPS,
        handlers=("lambdas.steps.validate", "lambdas.steps.split"),
    ),
    "fit": Recipe(
        sources=_STEPS,
        handlers=("lambdas.steps.candidate",),
        dropped=("onnx/backend/*",),
    ),
    "evaluate": Recipe(
        sources=_STEPS,
        handlers=("lambdas.steps.evaluate",),
        dropped=_ONNXRUNTIME,
    ),
    "control": Recipe(
        sources=(*_STEPS, "lambdas/monitor"),
        handlers=(
            "lambdas.steps.gate",
            "lambdas.steps.register",
            "lambdas.steps.promote",
            "lambdas.steps.record",
            "lambdas.monitor.handler",
        ),
    ),
    "inference": Recipe(
        sources=("core", "lambdas/inference"),
        handlers=("lambdas.inference.handler",),
        dropped=_ONNXRUNTIME,
        limit_mib=INFERENCE_LIMIT_MIB,
    ),
    "batch": Recipe(
        # Whole files are read as training reads them, and answered as the endpoint answers.
        sources=("core", "training/data", "lambdas/batch", "lambdas/inference"),
        handlers=("lambdas.batch.plan", "lambdas.batch.score", "lambdas.batch.finish"),
        dropped=_ONNXRUNTIME,
    ),
}

# Left out of every package: tests, stubs, headers, static libraries, sources of compiled modules,
# command-line entry points, example data, and the installer's own notes. A distribution's METADATA
# and entry points stay, because versions are asked for and plug-ins found through them.
_FOLDERS = frozenset({"tests", "__pycache__", "include", "bin", "sboms"})
_SUFFIXES = frozenset(
    {
        ".a", ".c", ".cc", ".cpp", ".cu", ".f", ".f90", ".h", ".hpp", ".lib", ".pdb", ".proto",
        ".pxd", ".pxi", ".pyi", ".pyx", ".tp",
    }
)  # fmt: skip
_NAMES = frozenset({"RECORD", "INSTALLER", "REQUESTED", "WHEEL", "py.typed", ".lock"})
_PATTERNS = (
    "joblib/test/*",
    "numpy/distutils/*",
    "numpy/random/lib/*",
    "scipy/datasets/*",
    # What scikit-learn's estimators never import.
    "scipy/cluster/*",
    "scipy/differentiate/*",
    "scipy/fftpack/*",
    "scipy/io/*",
    "scipy/misc/*",
    "scipy/odr/*",
    "scipy/signal/*",
    "sklearn/datasets/data/*",
    "sklearn/datasets/descr/*",
    "sklearn/datasets/images/*",
)


def is_dropped(path: PurePosixPath, recipe: Recipe) -> bool:
    """Tell whether an installed file is left out of a package.

    Parameters
    ----------
    path : PurePosixPath
        The file, relative to the folder that it was installed in.
    recipe : Recipe
        The package.

    Examples
    --------
    >>> is_dropped(PurePosixPath("numpy/linalg/tests/test_linalg.py"), RECIPES["control"])
    True
    >>> is_dropped(PurePosixPath("numpy.libs/libscipy_openblas.so"), RECIPES["control"])
    False
    """
    return (
        path.name in _NAMES
        or path.suffix in _SUFFIXES
        or not _FOLDERS.isdisjoint(path.parts[:-1])
        or any(fnmatchcase(str(path), pattern) for pattern in (*_PATTERNS, *recipe.dropped))
    )

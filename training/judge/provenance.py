"""What a bundle was made of, and how its measured numbers are written down."""

import hashlib
from collections.abc import Mapping, Sequence
from decimal import ROUND_CEILING, Context

from core.bundle import Parity, Provenance
from core.errors import IntegrityError
from core.strict_json import canonical_json
from training.data import runs
from training.data.environment import describe_environment

DIGITS = 6
"""Of a measured number in a manifest. onnxruntime chooses its kernels by the processor, and no
setting says otherwise: the digits that may differ between two machines are not promised."""


def describe_provenance(
    spec: runs.RunSpec, data: runs.RunData, picked: runs.CandidateResult
) -> Provenance:
    """Put together what the steps say that they computed with, this one last.

    Raises
    ------
    IntegrityError
        If an earlier step did not say it.
    """
    if data.environment is None or picked.environment is None:
        raise IntegrityError(
            f"The run {spec.run_id} does not say what it was made with.",
            next_step="Start the run again.",
        )
    steps = {
        "tables": data.environment,
        "fit": picked.environment,
        "evaluate": describe_environment("evaluate"),
    }
    packages = {name: found for each in steps.values() for name, found in each.packages.items()}
    surroundings = {
        "python": _join([_minor(each.python) for each in steps.values()]),
        "machine": _join([each.machine for each in steps.values()]),
        "arithmetic": _join([each.arithmetic for each in steps.values()]),
        "packages": dict(sorted(packages.items())),
    }
    codes = sorted({each.code_sha256 for each in steps.values()})
    return Provenance(
        dataset_version=data.version,
        spec_sha256=spec.sha256,
        seed=spec.seed,
        # Steps of one run have the same code, unless it was deployed anew between them.
        code_sha256=codes[0] if len(codes) == 1 else _hash(codes),
        locks={name: each.lock_sha256 for name, each in steps.items()},
        environment_sha256=_hash(surroundings),
        **surroundings,
    )


def round_number(value: float) -> float:
    """Return a measured number as a manifest has it.

    Examples
    --------
    >>> round_number(0.8412345678)
    0.841235
    """
    return float(f"{value:.{DIGITS}g}")


def round_numbers(values: Mapping[str, float]) -> dict[str, float]:
    """Return measured numbers as a manifest has them."""
    return {name: round_number(value) for name, value in values.items()}


def round_bounds(bounds: Mapping[str, runs.Bounds]) -> dict[str, runs.Bounds]:
    """Return intervals of measured numbers as a manifest has them."""
    return {name: (round_number(low), round_number(high)) for name, (low, high) in bounds.items()}


def round_parity(parity: Parity) -> Parity:
    """Return a parity whose difference is a bound of one digit, never below what was measured.

    Examples
    --------
    >>> parity = Parity(rows=1, max_abs_difference=2.3e-7, classes_identical=True, tolerance=1e-5)
    >>> round_parity(parity).max_abs_difference
    3e-07
    """
    upwards = Context(prec=1, rounding=ROUND_CEILING)
    bound = float(upwards.create_decimal_from_float(parity.max_abs_difference))
    return parity.model_copy(update={"max_abs_difference": bound})


def _minor(python: str) -> str:
    return ".".join(python.split(".")[:2])


def _join(values: Sequence[str]) -> str:
    return ", ".join(sorted(set(values)))


def _hash(content: object) -> str:
    return hashlib.sha256(canonical_json(content)).hexdigest()

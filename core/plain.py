"""Records read without pydantic, where they are plainly right: for the start of a cold function.

Importing pydantic and making the records' classes takes a function longer than NumPy. What serving
reads was checked by them when it was written, and a bundle's hashes promise its bytes since. So it
is enough to see that every field is there and of its kind; what is not plainly so goes to the
records themselves, which know every rule and find every word. What is read here has the fields of
the record, and goes by its name for the type checker; it has none of its methods.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from core.plain_records import (
    PlainAlias,
    PlainColumn,
    PlainContract,
    PlainInterval,
    PlainManifest,
    PlainPolicies,
    PlainVersion,
)

if TYPE_CHECKING:
    from core.manifest import Manifest
    from core.records import AliasState, ModelVersion

_Check = Callable[[Any], bool]
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,47}")
_HASH: Final = re.compile(r"[0-9a-f]{64}")
_TASKS: Final = {"binary": 2, "multiclass": 3, "regression": 0}


def read_manifest(body: bytes) -> "Manifest | None":
    """Read a manifest, or return None if it is not plainly one."""
    found = _parse(body)
    if found is None or found.keys() != MANIFEST_FIELDS:
        return None
    contract = _read_contract(found["contract"])
    interval = found["interval"]
    if interval is not None:
        if not _fits(interval, _INTERVAL):
            return None
        interval = PlainInterval(**interval)
    if contract is None or not _fits({name: found[name] for name in _MANIFEST}, _MANIFEST):
        return None
    is_whole = found["model"] == contract.dataset and (
        (contract.task == "binary") == (found["decision_threshold"] is not None)
    )
    prior = found["prior"]
    if not is_whole or (prior and len(prior) != (len(contract.classes) or 1)):
        return None
    picked = {name: found[name] for name in PlainManifest._fields if name in found}
    picked |= {"contract": contract, "interval": interval, "body": body}
    picked["prior"] = None if prior is None else tuple(map(float, prior))
    return cast("Manifest", PlainManifest(**picked))


def read_alias(body: bytes, etag: str) -> "AliasState | None":
    """Read an alias's state, or return None if it is not plainly one."""
    found = _parse(body)
    if found is None or not _fits(found, _ALIAS, optional=_WHERE_GIVEN):
        return None
    return cast("AliasState", PlainAlias(**found, etag=etag))


def read_version(body: bytes) -> "ModelVersion | None":
    """Read a version's record, or return None if it is not plainly one."""
    found = _parse(body)
    if found is None or not _fits(found, _VERSION):
        return None
    return cast("ModelVersion", PlainVersion(**found))


def read_default(body: bytes) -> str | None:
    """Read the default model's name, or return None if it is not plainly one."""
    found = _parse(body)
    return str(found["model"]) if found is not None and _fits(found, {"model": _is_name}) else None


def _read_contract(found: object) -> PlainContract | None:
    if not isinstance(found, dict) or not _fits(found, _CONTRACT):
        return None
    columns = [_read_column(column) for column in found["columns"]]
    count = len(found["classes"])
    wanted = _TASKS[found["task"]]
    if None in columns or (count < wanted if wanted == 3 else count != wanted):
        return None
    return PlainContract(
        **{
            **found,
            "classes": tuple(found["classes"]),
            "columns": tuple(columns),
            "ignored": tuple(found["ignored"]),
            "missing": tuple(found["missing"]),
            "policies": PlainPolicies(**found["policies"]),
        }
    )


def _read_column(found: object) -> PlainColumn | None:
    if not isinstance(found, dict) or not _fits(found, _COLUMN):
        return None
    categories = found["categories"]
    return PlainColumn(
        **{
            **found,
            "minimum": None if found["minimum"] is None else float(found["minimum"]),
            "maximum": None if found["maximum"] is None else float(found["maximum"]),
            "categories": None if categories is None else tuple(categories),
        }
    )


def _parse(body: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _fits(
    found: object, checks: Mapping[str, _Check], optional: Mapping[str, _Check] | None = None
) -> bool:
    if not isinstance(found, dict):
        return False
    allowed = {**checks, **(optional or {})}
    return checks.keys() <= found.keys() <= allowed.keys() and all(
        allowed[name](value) for name, value in found.items()
    )


def _is_text(value: object) -> bool:
    return type(value) is str


def _is_name(value: object) -> bool:
    return isinstance(value, str) and _NAME.fullmatch(value) is not None


def _is_hash(value: object) -> bool:
    return isinstance(value, str) and _HASH.fullmatch(value) is not None


def _is_positive(value: object) -> bool:
    return type(value) is int and value > 0


def _is_number(value: object) -> bool:
    return type(value) in (int, float) and abs(cast("float", value)) < 1e300


def _is_share(value: object) -> bool:
    return _is_number(value) and 0 <= cast("float", value) <= 1


def _is_flag(value: object) -> bool:
    return type(value) is bool


def _is_one_of(*words: str) -> _Check:
    return lambda value: value in words if isinstance(value, str) else False


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and set(map(type, value)) <= {str}


def _is_numbers(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_number, value))


def _is_figures(value: object) -> bool:
    return isinstance(value, dict) and all(map(_is_number, value.values()))


def _or_none(check: _Check) -> _Check:
    return lambda value: value is None or check(value)


MANIFEST_FIELDS: Final = frozenset({
    "format", "model", "contract", "candidate", "graph_sha256", "graph_size_bytes",
    "decision_threshold", "calibration", "precision", "interval", "metrics", "baseline_metrics",
    "metric_intervals", "prior", "holdout_rows", "training_rows", "profile", "parity",
    "provenance", "files",
})  # fmt: skip
_MANIFEST: Final[Mapping[str, _Check]] = {
    "format": lambda value: value == 1,
    "model": _is_name,
    "candidate": _is_text,
    "graph_sha256": _is_hash,
    "graph_size_bytes": _is_positive,
    "decision_threshold": _or_none(_is_share),
    "metrics": _is_figures,
    "baseline_metrics": _is_figures,
    "prior": _or_none(_is_numbers),
}
_INTERVAL: Final[Mapping[str, _Check]] = {"coverage": _is_share, "half_width": _is_number}
_COLUMN: Final[Mapping[str, _Check]] = {
    "name": _is_text,
    "kind": _is_one_of("numeric", "categorical", "boolean", "text"),
    "nullable": _is_flag,
    "minimum": _or_none(_is_number),
    "maximum": _or_none(_is_number),
    "categories": _or_none(_is_texts),
    "sensitive": _is_flag,
}
_POLICIES: Final[Mapping[str, _Check]] = {
    "unseen_category": _is_one_of("reject", "as_missing"),
    "out_of_range": _is_one_of("reject", "as_missing", "clip"),
}
_CONTRACT: Final[Mapping[str, _Check]] = {
    "format": lambda value: value == 1,
    "dataset": _is_name,
    "task": _is_one_of(*_TASKS),
    "target": _is_text,
    "classes": _is_texts,
    "columns": lambda value: isinstance(value, list) and bool(value),
    "identifier": _or_none(_is_text),
    "ignored": _is_texts,
    "group": _or_none(_is_text),
    "time": _or_none(_is_text),
    "time_format": _is_text,
    "policies": lambda value: _fits(value, _POLICIES),
    "missing": _is_texts,
    "file": lambda value: isinstance(value, dict),
}
_ALIAS: Final[Mapping[str, _Check]] = {
    "model": _is_name,
    "alias": _is_one_of("champion", "challenger", "shadow"),
    "version": _is_positive,
    "revision": _is_positive,
    "previous_version": _or_none(_is_positive),
    "changed_at": _is_text,
    "changed_by": _is_text,
    "reason": _is_text,
}
_WHERE_GIVEN: Final[Mapping[str, _Check]] = {
    "share": _or_none(_is_share),
    "experiment": _or_none(_is_text),
    "against": _or_none(_is_positive),
    "promoted": lambda value: value is None or value is True,
}
_VERSION: Final[Mapping[str, _Check]] = {
    "model": _is_name,
    "version": _is_positive,
    "bundle_id": _is_hash,
    "run_id": _is_text,
    "dataset_version": _is_text,
    "candidate": _is_text,
    "metrics": _is_figures,
    "registered_at": _is_text,
}

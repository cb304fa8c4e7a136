"""From a raw file and a contract to a dataset version, a quarantine and a summary.

A file that cannot become a dataset is a result ("rejected", with one reason), not an exception:
the workflow branches on it. Nothing is registered by halves: `data.parquet` is written first and
`summary.json` last, and readers go by the summary.
"""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal

from core import keys, parts
from core.closest import find_closest
from core.contract import Contract
from core.counted import counted
from core.errors import IntegrityError, InvalidInputError, NotFoundError
from core.store import ObjectStore
from core.strict_json import canonical_json
from training.data import clean, rules
from training.data.cells import manner_of
from training.data.content import hash_clean_rows
from training.data.own_clean import clean_cells
from training.data.read import MAX_RAW_BYTES, open_raw
from training.data.table import RawTable, fork

MIN_ROWS = 50
MIN_ROWS_PER_CLASS = 10
MAX_BAD_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Validation:
    """What became of a raw file.

    Attributes
    ----------
    status : {'ok', 'rejected'}
        Whether there is a dataset version now.
    dataset, version : str
        Its names; empty where it did not come so far.
    rows, quarantined : int
        Good rows and bad rows.
    reason : str
        Why it was rejected; empty when it was not.
    """

    status: Literal["ok", "rejected"]
    dataset: str = ""
    version: str = ""
    rows: int = 0
    quarantined: int = 0
    reason: str = ""


def load_contract(store: ObjectStore, dataset: str) -> Contract:
    """Read a dataset's contract from the bucket.

    Raises
    ------
    InvalidInputError
        If there is none, or it is not a contract of this dataset.
    """
    key = keys.contract(dataset)
    try:
        contract = Contract.from_json(store.get(key).body)
    except NotFoundError as error:
        raise InvalidInputError(
            f"The dataset {dataset} has no data contract ({key}).",
            next_step="Add the data with 'loop data add', which writes a contract.",
        ) from error
    if contract.dataset != dataset:
        raise InvalidInputError(f"The data contract at {key} is for another dataset.")
    return contract


def validate_raw(store: ObjectStore, *, raw_key: str, contract: Contract) -> Validation:
    """Turn a landed file into a dataset version.

    Parameters
    ----------
    raw_key : str
        Key of the landed file.
    contract : Contract
        What its rows must look like.

    Returns
    -------
    Validation
        Of status "rejected" when the file or too many of its rows are wrong.
    """
    try:
        body = store.get(raw_key, max_bytes=MAX_RAW_BYTES).body
        name = raw_key.rsplit("/", 1)[-1]
        with open_raw(body, name=name, written=contract.file, keep=False) as raw:
            return _validate_table(store, raw, contract, raw_key=raw_key)
    except (InvalidInputError, NotFoundError, IntegrityError) as error:
        return Validation(status="rejected", dataset=contract.dataset, reason=str(error))


def _validate_table(
    store: ObjectStore, raw: RawTable, contract: Contract, *, raw_key: str
) -> Validation:
    raw, cleaned = clean_cells(raw)
    cells = _describe_cells(raw, contract)
    raw = clean.check_rows(raw, cells, has_identifier=contract.identifier is not None)
    rows = clean.fetch(raw, "SELECT count(*) FROM clean")[0][0]
    quarantined = raw.row_count - rows
    reason = _find_reason_to_reject(raw, contract, rows=rows, quarantined=quarantined)
    with ThreadPoolExecutor(max_workers=1) as beside:
        # The rows are written while they are hashed and counted: each leaves a processor idle at
        # times.
        writing = None if reason else beside.submit(clean.write_clean, fork(raw), cells)
        version = hash_clean_rows(raw, contract)
        if quarantined:
            store.put(keys.quarantine(contract.dataset, version), clean.write_quarantine(raw))
        if writing:
            summary = _summarise(raw, cells, contract, version=version, rows=rows, raw_key=raw_key)
            summary |= _describe_part(cleaned)
            store.put(keys.dataset_data(contract.dataset, version), writing.result())
            store.put(keys.dataset_summary(contract.dataset, version), canonical_json(summary))
    return Validation(
        status="rejected" if reason else "ok",
        dataset=contract.dataset,
        version=version,
        rows=rows,
        quarantined=quarantined,
        reason=reason,
    )


def _describe_cells(raw: RawTable, contract: Contract) -> list[rules.Cell]:
    """Return value and fault of each column: identifier, features, target, group and time."""
    check_columns(raw, contract)
    places = {name: f"c{place}" for place, name in enumerate(raw.columns)}
    cells = [
        rules.describe_feature(column, places[column.name], contract, odd_marks=raw.odd_marks)
        for column in contract.columns
    ]
    target = places[contract.target]
    cells.append(rules.describe_target(contract, target, odd_marks=raw.odd_marks))
    if contract.identifier:
        cells.insert(0, rules.describe_identifier(contract, places[contract.identifier]))
    if contract.group:
        cells.append(rules.describe_group(contract, places[contract.group]))
    if contract.time:
        cell, manner = places[contract.time], manner_of(contract)
        cells.append(rules.describe_time(contract.time, cell, contract.time_format, manner))
    return cells


def check_columns(raw: RawTable, contract: Contract) -> None:
    """See to it that a file has all columns that a contract names.

    Raises
    ------
    InvalidInputError
        If one is absent.
    """
    others = filter(None, (contract.identifier, contract.group, contract.time))
    wanted = [contract.target, *others, *(column.name for column in contract.columns)]
    absent = [name for name in wanted if name not in raw.columns]
    if absent:
        close = find_closest(absent[0], (name for name in raw.columns if name not in wanted))
        raise InvalidInputError(
            _describe_absent(absent, raw, contract),
            next_step=f"rename {close!r} to {absent[0]!r}, in the file, if that is meant"
            if close
            else "correct the first line of the file, or the data contract",
        )


def _describe_absent(absent: list[str], raw: RawTable, contract: Contract) -> str:
    role = "target" if absent[0] == contract.target else "column"
    more = f" (and {len(absent) - 1} more)" if len(absent) > 1 else ""
    hint = ": is the delimiter a comma, semicolon, tab or bar?" if len(raw.columns) == 1 else "."
    count = len(raw.columns)
    return (
        f"The file has no {role} {absent[0]!r}{more}, which the data contract of "
        f"{contract.dataset} names; it has {counted(count, 'column')}{hint}"
    )


def _find_reason_to_reject(
    raw: RawTable, contract: Contract, *, rows: int, quarantined: int
) -> str:
    if quarantined > MAX_BAD_SHARE * raw.row_count:
        (reason, column), count = clean.count_faults(raw).most_common(1)[0]
        where = f" in column {column!r}" if column else ""
        return (
            f"{quarantined} of {raw.row_count} rows break the data contract, more than half;"
            f" most often: {reason}{where} ({counted(count, 'row')})."
        )
    if rows < MIN_ROWS:
        return f"The file has {counted(rows, 'good row')}; a model needs at least {MIN_ROWS}."
    if contract.task == "regression":
        return ""
    target = f"v{len(contract.columns) + (contract.identifier is not None)}"
    counts = dict(clean.fetch(raw, f"SELECT {target}, count(*) FROM clean GROUP BY ALL"))  # noqa: S608
    for place, label in enumerate(contract.classes, start=1):
        found = counts.get(label, 0)
        if found < MIN_ROWS_PER_CLASS:
            return (
                f"Class {place} of the {len(contract.classes)} in the data contract has"
                f" {counted(found, 'good row')}; a model needs at least {MIN_ROWS_PER_CLASS} of"
                " each class."
            )
    return ""


def _describe_part(rows_changed: int) -> dict[str, Any]:
    """Return what the summary says of the learner's own cleaning; nothing where there is none."""
    found = parts.hash_parts(["clean"])
    return {"own_clean": {"sha256": found["clean"], "rows_changed": rows_changed}} if found else {}


def _summarise(
    raw: RawTable,
    cells: list[rules.Cell],
    contract: Contract,
    *,
    version: str,
    rows: int,
    raw_key: str,
) -> dict[str, Any]:
    by_reason: Counter[str] = Counter()
    faults = clean.count_faults(raw)
    for (reason, _), count in faults.items():
        by_reason[reason] += count
    known = {contract.target, contract.identifier, contract.group, contract.time}
    known.update(contract.ignored)
    known.update(column.name for column in contract.columns)
    return {
        "format": 1,
        "dataset": contract.dataset,
        "version": version,
        "raw_key": raw_key,
        "contract_sha256": contract.sha256(),
        "rows": rows,
        "quarantined": raw.row_count - rows,
        "reasons": dict(by_reason),
        "faults": [
            {"reason": reason, "column": column, "rows": count}
            for (reason, column), count in sorted(faults.items())
        ],
        "changed": clean.count_changes(raw, cells),
        "rounded_numbers": clean.count_rounded_numbers(raw, cells),
        "unexpected_columns": [name for name in raw.columns if name not in known],
        "file_columns": list(raw.columns),
    }

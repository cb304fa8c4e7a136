"""A first data contract for any CSV, guessed from the file, with the evidence for every guess.

A guess errs on the careful side: what is unclear is left out, with the reason, and a person who
knows better says so in the contract, which is a plain JSON file.
"""

import difflib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from core.contract import MAX_COLUMNS, Contract, FileFormat
from core.errors import InvalidInputError, NotFoundError
from core.keys import check_name
from training.data.columns import (
    Evidence,
    Guess,
    describe_group,
    describe_identifier,
    describe_missing,
    find_identifier,
    guess_as,
    guess_feature,
)
from training.data.facts import ColumnFacts, measure_column
from training.data.header import describe_file, refuse_missing_header
from training.data.moments import guess_time
from training.data.read import MAX_RAW_BYTES, is_parquet, open_raw
from training.data.stated import Stated, settle
from training.data.suspects import find_likely_leaks
from training.data.table import RawTable
from training.data.target import infer_target
from training.data.validate import MAX_BAD_SHARE

_MAX_NAMES = 40
_MAX_NAME_CHARACTERS = 256
NOTHING = Stated()


@dataclass(frozen=True, slots=True)
class Inferred:
    """A guessed contract.

    Attributes
    ----------
    contract : Contract
        The guess.
    evidence : tuple of Evidence
        One line per column, in the order of the file.
    file : tuple of str
        How the file is written, one sentence for each guess.
    rows : int
        Records in the file.
    ragged_rows : int
        Records with too few or too many fields; they go to the quarantine.
    """

    contract: Contract
    evidence: tuple[Evidence, ...]
    file: tuple[str, ...]
    rows: int
    ragged_rows: int


def infer_contract(
    source: Path | bytes, *, filename: str, target: str, stated: Stated = NOTHING
) -> Inferred:
    """Guess the data contract of a CSV (or Parquet) file.

    Parameters
    ----------
    source : Path or bytes
        The file or its content.
    filename : str
        Its name, for messages and for the dataset's name.
    target : str
        The column to predict.
    stated : Stated, optional
        What need not be guessed.

    Raises
    ------
    NotFoundError
        If there is no such file.
    InvalidInputError
        If the file cannot be read, has no such column, or has nothing to learn from; also if it
        seems to have no header, and nobody has said whether it has one.
    """
    name = check_name(stated.dataset) if stated.dataset else name_dataset(filename)
    body = source if isinstance(source, bytes) else _load(source)
    written = stated.describe_file(body)
    with open_raw(body, name=filename, written=written) as table:
        _check_rows(table, filename)
        _check_names(table, filename)
        facts = [measure_column(table, place) for place in range(len(table.columns))]
        if stated.header is None and not is_parquet(body):
            refuse_missing_header(table, facts, filename)
        _check_roles(table, filename, target=target, stated=stated)
        contract, evidence = _guess(table, facts, name, written, target=target, stated=stated)
        leaks = find_likely_leaks(table, contract)
    evidence = tuple(_warn(each, leaks) for each in evidence)
    return Inferred(
        contract, evidence, describe_file(body, written, stated), table.row_count, len(table.ragged)
    )


def _guess(
    table: RawTable,
    facts: list[ColumnFacts],
    name: str,
    written: FileFormat,
    *,
    target: str,
    stated: Stated,
) -> tuple[Contract, tuple[Evidence, ...]]:
    by_name = {column.name: column for column in facts}
    evidence: dict[str, Evidence] = {}
    aim = infer_target(table, by_name[target], task=stated.task, positive=stated.positive)
    reason = aim.reason + describe_missing(by_name[target])
    evidence[target] = Evidence(target, "target", aim.task, reason)
    taken = {target, stated.group, stated.time}
    free = [column for column in facts if column.name not in taken | set(stated.columns)]
    identifier = stated.identifier or find_identifier(free, target=target)
    if identifier:
        given = stated.identifier is not None
        evidence[identifier] = describe_identifier(by_name[identifier], given=given)
    if stated.group:
        evidence[stated.group] = describe_group(by_name[stated.group])
    moment = guess_time(table, by_name[stated.time]) if stated.time else None
    if moment:
        evidence[moment.evidence.column] = moment.evidence
    guesses = [
        _take_column(table, column, place, stated)
        for place, column in enumerate(facts)
        if column.name not in evidence
    ]
    evidence |= {guess.evidence.column: guess.evidence for guess in guesses}
    features = tuple(guess.column for guess in guesses if guess.column)
    if not features:
        raise InvalidInputError(
            "The file has no column to learn from beside the target: the others are constant, "
            "dates, identifiers or free text.",
            next_step="Add columns with numbers or categories.",
        )
    contract = Contract(
        dataset=name,
        task=aim.task,
        target=target,
        classes=aim.classes,
        columns=features,
        identifier=identifier,
        ignored=tuple(guess.evidence.column for guess in guesses if not guess.column),
        group=stated.group,
        time=stated.time,
        time_format=moment.time_format if moment else "iso",
        policies=stated.policies,
        file=written,
    )
    return contract, tuple(evidence[column] for column in table.columns)


def _take_column(table: RawTable, facts: ColumnFacts, place: int, stated: Stated) -> Guess:
    settings = stated.columns.get(facts.name, {})
    kind = settings.get("kind")
    guess = guess_as(table, facts, place, kind) if kind else guess_feature(table, facts, place)
    if guess.column is None:
        return guess
    return replace(guess, column=settle(guess.column, settings))


def _warn(evidence: Evidence, leaks: Mapping[str, float]) -> Evidence:
    if evidence.column not in leaks:
        return evidence
    share = f"{leaks[evidence.column]:.0%}"
    warning = (
        f"PROBABLE LEAK: tells {share} of the target by itself, so it may be known only"
        f" afterwards (then: --set {evidence.column}.kind=ignored)"
    )
    return replace(evidence, reason=f"{warning}; {evidence.reason}")


def name_dataset(filename: str) -> str:
    """Make a good dataset name of a file's name: ``Telco Churn (2).csv`` → ``telco-churn-2``."""
    # Letters keep their base where they have one: "für" becomes "fur".
    plain = unicodedata.normalize("NFKD", Path(filename).name).encode("ascii", "ignore").decode()
    stem = plain.partition(".")[0].lower()
    name = re.sub(r"[^a-z0-9]+", "-", stem).lstrip("-0123456789")[:48].strip("-")
    return name or "data"


def _load(path: Path) -> bytes:
    try:
        size_bytes = path.stat().st_size
        if path.is_dir():
            raise InvalidInputError(f"{path} is a folder.", next_step="Name a CSV file in it.")
        # Checked before reading: a file of many gigabytes must not fill the memory first.
        if size_bytes > MAX_RAW_BYTES:
            raise InvalidInputError(
                f"{path} has {size_bytes:,} bytes; at most {MAX_RAW_BYTES:,} are read in one file.",
                next_step="Split it into several files.",
            )
        return path.read_bytes()
    except FileNotFoundError:
        raise NotFoundError(
            f"There is no file {path}.", next_step="Check the path; `ls` shows what is there."
        ) from None
    except PermissionError:
        raise InvalidInputError(
            f"{path} may not be read.", next_step=f"Give yourself the right: chmod u+r {path}"
        ) from None


def _check_rows(table: RawTable, filename: str) -> None:
    """Refuse a file of which most rows cannot be cut into the header's columns."""
    if len(table.ragged) <= MAX_BAD_SHARE * table.row_count:
        return
    first = table.ragged[0]
    raise InvalidInputError(
        f"{filename}: {len(table.ragged)} of {table.row_count} rows have another number of fields "
        f"than the header, which has {len(table.columns)}; the first is row {first.row_number}, "
        f"with {len(first.cells)}.",
        next_step="Give every row as many fields as the header (quote a field that holds the "
        "delimiter).",
    )


def _check_names(table: RawTable, filename: str) -> None:
    columns = table.columns
    if len(columns) > MAX_COLUMNS:
        raise InvalidInputError(
            f"{filename} has {len(columns)} columns; at most {MAX_COLUMNS} are read.",
            next_step="Leave out columns that cannot help.",
        )
    for place, column in enumerate(columns, start=1):
        if not column.isprintable() or len(column) > _MAX_NAME_CHARACTERS:
            raise InvalidInputError(
                f"{filename}, row 1: the name of column {place} is not printable, or longer than "
                f"{_MAX_NAME_CHARACTERS} characters.",
                next_step="Give the column a plain name.",
            )


def _check_roles(table: RawTable, filename: str, *, target: str, stated: Stated) -> None:
    named = {
        "target": target,
        "identifier": stated.identifier,
        "group": stated.group,
        "time": stated.time,
    }
    wanted = [(role, column) for role, column in named.items() if column is not None]
    roles: dict[str, str] = {}
    for role, column in [*wanted, *(("a feature", column) for column in stated.columns)]:
        if column not in table.columns:
            raise _no_such_column(column, table.columns, filename)
        if column in roles:
            raise InvalidInputError(
                f"Column {column!r} cannot be both {roles[column]} and {role}.",
                next_step="Choose two different columns.",
            )
        roles[column] = role


def _no_such_column(wanted: str, columns: tuple[str, ...], filename: str) -> InvalidInputError:
    shown = ", ".join(columns[:_MAX_NAMES])
    more = f" and {len(columns) - _MAX_NAMES} more" if len(columns) > _MAX_NAMES else ""
    folded = {column.casefold(): column for column in columns}
    close = difflib.get_close_matches(wanted.casefold(), folded, n=1)
    if len(columns) == 1:
        hint = "One column only: is there a comma, semicolon, tab or bar between the fields?"
    elif close:
        hint = f"Was {folded[close[0]]!r} meant?"
    else:
        hint = "Choose one of these columns."
    return InvalidInputError(
        f"{filename} has no column {wanted!r}; its columns are: {shown}{more}.", next_step=hint
    )

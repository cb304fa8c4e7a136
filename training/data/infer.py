"""A first data contract for any CSV, guessed from the file, with the evidence for every guess.

A guess errs on the careful side: what is unclear is left out, with the reason, and a person who
knows better says so in the contract, which is a plain JSON file.
"""

import difflib
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from core.contract import MAX_COLUMNS, Contract, Task
from core.errors import InvalidInputError, NotFoundError
from core.keys import check_name
from training.data.columns import (
    Evidence,
    Guess,
    describe_identifier,
    describe_missing,
    find_identifier,
    guess_feature,
)
from training.data.facts import ColumnFacts, measure_column
from training.data.read import MAX_RAW_BYTES, RawTable, open_raw
from training.data.target import Target, infer_target
from training.data.validate import MAX_BAD_SHARE

_MAX_NAMES = 40
_MAX_NAME_CHARACTERS = 256


@dataclass(frozen=True, slots=True)
class Inferred:
    """A guessed contract.

    Attributes
    ----------
    contract : Contract
        The guess.
    evidence : tuple of Evidence
        One line per column, in the order of the file.
    rows : int
        Records in the file.
    ragged_rows : int
        Records with too few or too many fields; they go to the quarantine.
    """

    contract: Contract
    evidence: tuple[Evidence, ...]
    rows: int
    ragged_rows: int


def infer_contract(
    source: Path | bytes,
    *,
    filename: str,
    target: str,
    dataset: str | None = None,
    identifier: str | None = None,
    positive: str | None = None,
    task: Task | None = None,
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
    dataset : str, optional
        Name of the dataset; made from `filename` when left out.
    identifier : str, optional
        The column that names a row; guessed when left out.
    positive : str, optional
        The positive class of a binary target; guessed when left out.
    task : {"binary", "multiclass", "regression"}, optional
        Guessed when left out.

    Raises
    ------
    NotFoundError
        If there is no such file.
    InvalidInputError
        If the file cannot be read, has no such column, or has nothing to learn from.
    """
    name = check_name(dataset) if dataset else name_dataset(filename)
    body = source if isinstance(source, bytes) else _load(source)
    with open_raw(body, name=filename) as table:
        _check_rows(table, filename)
        _check_columns(table, filename, target=target, identifier=identifier)
        facts = [measure_column(table, place) for place in range(len(table.columns))]
        aimed = facts[table.columns.index(target)]
        aim = infer_target(table, aimed, task=task, positive=positive)
        named = identifier or find_identifier(facts, target=target)
        guesses = {
            column.name: guess_feature(table, column, place)
            for place, column in enumerate(facts)
            if column.name not in (target, named)
        }
    contract = _assemble(
        name, aim=aim, target=target, identifier=named, guesses=list(guesses.values()),
        filename=filename,
    )  # fmt: skip
    reason = aim.reason + describe_missing(aimed)
    evidence = {name: guess.evidence for name, guess in guesses.items()}
    evidence[target] = Evidence(target, "target", aim.task, reason)
    if named:
        given = identifier is not None
        evidence[named] = describe_identifier(_find(facts, named), given=given)
    ordered = tuple(evidence[column] for column in table.columns)
    return Inferred(contract, ordered, rows=table.row_count, ragged_rows=len(table.ragged))


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


def _check_columns(table: RawTable, filename: str, *, target: str, identifier: str | None) -> None:
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
    for wanted in filter(None, (target, identifier)):
        if wanted not in columns:
            raise _no_such_column(wanted, columns, filename)
    if identifier == target:
        raise InvalidInputError(
            f"Column {target!r} cannot be both target and identifier.",
            next_step="Choose two different columns.",
        )


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


def _assemble(
    dataset: str,
    *,
    aim: Target,
    target: str,
    identifier: str | None,
    guesses: list[Guess],
    filename: str,
) -> Contract:
    features = tuple(guess.column for guess in guesses if guess.column)
    if not features:
        raise InvalidInputError(
            f"{filename} has no column to learn from beside the target: the others are constant, "
            "dates, identifiers or free text.",
            next_step="Add columns with numbers or categories.",
        )
    return Contract(
        dataset=dataset,
        task=aim.task,
        target=target,
        classes=aim.classes,
        columns=features,
        identifier=identifier,
        ignored=tuple(guess.evidence.column for guess in guesses if not guess.column),
    )


def _find(facts: list[ColumnFacts], name: str) -> ColumnFacts:
    return next(column for column in facts if column.name == name)

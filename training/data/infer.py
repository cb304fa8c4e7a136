"""A first data contract for any CSV, guessed from the file, with the evidence for every guess.

A guess errs on the careful side: what is unclear is left out, with the reason, and a person who
knows better says so in the contract, which is a plain JSON file.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from shlex import quote

from core.contract import Contract
from core.errors import InvalidInputError, NotFoundError
from core.keys import check_name
from training.data.checks import check_names, check_roles, check_rows
from training.data.columns import describe_missing, guess_as, guess_feature
from training.data.csv_file import read_delimiter
from training.data.evidence import Evidence, Guess
from training.data.facts import ColumnFacts, Survey
from training.data.header import describe_file, refuse_missing_header
from training.data.identity import describe_group, describe_identifier, find_identifier
from training.data.moments import guess_time
from training.data.read import MAX_RAW_BYTES, is_parquet, open_raw
from training.data.stated import Stated, reads_as_missing, settle
from training.data.style import survey_file
from training.data.suspects import find_likely_leaks
from training.data.target import infer_target

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
    """

    contract: Contract
    evidence: tuple[Evidence, ...]
    file: tuple[str, ...]
    rows: int


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
    delimiter = "" if is_parquet(body) else read_delimiter(body, written)
    with open_raw(body, name=filename, written=written) as raw:
        check_rows(raw, filename)
        check_names(raw, filename)
        survey, facts, notes = survey_file(raw, written, stated, delimiter=delimiter)
        if stated.header is None and not is_parquet(body):
            refuse_missing_header(survey, facts, filename)
        check_roles(raw, filename, target=target, stated=stated)
        contract, evidence = _guess(survey, facts, name, target=target, stated=stated)
        leaks = find_likely_leaks(raw, contract)
    evidence = tuple(_warn(each, leaks) for each in evidence)
    file = describe_file(body, written, stated) + notes
    return Inferred(contract, evidence, file, raw.row_count)


def _guess(
    survey: Survey,
    facts: list[ColumnFacts],
    name: str,
    *,
    target: str,
    stated: Stated,
) -> tuple[Contract, tuple[Evidence, ...]]:
    by_name = {column.name: column for column in facts}
    evidence: dict[str, Evidence] = {}
    aim = infer_target(survey, by_name[target], task=stated.task, positive=stated.positive)
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
    moment = guess_time(survey, by_name[stated.time]) if stated.time else None
    if moment:
        evidence[moment.evidence.column] = moment.evidence
    guesses = [
        _take_column(survey, column, place, stated)
        for place, column in enumerate(facts)
        if column.name not in evidence
    ]
    evidence |= {guess.evidence.column: guess.evidence for guess in guesses}
    features = tuple(guess.column for guess in guesses if guess.column)
    if not features:
        raise InvalidInputError(
            "The file has no column to learn from beside the target: the others are constant, "
            "dates or identifiers.",
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
        missing=stated.missing,
        file=survey.manner.file,
    )
    return contract, tuple(evidence[column] for column in survey.columns)


def _take_column(survey: Survey, facts: ColumnFacts, place: int, stated: Stated) -> Guess:
    settings = stated.columns.get(facts.name, {})
    kind = settings.get("kind")
    guess = guess_as(survey, facts, place, kind) if kind else guess_feature(survey, facts, place)
    if guess.column is None:
        return guess
    column = settle(guess.column, settings)
    if "nullable" not in settings and reads_as_missing(column, stated.policies):
        column = column.model_copy(update={"nullable": True})
    return replace(guess, column=column)


def _warn(evidence: Evidence, leaks: Mapping[str, float]) -> Evidence:
    if evidence.column not in leaks:
        return evidence
    share = f"{leaks[evidence.column]:.0%}"
    warning = (
        f"PROBABLE LEAK: tells {share} of the target by itself, so it may be known only"
        f" afterwards (then: --set {quote(f'{evidence.column}.kind=ignored')})"
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

"""A shard scored, and written as a part of the answer: one row for each row of the file."""

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.bundle import Bundle
from core.contract import Contract
from core.errors import IntegrityError, InvalidInputError
from lambdas.batch.encoding import Rows, check_columns, read_rows
from lambdas.batch.layout import Shard
from lambdas.batch.shards import Fetched
from lambdas.inference.predictor import Predictor
from training.data.cells import quote_name, quote_text, quote_texts
from training.data.table import RawTable

NO_ANSWER = "the model has no finite answer: its numbers are too large"


MAX_LISTED = 20
"""Failures that a count lists; the answer has them all."""

_GROUP_ROWS = 163_840  # of a part: most are one row group
_FORMAT = 3  # of parts: those of another are not gone on with


@dataclass(frozen=True, slots=True)
class Count:
    """What the answer to a shard holds.

    Attributes
    ----------
    rows, failures, warnings : int
        Rows, those without a prediction, and those with a warning.
    listed : list of dict
        The first failures: row, field (empty for the whole row), reason.
    absent : list of str
        The contract's columns that the file does not have, read as missing.
    """

    rows: int
    failures: int
    warnings: int
    listed: list[dict[str, Any]]
    absent: list[str]

    def to_content(self) -> dict[str, Any]:
        """Return it as JSON's own types."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Scorer:
    """A model version that answers shards."""

    predictor: Predictor
    model: str
    version: int
    bundle_id: str

    @property
    def contract(self) -> Contract:
        """The data contract of this version."""
        return self.predictor.manifest.contract

    def name_part(self, digest: str) -> str:
        """Return a name that the answer to a shard has alone, given the digest of the shard."""
        means = (_FORMAT, self.bundle_id, self.model, self.version, digest)
        return hashlib.sha256(repr(means).encode()).hexdigest()

    def score(self, fetched: Fetched, shard: Shard, part: Path) -> Count:
        """Answer a shard and write the part: the same bytes whenever it is done.

        Raises
        ------
        InvalidInputError
            If the shard cannot be read; one sentence.
        IntegrityError
            If it has other rows than it was cut to have.
        """
        with fetched.open(self.contract) as raw:
            as_codes = self.predictor.takes_codes
            raw, rows = read_rows(raw, self.contract, as_codes=as_codes)  # noqa: PLW2901 - as found
            scores = self.predictor.score(rows.inputs) if len(rows.good) else None
            table, reasons = self._collect(raw, rows, scores)
            numbers = table["row_number"]
            if numbers.min() < shard.first_row or numbers.max() >= shard.first_row + shard.rows:
                raise IntegrityError(
                    f"Shard {shard.number} has other rows than it was cut to have."
                )
            order = np.argsort(numbers, kind="stable")
            table = {name: values[order] for name, values in table.items()}
            self._write(raw, rows, table, reasons, part, name=self.name_part(fetched.digest))
            absent = check_columns(raw.columns, self.contract, name=raw.name)
            return _count(rows, table, reasons, absent)

    def _write(
        self,
        raw: RawTable,
        rows: Rows,
        table: dict[str, NDArray[Any]],
        reasons: list[tuple[str, str]],
        part: Path,
        *,
        name: str,
    ) -> None:
        connection = raw.connection
        connection.register("answers", table)
        notes = [(rows.good[place], field, rule) for place, field, rule in rows.notes]
        kinds = sorted({note[1:] for note in notes})
        code = {kind: place for place, kind in enumerate(kinds, start=1)}
        told = {
            "place": np.array([note[0] for note in notes], np.int64),
            "kind": np.array([code[note[1:]] for note in notes], np.int64),
        }
        connection.register("told", told)
        query = self._select(kinds, reasons, name=name)
        beside = part.with_suffix(".tmp")
        target = quote_text(str(beside))
        connection.execute(
            f"COPY ({query}) TO {target} (FORMAT parquet, ROW_GROUP_SIZE {_GROUP_ROWS})"
        ).fetchall()
        beside.replace(part)

    def _collect(
        self, raw: RawTable, rows: Rows, scores: NDArray[np.float32] | None
    ) -> tuple[dict[str, NDArray[Any]], list[tuple[str, str]]]:
        """Return columns over all rows, and the pairs of reason and field that failures mean."""
        regular, count = len(rows.numbers), len(rows.numbers) + len(raw.ragged)
        width = len(self.contract.classes) or 1
        every = np.full((count, width), np.nan, np.float32)
        if scores is not None:
            every[rows.good] = scores
        found = [rows.faults.get(place) for place in rows.faults]
        pairs = sorted({pair for pair in found if pair})
        pairs += [("too few fields", ""), ("too many fields", ""), (NO_ANSWER, "")]
        code = {pair: place for place, pair in enumerate(pairs, start=1)}
        failure = np.zeros(count, np.int64)
        failure[rows.good] = np.where(np.isfinite(every[rows.good]).all(axis=1), 0, len(pairs))
        for place, pair in rows.faults.items():
            failure[place] = code[pair]
        numbers = [row.row_number for row in raw.ragged]
        for place, row in enumerate(raw.ragged, start=regular):
            reason = "too few fields" if len(row.cells) < len(raw.columns) else "too many fields"
            failure[place] = code[reason, ""]
        table: dict[str, NDArray[Any]] = {
            "row_number": np.concatenate([rows.numbers, np.array(numbers, np.int64)]),
            "place": np.arange(count),
            "failure": failure,
            "decision": self._decide(every),
            **{f"p{i}": np.ascontiguousarray(every[:, i]) for i in range(width)},
        }
        if self.contract.identifier:
            named = np.full(count, None, np.object_)
            if rows.identifiers is not None:
                named[:regular] = rows.identifiers
            table["name"] = named
        return table, pairs

    def _decide(self, scores: NDArray[np.float32]) -> NDArray[np.int64]:
        """Return the place of each row's class, from 1; see `Predictor.decide`."""
        threshold = self.predictor.manifest.decision_threshold
        if threshold is None:
            best: NDArray[np.int64] = np.nan_to_num(scores, nan=-1.0).argmax(axis=1) + 1
            return best
        positive: NDArray[np.int64] = (scores[:, 1].astype(np.float64) >= threshold).astype(
            np.int64
        )
        return positive + 1

    def _select(
        self, kinds: list[tuple[str, str]], reasons: list[tuple[str, str]], *, name: str
    ) -> str:
        manifest, classes = self.predictor.manifest, self.contract.classes
        good = "failure = 0"
        named = "name::VARCHAR AS identifier"
        if not self.contract.identifier:
            twelve = "lower(to_base(row_number, 16, 12))"  # in half the time of printf
            named = f"{quote_text(_begin_id(name))} || {twelve} AS prediction_id"
        if classes:
            chances = ", ".join(f"{quote_name(label)} := p{i}" for i, label in enumerate(classes))
            answers = [
                f"CASE WHEN {good} THEN ([{quote_texts(classes)}])[decision] END AS prediction",
                f"CASE WHEN {good} THEN struct_pack({chances}) END AS probability",
            ]
        else:
            answers = [f"CASE WHEN {good} THEN CAST(p0 AS DOUBLE) END AS prediction"]
        if manifest.decision_threshold is not None:
            answers.append(f"{manifest.decision_threshold!r}::DOUBLE AS decision_threshold")
        if manifest.interval is not None and not classes:
            half, share = manifest.interval.half_width, manifest.interval.coverage
            answers.append(
                f"CASE WHEN {good} THEN struct_pack(lower := p0::DOUBLE - {half!r}::DOUBLE,"
                f" upper := p0::DOUBLE + {half!r}::DOUBLE, coverage := {share!r}::DOUBLE)"
                ' END AS "interval"'
            )
        empty = "[]::STRUCT(field VARCHAR, rule VARCHAR)[]"
        # A bare [] would be a column that has no nulls: another kind than where rows have warnings.
        warnings, source = f"CASE WHEN place >= 0 THEN {empty} END", "answers"
        if kinds:
            texts = ", ".join(
                f"{{'field': {quote_text(field)}, 'rule': {quote_text(rule)}}}"
                for field, rule in kinds
            )
            warnings = f"coalesce(warnings, {empty})"
            source = (
                f"answers LEFT JOIN (SELECT place, list(([{texts}])[kind] ORDER BY kind)"  # noqa: S608
                " AS warnings FROM told GROUP BY place) USING (place) ORDER BY row_number"
            )
        fault = ", ".join(quote_text(reason) for reason, _ in reasons)
        field = ", ".join(quote_text(field) for _, field in reasons)
        return (
            f"SELECT row_number, {named}, {', '.join(answers)},"  # noqa: S608
            f" {quote_text(self.model)} AS model, {self.version:d} AS model_version,"
            f" {warnings} AS warnings,"
            f" CASE WHEN failure > 0 THEN ([{fault}])[failure] END AS failure,"
            f" CASE WHEN failure > 0 THEN nullif(([{field}])[failure], '') END AS failure_field"
            f" FROM {source}"
        )


def make_scorer(bundle: Bundle, version: int) -> Scorer:
    """Compile a bundle.

    Raises
    ------
    IntegrityError
        If it cannot be served; see `Predictor`.
    InvalidInputError
        If an answer cannot have a column for each of its classes.
    """
    classes = bundle.manifest.contract.classes
    if len({label.casefold() for label in classes}) < len(classes):
        raise InvalidInputError(
            "Two classes differ by their case only, which readers of Parquet do not tell apart.",
            next_step="Give them other names in the training data and train again.",
        )
    predictor = Predictor(bundle, for_batch=True)
    return Scorer(predictor, bundle.manifest.model, version, bundle.bundle_id)


def _begin_id(name: str) -> str:
    """Return the first 20 of 32 digits of the prediction ids of a part; a row's number follows.

    A UUID of version 8, whose meaning is its maker's, so that it is not taken for one of the
    endpoint's (RFC 9562, section 5.8): nothing is captured under it, and no feedback is for it.
    """
    return f"{name[:12]}8{name[12:15]}a{name[15:18]}"


def _count(
    rows: Rows, table: dict[str, NDArray[Any]], reasons: list[tuple[str, str]], absent: list[str]
) -> Count:
    failed = np.flatnonzero(table["failure"])
    listed = [
        {"row": int(number), "field": reasons[code - 1][1] or None, "reason": reasons[code - 1][0]}
        for number, code in zip(
            table["row_number"][failed[:MAX_LISTED]].tolist(),
            table["failure"][failed[:MAX_LISTED]].tolist(),
            strict=True,
        )
    ]
    warned = len({place for place, _, _ in rows.notes})
    return Count(len(table["failure"]), len(failed), warned, listed, absent)

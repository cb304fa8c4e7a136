"""A shard scored, and written as a part of the answer: one row for each row of the file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import events
from core.contract import Contract
from lambdas.batch.encoding import Rows
from lambdas.inference.predictor import Predictor
from training.data.cells import quote_name, quote_text, quote_texts
from training.data.table import RawTable

NO_ANSWER = "the model has no finite answer: its numbers are too large"


@dataclass(frozen=True, slots=True)
class Scorer:
    """A model version that answers shards."""

    predictor: Predictor
    model: str
    version: int

    @property
    def contract(self) -> Contract:
        """The data contract of this version."""
        return self.predictor.manifest.contract

    def write(self, raw: RawTable, rows: Rows, part: Path, *, shift: int) -> None:
        """Answer a shard's rows and write them, in the order of the file.

        Parameters
        ----------
        shift : int
            What is added to a row's number in the shard to give its number in the file.
        """
        scores = self.predictor.score(rows.inputs) if len(rows.good) else None
        table, reasons = self._collect(raw, rows, scores)
        table["row_number"] = table["row_number"] + shift
        connection = raw.connection
        order = np.argsort(table["row_number"], kind="stable")
        connection.register("answers", {name: values[order] for name, values in table.items()})
        notes = [(rows.good[place], field, rule) for place, field, rule in rows.notes]
        kinds = sorted({note[1:] for note in notes})
        code = {kind: place for place, kind in enumerate(kinds, start=1)}
        told = {
            "place": np.array([note[0] for note in notes], np.int64),
            "kind": np.array([code[note[1:]] for note in notes], np.int64),
        }
        connection.register("told", told)
        query = self._select(kinds, reasons)
        beside = part.with_suffix(".tmp")
        target = quote_text(str(beside))
        connection.execute(f"COPY ({query}) TO {target} (FORMAT parquet)").fetchall()
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
        else:
            table["name"] = np.array(events.new_prediction_ids(count), np.object_)
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

    def _select(self, kinds: list[tuple[str, str]], reasons: list[tuple[str, str]]) -> str:
        manifest, classes = self.predictor.manifest, self.contract.classes
        good = "failure = 0"
        name = "identifier" if self.contract.identifier else "prediction_id"
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
        texts = ", ".join(
            f"{{'field': {quote_text(field)}, 'rule': {quote_text(rule)}}}" for field, rule in kinds
        )
        empty = "[]::STRUCT(field VARCHAR, rule VARCHAR)[]"
        list_of = f"([{texts}])[kind]" if kinds else "NULL::STRUCT(field VARCHAR, rule VARCHAR)"
        fault = ", ".join(quote_text(reason) for reason, _ in reasons)
        field = ", ".join(quote_text(field) for _, field in reasons)
        return (
            f"SELECT row_number, name::VARCHAR AS {name}, {', '.join(answers)},"  # noqa: S608
            f" {quote_text(self.model)} AS model, {self.version:d} AS model_version,"
            f" coalesce(warnings, {empty}) AS warnings,"
            f" CASE WHEN failure > 0 THEN ([{fault}])[failure] END AS failure,"
            f" CASE WHEN failure > 0 THEN nullif(([{field}])[failure], '') END AS failure_field"
            f" FROM answers LEFT JOIN (SELECT place, list({list_of} ORDER BY kind) AS warnings"
            " FROM told GROUP BY place) USING (place) ORDER BY row_number"
        )

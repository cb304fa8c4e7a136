"""Answering while a version is tried: each row by the arm that its key draws.

A row's key is the value of the contract's identifier, if the caller sends it; else what the
request's header ``x-split-key`` says; else the row's new prediction id. Nothing of a challenger's
faults reaches the caller: the champion answers in its place, and it is counted.
"""

import json
import logging
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from core.assignment import choose_keys, draw
from core.inputs import (
    MAX_VIOLATIONS,
    ContractViolationError,
    InputWarning,
    ModelInputs,
    Violation,
)
from core.prediction_ids import new_prediction_ids
from lambdas.inference.asking import Asked, Headed, Rows, ask_alone
from lambdas.inference.capture import Batch, Recorder
from lambdas.inference.deadline import LateError
from lambdas.inference.served import Arm, Rollout, Served

KEY_HEADER = "x-split-key"

_log = logging.getLogger(__name__)


class _Part(NamedTuple):
    """Rows that one version answered together, and the arm that is captured."""

    arm: str
    places: list[int]
    asked: Asked
    took_ms: float


def ask_arms(
    served: Served,
    rollout: Rollout,
    rows: Rows,
    recorder: Recorder,
    request: Headed | None,
) -> Asked:
    """Answer rows by their arms, let the shadow see them, and keep what was answered.

    Raises
    ------
    ContractViolationError
        If the champion has no finite answer for a row.
    LateError
        If there is no time left.
    """
    split, shadow, desk = rollout.challenger, rollout.shadow, rollout.desk
    prediction_ids = new_prediction_ids(len(rows.records))
    every = list(range(len(rows.records)))
    units = None
    if split is None:
        parts = [_ask_champion(served, "champion", every, rows, prediction_ids)]
    else:
        shared = request.headers.get(KEY_HEADER) if request else None
        keys = choose_keys(rows.names, shared, prediction_ids)
        draws = [draw(split.salt, key) for key in keys]
        units = [found.unit for found in draws]
        chosen = [place for place in every if draws[place].place < split.share]
        others = [place for place in every if draws[place].place >= split.share]
        parts = [_ask_champion(served, "champion", others, rows, prediction_ids)] if others else []
        if chosen:
            parts.append(
                _ask_challenger(split, chosen, rows, prediction_ids, recorder)
                or _ask_champion(served, "fallback", chosen, rows, prediction_ids)
            )
    if shadow is not None:
        desk.mirror(shadow, rows, prediction_ids, recorder, units=units)
    # The request is drawn by its first row's id.
    parts.sort(key=lambda part: part.places[0])
    batches = [_write_batch(part, split, rows, units) for part in parts]
    recorder.capture_together(*batches)
    for part in parts:
        desk.count(recorder, served.version.model, part.arm, len(part.places))
    return parts[0].asked if split is None else _merge(served, parts, prediction_ids)


def take_names(
    records: Sequence[Mapping[str, object]], identifier: str
) -> tuple[list[dict[str, object]], Sequence[object]]:
    """Return the records without the identifier, and its values.

    Raises
    ------
    ContractViolationError
        If a value is neither text nor a number nor null.
    """
    names = check_names([record.get(identifier) for record in records], identifier)
    rest = [
        {name: value for name, value in record.items() if name != identifier} for record in records
    ]
    return rest, names


def check_names(names: Sequence[object], identifier: str) -> Sequence[object]:
    """Return values of the contract's identifier as they are; see `take_names` for the error."""
    wrong = [
        Violation(row, identifier, "must be text or a number; it names the row")
        for row, name in enumerate(names)
        if isinstance(name, bool) or not isinstance(name, str | int | float | None)
    ]
    if wrong:
        raise ContractViolationError(wrong[:MAX_VIOLATIONS])
    return names


def _ask_champion(
    served: Served, arm: str, places: list[int], rows: Rows, prediction_ids: Sequence[str]
) -> _Part:
    began_s = time.perf_counter()
    inputs, warnings = _pick(rows, places)
    ids = [prediction_ids[place] for place in places]
    try:
        asked = ask_alone(served, inputs, warnings, ids)
    except ContractViolationError as error:
        raise error.renumber(places) from None
    return _Part(arm, places, asked, (time.perf_counter() - began_s) * 1000)


def _ask_challenger(
    split: Arm,
    places: list[int],
    rows: Rows,
    prediction_ids: Sequence[str],
    recorder: Recorder,
) -> _Part | None:
    """Return the challenger's answers, or None if it has none."""
    if split.served is None:
        return None
    began_s = time.perf_counter()
    try:
        records = [rows.records[place] for place in places]
        inputs, warnings = split.served.predictor.encoder.encode_records(records)
        asked = ask_alone(
            split.served, inputs, warnings, [prediction_ids[place] for place in places]
        )
    except LateError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a challenger does, the champion answers
        model = split.served.version.model
        # The kind alone: an error's words may hold what was asked.
        note = {"event": f"the challenger of {model} failed", "error": type(error).__name__}
        _log.warning(json.dumps(note))
        recorder.count("ChallengerFailures", 1, model=model)
        return None
    return _Part("challenger", places, asked, (time.perf_counter() - began_s) * 1000)


def _pick(rows: Rows, places: list[int]) -> tuple[ModelInputs, Sequence[InputWarning]]:
    if len(places) == len(rows.records):
        return rows.inputs, rows.warnings
    inputs = ModelInputs(rows.inputs.numeric[places], rows.inputs.strings[places])
    at = {place: row for row, place in enumerate(places)}
    warnings = [
        InputWarning(at[found.row], found.field, found.rule)
        for found in rows.warnings
        if found.row in at
    ]
    return inputs, warnings


def _merge(served: Served, parts: Sequence[_Part], prediction_ids: Sequence[str]) -> Asked:
    """Put the parts' answers back into the order of the rows."""
    if len(parts) == 1:
        asked = parts[0].asked
        return asked._replace(by=[asked.served] * len(prediction_ids))
    rows = len(prediction_ids)
    scores = np.empty((rows, parts[0].asked.scores.shape[1]), np.float32)
    predictions: list[object] = [None] * rows
    probabilities: list[object] = [None] * rows
    by = [served] * rows
    warnings: list[InputWarning] = []
    for part in parts:
        asked = part.asked
        scores[part.places] = asked.scores
        for row, place in enumerate(part.places):
            predictions[place] = asked.predictions[row]
            probabilities[place] = asked.probabilities[row] if asked.probabilities else None
            by[place] = asked.served
        warnings += [
            InputWarning(part.places[found.row], found.field, found.rule)
            for found in asked.warnings
        ]
    warnings.sort(key=lambda found: found.row)
    return Asked(
        served,
        scores,
        predictions,  # type: ignore[arg-type]
        prediction_ids,
        warnings,
        probabilities if served.contract.classes else None,  # type: ignore[arg-type]
        by,
    )


def _write_batch(part: _Part, split: Arm | None, rows: Rows, units: Sequence[str] | None) -> Batch:
    version = part.asked.served.version
    is_whole = len(part.places) == len(rows.records)
    return Batch(
        version.model,
        version.version,
        part.asked.prediction_ids,
        part.asked.predictions,
        part.asked.probabilities,
        rows.records if is_whole else [rows.records[place] for place in part.places],
        rows.body if is_whole else None,
        arm=part.arm,
        experiment=split.experiment if split else None,
        share=split.share if split else None,
        units=[units[place] for place in part.places] if units else None,
        took_ms=part.took_ms,
    )

"""``loop predict`` and ``loop feedback``: single requests to the API."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.models import ModelOption
from cli.rows import example_record
from cli.session import JsonOption, Session, begin
from cli.system import System
from core.errors import InvalidInputError

MAX_RECORDS_BYTES = 4 * 1024 * 1024


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(predict)
    app.command()(feedback)


def predict(
    ctx: typer.Context,
    file: Annotated[
        str | None,
        typer.Argument(help="A JSON file with one record or a list of them; - reads stdin."),
    ] = None,
    *,
    model: ModelOption = None,
    record: Annotated[str | None, typer.Option("--record", help="One record as JSON.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Ask a model for predictions.

    Without a record, for one of an example row.
    """
    session = begin(ctx, as_json=as_json)
    given = _read_records(file, record)
    system = session.system()
    name = system.model_name(model)
    records = given or [example_record(system, name)]
    answer = system.api.predict(name, records)
    session.output.report(
        answer, lambda: _show_answer(session, answer, records[0] if not given else None)
    )


def feedback(
    ctx: typer.Context,
    prediction_id: Annotated[str, typer.Argument(help="The id that the prediction came with.")],
    outcome: Annotated[str, typer.Argument(help="What really happened: a class, or a number.")],
    *,
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell what really happened after a prediction."""
    session = begin(ctx, as_json=as_json)
    system = session.system()
    name = system.model_name(model)
    item = {"prediction_id": prediction_id, "outcome": _outcome(outcome, name, system)}
    answer = system.api.send_feedback(name, [item])
    session.output.report(
        answer,
        lambda: session.output.say(
            "Kept." if answer.get("accepted") else "This outcome was known already."
        ),
    )


def _outcome(text: str, model: str, system: System) -> str | float:
    from cli.rows import load_contract  # noqa: PLC0415 - only regressions need a number

    if load_contract(system, model).task != "regression":
        return text
    try:
        return float(text)
    except ValueError:
        raise InvalidInputError(
            f"The outcome of {model} is a number.", next_step="loop feedback PREDICTION_ID 12.5"
        ) from None


def _read_records(file: str | None, record: str | None) -> list[dict[str, Any]]:
    if file is not None and record is not None:
        raise InvalidInputError(
            "Both a file and --record were given.", next_step="loop predict --record '{…}'"
        )
    if record is not None:
        return _parse_records(record, "--record")
    if file == "-":
        return _parse_records(sys.stdin.read(MAX_RECORDS_BYTES + 1), "stdin")
    if file is None:
        return []
    path = Path(file)
    if not path.is_file():
        raise InvalidInputError(f"There is no file {file}.", next_step="loop predict RECORDS.json")
    try:
        return _parse_records(path.read_text(encoding="utf-8-sig"), path.name)
    except UnicodeDecodeError:
        raise InvalidInputError(
            f"{path.name} is not UTF-8 text.", next_step="save it as UTF-8, then try again"
        ) from None


def _parse_records(text: str, name: str) -> list[dict[str, Any]]:
    if len(text) > MAX_RECORDS_BYTES:
        raise InvalidInputError(
            f"{name} is larger than 4 MiB.", next_step="send at most 1000 records at once"
        )
    try:
        document = json.loads(text)
    except ValueError as error:
        line = getattr(error, "lineno", 1)
        raise InvalidInputError(
            f"{name} is not JSON: line {line} cannot be read.",
            next_step="loop predict --record '{\"field\": 1}'",
        ) from None
    if isinstance(document, dict) and isinstance(document.get("records"), list):
        document = document["records"]
    records = document if isinstance(document, list) else [document]
    if not records or not all(isinstance(each, dict) for each in records):
        raise InvalidInputError(
            f"{name} holds neither a record (a JSON object) nor a list of records.",
            next_step="loop predict (shows an example record)",
        )
    return records


def _show_answer(session: Session, answer: dict[str, Any], example: dict[str, Any] | None) -> None:
    if example is not None:
        session.output.say("An example row of the training data:")
        session.output.say(json.dumps(example))
    session.output.table(
        ["prediction", "probability", "warnings", "prediction id"],
        [_row(prediction) for prediction in answer["predictions"]],
        title=f"{answer['model']}, version {answer['model_version']}",
    )


def _row(prediction: dict[str, Any]) -> list[object]:
    chances = prediction.get("probability") or {}
    warnings = [f"{w.get('field')}: {w.get('rule')}" for w in prediction.get("warnings") or ()]
    told = ", ".join(f"{name} {chance:.3f}" for name, chance in chances.items())
    threshold = prediction.get("decision_threshold")
    if threshold is not None and threshold != 0.5:
        # Otherwise an answer that is the less likely one looks like a mistake.
        told += f" ({list(chances)[-1]} from {threshold:.3f})"
    return [
        prediction["prediction"],
        told or None,
        "; ".join(warnings) or None,
        prediction["prediction_id"],
    ]

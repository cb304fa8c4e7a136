"""``loop compare``: two versions or runs side by side."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.cards import gather
from cli.models import ModelOption
from cli.session import JsonOption, Session, begin

if TYPE_CHECKING:
    from training.report.blocks import Table
    from training.report.compare import Pair

_MAX_DIGITS = 6  # of a version; a longer number is the beginning of a run's name
_SHORT = 16  # characters of a hash that are told


def add_to(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(compare)


def compare(
    ctx: typer.Context,
    first: Annotated[str, typer.Argument(help="A model version, or a run by its id.")],
    second: Annotated[str, typer.Argument(help="Another one.")],
    *,
    model: ModelOption = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Also write a page with pictures.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Compare two versions or runs.

    Metrics on the same rows, with what is beyond chance; what they were made of; verdicts.
    """
    session = begin(ctx, as_json=as_json)
    system = session.system()
    # onnxruntime and matplotlib take a while to load, and few commands need them.
    from training.report.compare import compare as compare_runs  # noqa: PLC0415
    from training.report.versus import name_sides  # noqa: PLC0415

    with session.output.never_silent():
        session.output.progress("reading what the runs wrote")
        facts = [
            gather(system, model=model, **_parse(each), with_best=False) for each in (first, second)
        ]
        session.output.progress("asking both about the same rows")
        pair = compare_runs(system.store, facts[0], facts[1])
        if html is not None:
            session.output.progress("drawing")
            _write(pair, html)
    document = {
        "first": _describe(pair, 0),
        "second": _describe(pair, 1),
        "names": name_sides(pair),
        "rows": pair.rows,
        "note": pair.note,
        "differences": {name: asdict(each) for name, each in pair.differences.items()},
        "changes": [asdict(each) for each in pair.changes],
        "html": str(html) if html else None,
    }
    session.output.report(document, lambda: _show(session, pair, html))


def _parse(text: str) -> dict[str, Any]:
    if text.isdecimal() and len(text) <= _MAX_DIGITS:
        return {"version": int(text), "run": None}
    return {"version": None, "run": text}


def _describe(pair: "Pair", place: int) -> dict[str, Any]:
    facts = (pair.first, pair.second)[place].facts
    return {
        "model": facts.manifest.model,
        "version": facts.version.version if facts.version else None,
        "run_id": facts.run_id,
        "bundle_id": facts.evaluation.bundle_id,
        "metrics": facts.report.metrics,
        "gate": facts.gate.model_dump(mode="json"),
    }


def _write(pair: "Pair", path: Path) -> None:
    from training.report.page import write_page  # noqa: PLC0415
    from training.report.versus import write_comparison  # noqa: PLC0415

    path.write_text(write_page([write_comparison(pair)]), encoding="utf-8", newline="\n")


def _show(session: Session, pair: "Pair", html: Path | None) -> None:
    from training.report.versus import (  # noqa: PLC0415
        tabulate_changes,
        tabulate_differences,
        tabulate_verdicts,
    )

    session.output.say(pair.note)
    _print(session, tabulate_differences(pair), "Metrics")
    _print(session, tabulate_verdicts(pair), "Gate")
    _print(session, tabulate_changes(pair), "What they were made of")
    if html is not None:
        session.output.say(f"With pictures: {html}")


def _print(session: Session, table: "Table", title: str) -> None:
    from training.report.blocks import tell  # noqa: PLC0415

    if table.rows:
        rows = [[_cut(tell(cell)) for cell in row] for row in table.rows]
        session.output.table(table.columns, rows, title=title)
    if table.note:
        session.output.say(table.note)


def _cut(text: str) -> str:
    """Tell only the beginning of a hash: ``--json`` has all of it."""
    is_hash = len(text) == 64 and not set(text) - set("0123456789abcdef")
    return text[:_SHORT] + "…" if is_hash else text

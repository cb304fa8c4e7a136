"""What capstones ask of the deployed system: whose part runs there, and what a run of it did."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from core import keys
from core.parts import PartName
from core.records import AliasState
from core.registry import Registry
from curriculum.checker.bench import Bench, NotReadyError
from curriculum.checker.live import CommandError
from training.report.tracking import RunSummary
from training.report.tracking import list_runs as list_all_runs

_MAX_BYTES = 16 * 1024 * 1024


def require_part(bench: Bench, name: PartName) -> str:
    """Return the SHA-256 of the learner's part that is deployed.

    Raises
    ------
    NotReadyError
        When the reference works alone there, or another file than the one that was just checked.
    """
    status = bench.live.loop("status")
    part = next((each for each in status.get("parts", []) if each["part"] == name), None)
    if part is None or part["whose"] != "yours":
        raise NotReadyError(
            f"Your file behaves. Your part {name} does not run in the deployed system yet.",
            next_step="loop deploy",
        )
    if (now := _hash_own(bench, name)) and now != part["sha256"]:
        raise NotReadyError(
            f"Your file behaves. The deployed part {name} is an older file of yours.",
            next_step="loop deploy",
        )
    return str(part["sha256"])


def follow_run(bench: Bench, model: str, *words: str) -> dict[str, Any]:
    """Run a ``loop`` command that trains, and return its run as ``loop runs`` tells of it.

    A run that is refused, rejected or failed is an answer too.

    Raises
    ------
    CommandError
        When the command stopped before there was a run.
    """
    before = {run["run_id"] for run in list_runs(bench, model)}
    stopped: CommandError | None = None
    bench.say(f"'loop {' '.join(words)}' runs, which takes a minute or more")
    try:
        bench.live.loop(*words)
    except CommandError as error:
        stopped = error
    new = [run for run in list_runs(bench, model) if run["run_id"] not in before]
    if new:
        return new[0]
    raise stopped or NotReadyError(
        f"'loop {' '.join(words)}' started no run.", next_step=f"loop {' '.join(words)}"
    )


def list_runs(bench: Bench, model: str) -> list[dict[str, Any]]:
    """Return a model's runs, the newest first."""
    found: list[dict[str, Any]] = bench.live.loop("runs", "--model", model)["runs"]
    return found


def read_json(bench: Bench, key: str) -> dict[str, Any]:
    """Read a JSON object of the bucket; `NotFoundError` when it is not there."""
    found: dict[str, Any] = json.loads(bench.store.get(key, max_bytes=_MAX_BYTES).body)
    return found


def read_run(bench: Bench, run_id: str, name: str) -> dict[str, Any]:
    """Read a file of a run."""
    return read_json(bench, keys.run(run_id, name))


def _hash_own(bench: Bench, name: PartName) -> str | None:
    """Return the hash of the file in the workspace that holds a part; None when there is none."""
    from curriculum.checker.manifest import load_exercises  # noqa: PLC0415 - capstones alone

    if bench.workspace is None:
        return None
    places = [
        each.place_in(bench.workspace) for each in load_exercises() if each.manifest.part == name
    ]
    files = [place for place in places if place and place.is_file()]
    return hashlib.sha256(files[-1].read_bytes()).hexdigest() if files else None


def began_at(bench: Bench) -> datetime:
    """Return when the learner's workspace was made: only what was done since then is their work."""
    git = bench.workspace / ".git" if bench.workspace else None
    if git is None or not git.is_dir():
        return datetime.fromtimestamp(0, tz=UTC)
    # Its files are written once, at the beginning, or later; never earlier.
    oldest = min(path.stat().st_mtime for path in (git, *git.iterdir()))
    return datetime.fromtimestamp(oldest, tz=UTC)


def list_own_runs(bench: Bench, model: str) -> list[RunSummary]:
    """Return a model's runs since the workspace was made, the oldest first."""
    since = began_at(bench)
    found = list_all_runs(bench.store, dataset=model, limit=100)
    own = [run for run in found if run.started_at >= since and run.outcome != "open"]
    return sorted(own, key=lambda run: run.started_at)


def list_own_moves(bench: Bench, model: str) -> list[AliasState]:
    """Return how a model's champion was moved since the workspace was made, the oldest first."""
    since = began_at(bench)
    history = Registry(bench.store).history(model, "champion")
    return [state for state in history if state.changed_at >= since]

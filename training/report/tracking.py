"""Every run that the bucket keeps: promoted, refused, rejected, failed, and those under way."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Literal, TypeVar

from pydantic import AwareDatetime, Field

from core import keys
from core.errors import ConflictError, InvalidInputError, NotFoundError
from core.store import ObjectInfo, ObjectStore
from training.data import runs
from training.data.times import StepTime
from training.judge.release import RunOutcome

AT_ONCE = 8  # runs that are read side by side: a bucket far away answers slowly

Ending = Literal["promoted", "refused", "rejected", "failed", "open"]


class RunSummary(runs.RunFile):
    """One run, as a line of a table.

    Attributes
    ----------
    outcome : {'promoted', 'refused', 'rejected', 'failed', 'open'}
        How it ended; open when it wrote no outcome (yet).
    seconds : float or None
        From its first step's beginning to its last step's end, as far as it came.
    metrics : dict of str to float
        Of its best candidate on the holdout, if it came so far.
    """

    run_id: str
    dataset: str
    started_at: AwareDatetime
    seconds: float | None
    outcome: Ending
    reason: str = ""
    candidate: str = ""
    metrics: dict[str, float] = Field(default_factory=dict)


class RunDetail(runs.RunFile):
    """All that a run wrote about itself, but what evaluation found row by row."""

    summary: RunSummary
    request: runs.RunRequest | None
    spec: runs.RunSpec | None
    data: runs.RunData | None
    steps: tuple[StepTime, ...]
    candidates: tuple[runs.CandidateResult, ...]
    evaluation: runs.Evaluation | None
    gate: runs.GateReport | None


_File = TypeVar("_File", bound=runs.RunFile)
_Files = dict[str, ObjectInfo]


def list_runs(
    store: ObjectStore, *, dataset: str | None = None, limit: int = 20
) -> list[RunSummary]:
    """Return the newest runs, the newest first.

    Parameters
    ----------
    dataset : str, optional
        Only this one's.
    limit : int
        How many at most.
    """
    found = _list_files(store)
    newest = sorted(found, key=lambda run_id: _first_write(found[run_id]), reverse=True)

    def summarise(run_id: str) -> RunSummary:
        return _summarise(store, run_id, found[run_id])

    taken: list[RunSummary] = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for start in range(0, len(newest), limit):
            if len(taken) < limit:
                summaries = pool.map(summarise, newest[start : start + limit])
                taken += [each for each in summaries if dataset in (None, each.dataset)]
    return sorted(taken, key=lambda run: run.started_at, reverse=True)[:limit]


def describe_run(store: ObjectStore, run_id: str) -> RunDetail:
    """Return what a run wrote; `NotFoundError` when there is none of this name."""
    files = _list_files(store, run_id).get(run_id)
    if files is None:
        raise _unknown(run_id)
    folder = f"runs/{run_id}/"
    return RunDetail(
        summary=_summarise(store, run_id, files),
        request=_load(store, files, f"{folder}request.json", runs.RunRequest),
        spec=_load(store, files, f"{folder}spec.json", runs.RunSpec),
        data=_load(store, files, f"{folder}data.json", runs.RunData),
        steps=_load_times(store, files),
        candidates=tuple(
            runs.load(store, key, runs.CandidateResult)
            for key in files
            if key.startswith(f"{folder}candidates/") and key.endswith("/result.json")
        ),
        evaluation=_load(store, files, f"{folder}evaluation.json", runs.Evaluation),
        gate=_load(store, files, f"{folder}gate.json", runs.GateReport),
    )


def find_run(store: ObjectStore, text: str) -> str:
    """Return the name of the one run that begins with a text.

    Raises
    ------
    NotFoundError
        If none does.
    ConflictError
        If more than one does.
    """
    if next(iter(store.list(f"runs/{keys.check_id(text)}/")), None):
        return text
    found: list[str] = []
    # Names stand in order: the first that begins with the text, and the one after it.
    after = f"runs/{text}"
    while len(found) < 2:
        info = next(iter(store.list("runs/", after=after)), None)
        name = info.key.split("/")[1] if info else ""
        if not name.startswith(text):
            break
        found.append(name)
        after = f"runs/{name}0"  # "0" is the character after "/"
    if not found:
        raise _unknown(text)
    if len(found) > 1:
        raise ConflictError(
            f"More than one run begins with {text}.", next_step="Give more of its name: loop runs"
        )
    return found[0]


def _unknown(run_id: str) -> NotFoundError:
    return NotFoundError(f"There is no run {run_id}.", next_step="loop runs")


def _list_files(store: ObjectStore, run_id: str | None = None) -> dict[str, _Files]:
    """Return the files of each run by their keys; of one run alone if it is named."""
    prefix = "runs/" if run_id is None else f"runs/{keys.check_id(run_id)}/"
    found: dict[str, _Files] = {}
    for info in store.list(prefix):
        found.setdefault(info.key.split("/")[1], {})[info.key] = info
    return found


def _first_write(files: _Files) -> datetime:
    return min(info.modified_at for info in files.values())


def _summarise(store: ObjectStore, run_id: str, files: _Files) -> RunSummary:
    folder = f"runs/{run_id}/"
    request = _load(store, files, f"{folder}request.json", runs.RunRequest)
    outcome = _load(store, files, f"{folder}outcome.json", RunOutcome)
    evaluation = _load(store, files, f"{folder}evaluation.json", runs.Evaluation)
    times = _load_times(store, files)
    return RunSummary(
        run_id=run_id,
        dataset=_find_dataset(request),
        started_at=times[0].started_at if times else _first_write(files),
        seconds=_measure(times),
        outcome=outcome.outcome if outcome else "open",
        reason=outcome.reason if outcome else "",
        candidate=evaluation.candidate if evaluation else "",
        metrics=evaluation.metrics if evaluation else {},
    )


def _find_dataset(request: runs.RunRequest | None) -> str:
    try:
        return keys.dataset_of_raw(request.raw_key) if request else ""
    except InvalidInputError:  # it was rejected for that
        return ""


def _load_times(store: ObjectStore, files: _Files) -> tuple[StepTime, ...]:
    """Return the steps in the order in which they began."""
    found = [runs.load(store, key, StepTime) for key in files if "/times/" in key]
    return tuple(sorted(found, key=lambda step: step.started_at))


def _measure(times: tuple[StepTime, ...]) -> float | None:
    if not times:
        return None
    ended = max(step.started_at + timedelta(seconds=step.seconds) for step in times)
    return (ended - times[0].started_at).total_seconds()


def _load(store: ObjectStore, files: _Files, key: str, kind: type[_File]) -> _File | None:
    return runs.load(store, key, kind) if key in files else None

"""The steps of a training run, each in a fresh process, with its time and its peak of memory.

What is timed is the step's own work, not the import of its libraries. What is measured of memory
is all of the process, libraries too, because that is what a function or a job must be given.
"""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.bench.folder import Folder

RUN_ID = "bench"
_STATUS = Path("/proc/self/status")


@dataclass(frozen=True, slots=True)
class Cost:
    """What a step took: seconds on the clock and of all processors, and the peak of memory."""

    wall_s: float
    cpu_s: float
    peak_mib: float


def prepare(store: Folder, source: str, rows: int) -> str:
    """Land a built-in data set, or the simulator's with that many rows; return the file's key."""
    from core import keys  # noqa: PLC0415 (each step imports what it needs and no more)
    from training.data.builtin import builtin, subscriptions  # noqa: PLC0415

    landed = subscriptions(rows=rows) if rows else builtin(source)
    store.put(keys.contract(landed.contract.dataset), landed.contract.to_json())
    raw_key = keys.raw(landed.contract.dataset, "0" * 64, landed.filename)
    store.put(raw_key, landed.csv)
    return raw_key


def load_step(name: str) -> Callable[[Folder, str], object]:
    """Import what a step needs; return it: it takes a store and the step's argument."""
    return _LOADERS[name]()


def run_step(folder: Path, name: str, argument: str = "") -> tuple[Cost, str]:
    """Run a step in a fresh process; return what it took and what it answered.

    Raises
    ------
    RuntimeError
        If the step failed, with the last line of what it said.
    """
    command = [sys.executable, "-m", "tests.bench.stages", str(folder), name, argument]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=_environment())
    if done.returncode:
        raise RuntimeError(f"The step {name} failed. {(done.stderr.splitlines() or [''])[-1]}")
    answer = json.loads(done.stdout.splitlines()[-1])
    return Cost(**answer["cost"]), str(answer["answer"])


def measure_peak_mib() -> float:
    """Return the most memory that this process has held at a time, in MiB."""
    if _STATUS.exists():  # Linux: without what the parent held, which getrusage adds
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 1024)


def _environment() -> dict[str, str]:
    from core.arithmetic import pinned_variables  # noqa: PLC0415

    return os.environ | pinned_variables()


def _load_prepare() -> Callable[[Folder, str], object]:
    def land(store: Folder, argument: str) -> object:
        source, _, rows = argument.partition(":")
        return prepare(store, source, int(rows or 0))

    return land


def _load_validate() -> Callable[[Folder, str], object]:
    from training.data.names import BUDGETS  # noqa: PLC0415
    from training.data.start import start_run  # noqa: PLC0415

    def validate(store: Folder, argument: str) -> object:
        raw_key, _, name = argument.partition(" ")
        budget = next(each for each in BUDGETS if each == name)
        found = start_run(store, raw_key=raw_key, run_id=RUN_ID, budget=budget)
        if found.status != "ok":
            raise RuntimeError(found.reason)
        return found.version

    return validate


def _load_split() -> Callable[[Folder, str], object]:
    from training.data.split import split_dataset  # noqa: PLC0415

    def split(store: Folder, version: str) -> object:
        return split_dataset(store, run_id=RUN_ID, version=version).rows

    return split


def _load_candidate() -> Callable[[Folder, str], object]:
    from training.model.fit import fit_and_export  # noqa: PLC0415

    def fit(store: Folder, name: str) -> object:
        result = fit_and_export(store, run_id=RUN_ID, candidate=name)
        if result.status != "ok":
            raise RuntimeError(result.reason)
        return result.cross_validated_loss

    return fit


def _load_evaluate() -> Callable[[Folder, str], object]:
    from training.judge.evaluate import evaluate_run  # noqa: PLC0415

    return lambda store, _: evaluate_run(store, run_id=RUN_ID).candidate


def _load_gate() -> Callable[[Folder, str], object]:
    from training.judge.gate import judge_run  # noqa: PLC0415

    return lambda store, _: judge_run(store, run_id=RUN_ID).reason or "passed"


_LOADERS: dict[str, Callable[[], Callable[[Folder, str], object]]] = {
    "prepare": _load_prepare,
    "validate": _load_validate,
    "split": _load_split,
    "candidate": _load_candidate,
    "evaluate": _load_evaluate,
    "gate": _load_gate,
}


def main() -> None:
    """Run one step and print, as the last line, what it took and what it answered."""
    folder, name, argument = sys.argv[1:]
    step = load_step(name)
    wall, cpu = time.perf_counter(), time.process_time()
    answer = step(Folder(Path(folder)), argument)
    cost = Cost(time.perf_counter() - wall, time.process_time() - cpu, measure_peak_mib())
    sys.stdout.write(json.dumps({"cost": asdict(cost), "answer": answer}) + "\n")


if __name__ == "__main__":
    main()

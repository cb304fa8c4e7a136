"""Batch scoring beside scikit-learn on pandas: ``make bench-batch``; ``ROWS=100000`` for fewer.

Same model, same file, a fresh process for each, taken in turns, on one core and on two, from CSV
and from Parquet. pandas reads the file, the pipeline predicts, and nothing is written; ours reads,
predicts, and writes Parquet. Seconds of processor time stand beside those of the clock: they hold
on a busy machine too. What a second core is worth at the most is asked of two runs at once, each of
the whole file and on its own core, in the same rounds. The results are written into
docs/benchmarks.md.
"""

import os
import pickle
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench.machine import describe_machine
from tests.bench.pages import Row, write_tables
from tests.bench.serving.model import CATEGORIES, NUMBERS, BenchModel, prepare_model

_FOLDER = Path(".loop/bench/batch").resolve()
_MODEL = Path(".loop/bench/model").resolve()
_PAGE = Path("docs/benchmarks.md")
_ROUNDS = 3
_HEADER = (
    "file", "ours", "scikit-learn on pandas", "times as fast", "by processor time",
    "inside onnxruntime", "memory: ours, theirs",
)  # fmt: skip

Measured = tuple[float, float, float, float]
"""Seconds of the clock, of the processor, and inside onnxruntime; MiB at the most."""


def main(arguments: list[str]) -> None:
    """Measure and write down, or be one of the measured."""
    if arguments and arguments[0] in {"ours", "pandas"}:
        _measure(arguments[0], Path(arguments[1]), cores=int(arguments[2]))
        return
    rows = int(arguments[0]) if arguments else 1_000_000
    _FOLDER.mkdir(parents=True, exist_ok=True)
    text = _write_rows(prepare_model(_MODEL), rows)
    cores = [count for count in (1, 2) if count <= len(_allowed())]
    lines: list[Row] = []
    for path in (text, _write_parquet(text)):
        found = _compare(path, cores)
        lines += [_describe(path, rows, count, found) for count in cores]
        for line in lines[-len(cores) :]:
            _say("  ".join(line))
        if len(cores) == 2:
            alone_s, both_s = found["ours", 1][0], found["ours", 2][0]
            most = 2 * alone_s / found["ours at once", 1][0]
            gain = f"one core: {alone_s / both_s:.2f}x, of {most:.2f}x"
            _say(f"{path.suffix}, two cores: {gain}")
            lines[-1] = (*lines[-1][:1], f"{lines[-1][1]} ({gain})", *lines[-1][2:])
    machine = describe_machine("onnxruntime", "duckdb", "scikit-learn", "pandas")
    note = f"Medians of {_ROUNDS} rounds in turns. {machine}."
    if len(cores) > 1:
        note += (
            ' After "of" stands what the machine gives a second core at the most: two runs at once,'
            " each of the whole file on a core of its own, with nothing shared."
        )
    write_tables(_PAGE, "bench-batch", {"Scoring whole files": (_HEADER, lines)}, note=note)


def _compare(path: Path, cores: list[int]) -> dict[tuple[str, int], Measured]:
    kinds = [(kind, count) for kind in ("ours", "pandas") for count in cores]
    found: dict[tuple[str, int], list[Measured]] = {kind: [] for kind in kinds}
    for _ in range(_ROUNDS):
        for kind, count in kinds:
            found[kind, count].append(_wait(_start(kind, path, _allowed()[:count])))
        if len(cores) > 1:
            at_once = [_start("ours", path, [core]) for core in _allowed()[:2]]
            found.setdefault(("ours at once", 1), []).extend([_wait(each) for each in at_once])
    return {
        kind: (
            median(run[0] for run in runs),
            median(run[1] for run in runs),
            median(run[2] for run in runs),
            median(run[3] for run in runs),
        )
        for kind, runs in found.items()
    }


def _describe(path: Path, rows: int, count: int, found: dict[tuple[str, int], Measured]) -> Row:
    ours, theirs = found["ours", count], found["pandas", count]
    kind = {".csv": "CSV", ".parquet": "Parquet"}[path.suffix]
    return (
        f"{rows:,} rows of {kind}, {count} core{'s' * (count > 1)}",
        f"{ours[0]:.1f} s",
        f"{theirs[0]:.1f} s",
        f"{theirs[0] / ours[0]:.2f}",
        f"{theirs[1] / ours[1]:.2f}",
        f"{ours[2] / ours[1]:.0%}",
        f"{ours[3]:.0f}, {theirs[3]:.0f} MiB",
    )


def _allowed() -> list[int]:
    return sorted(os.sched_getaffinity(0))


def _start(kind: str, path: Path, cores: list[int]) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.bench.batch", kind, str(path), str(len(cores))]
    # Processes that may not keep what they compile would be measured compiling.
    kept = {n: v for n, v in os.environ.items() if n != "PYTHONDONTWRITEBYTECODE"}
    pinned = ["taskset", "-c", ",".join(map(str, cores))]
    return subprocess.Popen([*pinned, *command], stdout=subprocess.PIPE, text=True, env=kept)


def _wait(process: "subprocess.Popen[str]") -> Measured:
    printed, _ = process.communicate()
    if process.returncode:
        raise SystemExit(process.returncode)
    clock, cpu, inside, peak = (float(word) for word in printed.split())
    return clock, cpu, inside, peak


def _measure(kind: str, path: Path, *, cores: int) -> None:
    prepare = _prepare_ours if kind == "ours" else _prepare_pandas
    work, inside = prepare(path, cores)
    clock_s, cpu_s = time.perf_counter(), _cpu_s()
    work()
    clock_s, cpu_s = time.perf_counter() - clock_s, _cpu_s() - cpu_s
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    _say(f"{clock_s} {cpu_s} {sum(inside)} {peak_mib}")


def _cpu_s() -> float:
    spent = resource.getrusage(resource.RUSAGE_SELF)
    return spent.ru_utime + spent.ru_stime


def _prepare_ours(path: Path, cores: int) -> tuple[Callable[[], object], list[float]]:
    from core.bundle import Bundle  # noqa: PLC0415 - the other process has no need of it
    from lambdas.batch import scoring  # noqa: PLC0415
    from lambdas.batch.run import score_file  # noqa: PLC0415
    from lambdas.inference.predictor import Predictor  # noqa: PLC0415

    inside: list[float] = []
    made = BenchModel(_MODEL)
    bundle = Bundle("bench", made.manifest, made.batch_graph)

    class Timed(Predictor):
        def _run(self, fed: dict[str, Any]) -> Any:  # noqa: ANN401 - passed on
            started_s = time.thread_time()
            scores = super()._run(fed)
            inside.append(time.thread_time() - started_s)
            return scores

    setattr(scoring, "Predictor", Timed)  # noqa: B010 - it is what the module imports

    answer = _FOLDER / f"answer-{os.getpid()}.parquet"

    def work() -> None:
        score_file(bundle, path, answer, version=1, threads=cores)
        answer.unlink()

    return work, inside


def _prepare_pandas(path: Path, cores: int) -> tuple[Callable[[], object], list[float]]:
    del cores  # OpenMP finds out by itself
    import duckdb  # noqa: PLC0415 - the other process has no need of it
    import pandas as pd  # noqa: PLC0415

    pipeline = pickle.loads((_MODEL / "pipeline.pkl").read_bytes())
    if path.suffix == ".csv":
        return lambda: pipeline.predict_proba(pd.read_csv(path)), []
    # The project has no pyarrow, which pandas would read Parquet with.
    return lambda: pipeline.predict_proba(duckdb.read_parquet(str(path)).df()), []


def _write_rows(model: BenchModel, rows: int) -> Path:
    """Write the benchmark's rows again and again: what they hold does not change the work."""
    path = _FOLDER / f"rows-{rows}.csv"
    if path.exists():
        return path
    names = (*NUMBERS, *CATEGORIES)
    cells = [["" if r[name] is None else str(r[name]) for name in names] for r in model.records]
    block = ["".join(",".join(row) + "\n") for row in cells]
    beside = path.with_suffix(".tmp")
    with beside.open("w") as file:
        file.write(",".join(names) + "\n")
        for start in range(0, rows, len(block)):
            file.writelines(block[: rows - start])
    beside.replace(path)
    return path


def _write_parquet(text: Path) -> Path:
    import duckdb  # noqa: PLC0415 - the measured processes have no need of it

    path = text.with_suffix(".parquet")
    if not path.exists():
        duckdb.read_csv(str(text)).write_parquet(str(path))
    return path


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])

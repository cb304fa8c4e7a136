"""Batch scoring beside scikit-learn on pandas: ``make bench-batch``; ``ROWS=100000`` for fewer.

Same model, same CSV, a fresh process for each, taken in turns, on one core and on two. pandas reads
the file, the pipeline predicts, and nothing is written; ours reads, predicts, and writes Parquet.
Seconds of processor time stand beside those of the clock: they hold on a busy machine too.
"""

import os
import pickle
import resource
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from tests.bench.serving.model import CATEGORIES, NUMBERS, BenchModel, prepare_model

_FOLDER = Path(".loop/bench/batch").resolve()
_MODEL = Path(".loop/bench/model").resolve()
_ROUNDS = 3


def main(arguments: list[str]) -> None:
    """Measure and print, or be one of the measured."""
    if arguments and arguments[0] in {"ours", "pandas"}:
        _measure(arguments[0], Path(arguments[1]), cores=int(arguments[2]))
        return
    rows = int(arguments[0]) if arguments else 1_000_000
    _FOLDER.mkdir(parents=True, exist_ok=True)
    path = _write_rows(prepare_model(_MODEL), rows)
    cores = [count for count in (1, 2) if count <= len(os.sched_getaffinity(0))]
    kinds = [(kind, count) for count in cores for kind in ("ours", "pandas")]
    found: dict[tuple[str, int], list[list[float]]] = {kind: [] for kind in kinds}
    for _ in range(_ROUNDS):
        for kind, count in kinds:
            found[kind, count].append(_run(kind, path, count))
    middle = {
        kind: [median(column) for column in zip(*runs, strict=True)] for kind, runs in found.items()
    }
    for (kind, count), (clock_s, cpu_s, graph_s, peak_mib) in middle.items():
        inside = f", {graph_s / cpu_s:.0%} of it inside onnxruntime" if kind == "ours" else ""
        _say(
            f"{kind:<7}{count} core(s): {clock_s:.1f} s, {cpu_s:.1f} s of processor{inside},"
            f" {peak_mib:.0f} MiB"
        )
    for count in cores:
        clock, cpu = (middle["pandas", count][i] / middle["ours", count][i] for i in (0, 1))
        _say(f"{rows:,} rows, {count} core(s): {clock:.2f} times as fast ({cpu:.2f} by processor)")
    if len(cores) == 2:
        _say(f"two cores: {middle['ours', 1][0] / middle['ours', 2][0]:.2f} times as fast as one")


def _run(kind: str, path: Path, cores: int) -> list[float]:
    command = [sys.executable, "-m", "tests.bench.batch", kind, str(path), str(cores)]
    allowed = sorted(os.sched_getaffinity(0))[:cores]
    listed = ",".join(map(str, allowed))
    done = subprocess.run(
        ["taskset", "-c", listed, *command],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return [float(word) for word in done.stdout.split()]


def _measure(kind: str, path: Path, *, cores: int) -> None:
    score = _prepare_ours if kind == "ours" else _prepare_pandas
    work, inside = score(path, cores)
    clock_s, cpu_s = time.perf_counter(), time.process_time()
    work()
    clock_s, cpu_s = time.perf_counter() - clock_s, time.process_time() - cpu_s
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    _say(f"{clock_s} {cpu_s} {sum(inside)} {peak_mib}")


def _prepare_ours(path: Path, cores: int):  # type: ignore[no-untyped-def]  # noqa: ANN202
    from core.bundle import Bundle  # noqa: PLC0415 - the other process has no need of it
    from lambdas.batch.run import score_file  # noqa: PLC0415
    from lambdas.batch.scoring import Scorer  # noqa: PLC0415
    from lambdas.inference.predictor import Predictor  # noqa: PLC0415

    inside: list[float] = []

    class Timed(Predictor):
        def _run(self, numeric, strings):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
            started_s = time.thread_time()
            scores = super()._run(numeric, strings)
            inside.append(time.thread_time() - started_s)
            return scores

    made = BenchModel(_MODEL)
    scorer = Scorer(Timed(Bundle("bench", made.manifest, made.graph)), "bench", 1)
    inside.clear()
    to = _FOLDER / "answer.parquet"
    return lambda: score_file(scorer, path, to, bundle_id="bench", workers=cores), inside


def _prepare_pandas(path: Path, cores: int):  # type: ignore[no-untyped-def]  # noqa: ANN202
    del cores  # OpenMP finds out by itself
    import pandas as pd  # type: ignore[import-untyped]  # noqa: PLC0415

    pipeline = pickle.loads((_MODEL / "pipeline.pkl").read_bytes())
    return lambda: pipeline.predict_proba(pd.read_csv(path)), []


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


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])

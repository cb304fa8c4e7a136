"""What training is worth and what it costs: `make bench-training`.

Quality in units of the best possible (the simulator knows the truth), time and peak memory of each
step in a process of its own, and the overhead over calling scikit-learn directly. Writes its tables
into docs/benchmarks.md. In parts: ``make bench-training ROWS="10000" DATA=wine BUDGETS=standard``.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.folder import Folder
from tests.bench.machine import describe_machine
from tests.bench.overhead import MAX_OVERHEAD, Overhead, measure_overhead
from tests.bench.pages import write_tables
from tests.bench.quality import MAX_ERROR, MAX_GAP, Quality, measure_quality
from tests.bench.stages import Cost, run_step
from training.data.builtin import DESCRIPTIONS
from training.data.names import CANDIDATES, CANDIDATES_OF, Budget

PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"
SECTION = "training"
MAX_PEAK_MIB = 8 * 1024
TARGET_ROWS = 100_000
_PACKAGES = ("scikit-learn", "numpy", "duckdb", "onnxruntime", "skl2onnx")
_STEPS = ("validate", "split", *CANDIDATES, "evaluate", "gate")
_QUALITY = "Quality on the holdout"
_COSTS = "Each step in a process of its own: seconds on the clock / of processor, peak memory"
_OVERHEAD = "Seconds of processor, and their ratio to scikit-learn called directly"


@dataclass(frozen=True, slots=True)
class Case:
    """A data set and a budget; `rows` is 0 but for the simulator's."""

    source: str
    rows: int
    budget: Budget

    @property
    def name(self) -> str:
        """What the tables call it."""
        data = f"{self.rows:,} simulated rows" if self.rows else self.source
        return f"{data}, {self.budget}"


@dataclass(slots=True)
class Measured:
    """What was measured of some cases, and which targets were missed."""

    quality: dict[Case, Quality] = field(default_factory=dict)
    costs: dict[Case, dict[str, Cost]] = field(default_factory=dict)
    overhead: dict[int, Overhead] = field(default_factory=dict)

    def list_misses(self) -> Iterator[str]:
        """Say which targets were not reached; nothing is said of cases that have none."""
        for case, quality in self.quality.items():
            if case.rows == TARGET_ROWS and (quality.gap or 0.0) > MAX_GAP:
                yield f"{case.name}: ROC AUC {quality.gap:.4f} below the truth's"
            if case.rows == TARGET_ROWS and (quality.error or 0.0) > MAX_ERROR:
                yield f"{case.name}: calibration error {quality.error:.4f}"
        for case, costs in self.costs.items():
            for step, cost in costs.items():
                if cost.peak_mib > MAX_PEAK_MIB:
                    yield f"{case.name}: {step} needs {cost.peak_mib:,.0f} MiB"
        for rows, overhead in self.overhead.items():
            if overhead.fits > MAX_OVERHEAD:
                yield f"{rows:,} rows: the candidates take {overhead.fits:.2f} times as long"


def measure_case(case: Case, folder: Path) -> tuple[Quality, dict[str, Cost]]:
    """Take the steps of a run, each in a fresh process."""
    costs = {}
    _, raw_key = run_step(folder, "prepare", f"{case.source}:{case.rows}")
    costs["validate"], version = run_step(folder, "validate", f"{raw_key} {case.budget}")
    costs["split"], _ = run_step(folder, "split", version)
    for name in CANDIDATES_OF[case.budget]:
        costs[name], _ = run_step(folder, "candidate", name)
    costs["evaluate"], _ = run_step(folder, "evaluate")
    costs["gate"], _ = run_step(folder, "gate")
    return measure_quality(Folder(folder), simulated=case.rows > 0), costs


def measure(cases: list[Case], overhead_rows: list[int]) -> Measured:
    """Measure the cases, then the overhead for the sizes that are asked for."""
    measured = Measured()
    for case in cases:
        with tempfile.TemporaryDirectory() as folder:
            measured.quality[case], measured.costs[case] = measure_case(case, Path(folder))
        _tell(f"{case.name}: {' | '.join(_describe_quality(case, measured.quality[case])[1:])}")
        _tell(" | ".join(f"{step} {_format(c)}" for step, c in measured.costs[case].items()))
    for rows in overhead_rows:
        with tempfile.TemporaryDirectory() as folder:
            turns = max(1, min(15, 200_000 // rows))  # the fewer rows, the more chance there is
            measured.overhead[rows] = measure_overhead(Path(folder), rows=rows, turns=turns)
        _tell(" | ".join(_describe_overhead(rows, measured.overhead[rows])))
    return measured


def write_page(measured: Measured, path: Path) -> None:
    """Put what was measured into the tables of the page, beside what was measured before."""
    quality = [_describe_quality(case, found) for case, found in measured.quality.items()]
    costs = [_describe_costs(case, found) for case, found in measured.costs.items()]
    overhead = [_describe_overhead(rows, found) for rows, found in measured.overhead.items()]
    tables = {
        _QUALITY: (_QUALITY_HEADER, quality),
        _COSTS: (["data", *_STEPS], costs),
        _OVERHEAD: (_OVERHEAD_HEADER, overhead),
    }
    write_tables(path, SECTION, tables, note=f"Measured last on {describe_machine(*_PACKAGES)}.")


_QUALITY_HEADER = [
    "data", "rows fitted / held out", "model", "metric", "score", "best possible", "gap",
    "calibration error", "of the truth", "gate",
]  # fmt: skip
_OVERHEAD_HEADER = [
    "data", "candidates", "candidates directly", "ratio", "whole way", "whole way directly",
    "ratio of the whole", "ROC AUC", "ROC AUC directly",
]  # fmt: skip


def _describe_quality(case: Case, found: Quality) -> list[str]:
    return [
        case.name,
        f"{found.training_rows:,} / {found.holdout_rows:,}",
        found.candidate,
        found.headline,
        *(_number(each) for each in (found.score, found.best_score, found.gap, found.error)),
        _number(found.best_error),
        found.verdict,
    ]


def _describe_costs(case: Case, found: dict[str, Cost]) -> list[str]:
    return [case.name, *(_format(found[step]) if step in found else "-" for step in _STEPS)]


def _describe_overhead(rows: int, found: Overhead) -> list[str]:
    ours, direct = found.ours, found.direct
    return [
        f"{rows:,} simulated rows, tiny",
        *(f"{ours.fits_s:.1f} s", f"{direct.fits_s:.1f} s", f"{found.fits:.2f}"),
        *(f"{ours.whole_s:.1f} s", f"{direct.whole_s:.1f} s", f"{found.whole:.2f}"),
        *(_number(ours.roc_auc), _number(direct.roc_auc)),
    ]


def _format(cost: Cost) -> str:
    return f"{cost.wall_s:.1f} / {cost.cpu_s:.1f} s, {cost.peak_mib:,.0f} MiB"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    """Measure, print and write; the exit code is 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", nargs="*", type=int, default=[10_000, 100_000, 1_000_000])
    others = [name for name in DESCRIPTIONS if name != "subscriptions"]
    parser.add_argument("--data", nargs="*", choices=[*others, "none"], default=others)
    parser.add_argument("--budgets", nargs="*", choices=list(CANDIDATES_OF), default=["tiny"])
    parser.add_argument("--no-overhead", action="store_true")
    parser.add_argument("--page", type=Path, default=PAGE, help="where the tables are")
    options = parser.parse_args()
    chosen = [(name, 0) for name in options.data if name != "none"]
    chosen += [("subscriptions", rows) for rows in options.rows]
    cases = [Case(source, rows, budget) for source, rows in chosen for budget in options.budgets]
    measured = measure(cases, [] if options.no_overhead else options.rows)
    write_page(measured, options.page)
    misses = list(measured.list_misses())
    _tell("\n".join([describe_machine(*_PACKAGES), *(f"Missed: {miss}" for miss in misses)]))
    sys.exit(bool(misses))


if __name__ == "__main__":
    main()

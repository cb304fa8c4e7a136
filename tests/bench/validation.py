"""How long validation takes, in units of what reading the same file takes: `make bench-validation`.

The reader alone is duckdb's own CSV reader, told the type of every column, with as many threads as
validation has, writing into a table in memory. Both are measured in turn, several times over, and
the fastest of each is taken, because other work on the machine only ever makes them slower.
"""

import argparse
import hashlib
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core import keys
from core.store import ObjectStore, open_memory
from tests.bench.machine import describe_machine
from tests.bench.tables import CONTRACT, NAMES, write_csv
from training.data.read import connect
from training.data.validate import validate_raw

LIMIT = 3.0
_TYPES = {"numeric": "FLOAT", "boolean": "BOOLEAN", "categorical": "VARCHAR"}


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds on the clock, and seconds of all processors together."""

    wall_s: float
    cpu_s: float


def measure(work: Callable[[], None]) -> Times:
    """Run `work` once and time it."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Times(time.perf_counter() - wall, time.process_time() - cpu)


def read_typed(path: Path) -> None:
    """Read the CSV into typed columns and do nothing else."""
    kinds = {column.name: _TYPES[column.kind] for column in CONTRACT.columns}
    with connect(path.parent) as connection:
        connection.read_csv(
            str(path),
            header=True,
            auto_detect=False,
            columns={name: kinds.get(name, "VARCHAR") for name in NAMES},
            delimiter=",",
            quotechar='"',
            escapechar='"',
        ).create("typed")


def land(path: Path) -> tuple[ObjectStore, str]:
    """Put the file into a bucket in memory."""
    body, store = path.read_bytes(), open_memory()
    raw_key = keys.raw(CONTRACT.dataset, hashlib.sha256(body).hexdigest(), path.name)
    store.put(raw_key, body)
    return store, raw_key


def validate(store: ObjectStore, raw_key: str) -> None:
    """Do all that the workflow's first step does with a landed file."""
    found = validate_raw(store, raw_key=raw_key, contract=CONTRACT)
    if found.status != "ok" or not found.quarantined:
        sys.exit(f"The benchmark's own table was not validated as it should be: {found.reason}")


def main() -> None:
    """Measure and print; the exit code is 1 when the ratio is above the limit."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        write_csv(path, rows=options.rows)
        size_mb = path.stat().st_size / 1e6
        reads, validations = [], []
        for _ in range(options.repeats):
            reads.append(measure(lambda: read_typed(path)))
            landed = land(path)
            validations.append(measure(lambda: validate(*landed)))  # noqa: B023 - run at once
    _report(f"{options.rows:,} rows x {len(NAMES)} columns, {size_mb:.0f} MB", reads, validations)


def _report(table: str, reads: list[Times], validations: list[Times]) -> None:
    read_s, validate_s = (min(times.wall_s for times in each) for each in (reads, validations))
    read_cpu_s, validate_cpu_s = (
        min(times.cpu_s for times in each) for each in (reads, validations)
    )
    ratio = validate_s / read_s
    lines = (
        table,
        describe_machine("duckdb", "numpy"),
        f"duckdb's reader alone   {read_s:6.2f} s   {read_cpu_s:6.2f} s of processor",
        f"validation              {validate_s:6.2f} s   {validate_cpu_s:6.2f} s of processor",
        (
            f"ratio                   {ratio:6.2f}     {validate_cpu_s / read_cpu_s:6.2f}"
            f"   (at most {LIMIT:g} wanted)"
        ),
    )
    sys.stdout.write("\n".join(lines) + "\n")
    sys.exit(ratio > LIMIT)


if __name__ == "__main__":
    main()

"""`make bench-serving`: how fast the endpoint is, in units of others on the same machine.

Each part measures in turns within one sitting, prints its table and writes it, with machine and
versions, between its markers in docs/benchmarks.md.
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from tests.bench.machine import describe_machine
from tests.bench.serving import handlers, http, starts
from tests.bench.serving.model import BenchModel, prepare_model
from tests.bench.serving.report import Row, format_table, write_part

_HOME = Path(__file__).resolve().parents[3] / ".loop" / "bench"
_PACKAGES = ("fastapi", "mangum", "numpy", "onnxruntime", "orjson", "scikit-learn", "uvicorn")

Part = Callable[[BenchModel, int], Sequence[Row]]


def main() -> None:
    """Measure the chosen parts."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("parts", nargs="*", help="http, handler, start; all if none is named")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers", default=",".join(http.PEERS), help="of the part http")
    options = parser.parse_args()
    peers = tuple(filter(None, options.peers.split(",")))
    parts: Mapping[str, Part] = {
        "http": partial(_measure_http, peers),
        "handler": lambda model, rounds: handlers.measure_handlers(model, rounds=rounds),
        "start": _measure_start,
    }
    unknown = set(options.parts) - parts.keys()
    if unknown:
        parser.error(f"there is no part {min(unknown)}; the parts are {', '.join(parts)}")
    model = prepare_model(_HOME / "model")
    for name in options.parts or parts:
        table = format_table(parts[name](model, options.rounds))
        sys.stdout.write(f"\n{name}\n\n{table}\n")
        sys.stdout.flush()
        write_part(name, f"{_describe()}\n\n{table}")


def _measure_http(peers: Sequence[str], model: BenchModel, rounds: int) -> Sequence[Row]:
    return http.measure_http(model, _HOME, peers=peers, rounds=rounds)


def _measure_start(model: BenchModel, rounds: int) -> Sequence[Row]:
    return [*starts.measure_starts(model, _HOME, rounds=rounds), *starts.measure_package()]


def _describe() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d}, {describe_machine(*_PACKAGES)}"


if __name__ == "__main__":
    main()

"""Requests of one row over HTTP: this project's server and the usual ones, one worker each."""

from collections.abc import Sequence
from pathlib import Path

from tests.bench.serving.load import Load, put_load
from tests.bench.serving.model import BenchModel
from tests.bench.serving.report import Row
from tests.bench.serving.rounds import Rounds
from tests.bench.serving.servers import (
    PeerMissingError,
    Running,
    Server,
    describe_ours,
    describe_peer,
    describe_plain,
    run,
)

PEERS = ("bentoml", "mlserver", "mlflow", "litserve", "ray")
_SECONDS = 3.0
_MOST = 20_000


def measure_http(
    model: BenchModel, home: Path, *, peers: Sequence[str] = PEERS, rounds: int
) -> list[Row]:
    """Measure ours against each other server, a spell of load in turn, several rounds."""
    ours = describe_ours(model, home / "bundle")
    rows = []
    with run(ours, home / "ours.log") as running:
        put_load(running, seconds=1, most=500)
        plain = describe_plain(model, "FastAPI + onnxruntime, 20 lines", "plain_onnx")
        rows.append(_compare(running, plain, home, rounds=rounds, wanted=1.3, slower=1.0))
        usual: list[Server | str] = [
            describe_plain(model, "FastAPI + scikit-learn", "plain_sklearn"),
            *PEERS,
        ]
        for one in usual:
            try:
                peer = one if isinstance(one, Server) else describe_peer(model, one, home)
                rows.append(_compare(running, peer, home, rounds=rounds, wanted=30, slower=20))
            except PeerMissingError as error:
                name = one.name if isinstance(one, Server) else one
                rows.append(Row(f"HTTP, one row: {name}", "", f"not measured: {error}"))
    return rows


def _compare(
    ours: Running, server: Server, home: Path, *, rounds: int, wanted: float, slower: float
) -> Row:
    found = Rounds()
    with run(server, home / f"{server.name.replace(' ', '-')}.log") as other:
        put_load(other, seconds=1, most=500)
        for _ in range(rounds):
            _add(found, "ours", put_load(ours, seconds=_SECONDS, most=_MOST))
            _add(found, "other", put_load(other, seconds=_SECONDS, most=_MOST))
    per_core = found.ratio("ours core", "other core")
    clock = found.ratio("ours clock", "other clock")
    p99 = found.ratio("other p99", "ours p99")
    figures = " / ".join(
        f"{found.median(f'{name} core'):,.0f} a core second, {found.median(f'{name} clock'):,.0f}"
        f" a second, p50 {found.median(f'{name} p50'):.1f} ms, p99"
        f" {found.median(f'{name} p99'):.1f} ms"
        for name in ("ours", "other")
    )
    target = f"≥ {wanted:g}x" + (f", p99 ≤ 1/{slower:g}" if slower > 1 else "")
    reached = per_core >= wanted and (slower <= 1 or p99 >= slower)
    ratio = f"{per_core:.2f}x per core, {clock:.2f}x on the clock, p99 1/{p99:.1f}"
    return Row(f"HTTP, one row: {server.name}", figures, ratio, target, reached=reached)


def _add(found: Rounds, name: str, load: Load) -> None:
    found.add(f"{name} core", load.per_core_second)
    found.add(f"{name} clock", load.per_second)
    found.add(f"{name} p50", load.p50_ms)
    found.add(f"{name} p99", load.p99_ms)

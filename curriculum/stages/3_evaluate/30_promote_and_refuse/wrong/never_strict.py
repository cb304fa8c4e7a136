"""Wrong: trains, and asks nothing of what comes out."""

from curriculum.checker.bench import Bench


def act(bench: Bench) -> None:
    bench.live.loop("data", "add", "wine")
    bench.live.loop("gate", "--model", "wine", "--reset")
    bench.live.loop("train", "--data", "wine")

"""Wrong: takes a dataset that the system brings along."""

from curriculum.checker.bench import Bench


def act(bench: Bench) -> None:
    bench.live.loop("data", "add", "diabetes")

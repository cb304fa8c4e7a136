"""Wrong: mends a new model by a newer one."""

from curriculum.checker.bench import Bench


def act(bench: Bench) -> None:
    bench.live.loop("data", "add", "diabetes")
    bench.live.loop("train", "--data", "diabetes", "--seed", "2")
    bench.live.loop("train", "--data", "diabetes")

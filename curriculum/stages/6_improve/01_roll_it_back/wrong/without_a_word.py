"""Wrong: goes back, and says to nobody why."""

from curriculum.checker.bench import Bench


def act(bench: Bench) -> None:
    bench.live.loop("data", "add", "diabetes")
    bench.live.loop("train", "--data", "diabetes", "--seed", "2")
    bench.live.loop("rollback", "--model", "diabetes")

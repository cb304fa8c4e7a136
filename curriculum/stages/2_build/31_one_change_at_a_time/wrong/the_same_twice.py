"""Wrong: runs the same once more."""

from curriculum.checker.bench import Bench


def act(bench: Bench) -> None:
    """Do what a learner would do."""
    bench.live.loop("data", "add", "diabetes")
    bench.live.loop("train", "--data", "diabetes", "--seed", "5")
    bench.live.loop("train", "--data", "diabetes", "--seed", "5")

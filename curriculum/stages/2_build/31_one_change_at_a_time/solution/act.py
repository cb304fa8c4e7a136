"""Two runs that differ in one setting."""

from curriculum.checker.bench import Bench


def act(bench: Bench) -> None:
    """Do what a learner would do."""
    bench.live.loop("data", "add", "diabetes")
    bench.live.loop("train", "--data", "diabetes")
    bench.live.loop("train", "--data", "diabetes", "--prefer", "simple")

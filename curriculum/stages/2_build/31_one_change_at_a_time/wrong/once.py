"""Wrong: one run alone has nothing to be compared with."""

from curriculum.checker.bench import Bench


def act(bench: Bench) -> None:
    """Do what a learner would do."""
    bench.live.loop("data", "add", "diabetes")
    bench.live.loop("train", "--data", "diabetes", "--seed", "5")

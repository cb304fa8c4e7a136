"""Make a second version, then go back to the first one, and say why."""

from curriculum.checker.bench import Bench


def act(bench: Bench) -> None:
    """Do what a learner would do."""
    bench.live.loop("data", "add", "diabetes")
    bench.live.loop("train", "--data", "diabetes", "--seed", "2")
    reason = "the new version was trained with another seed, which nobody had asked for"
    bench.live.loop("rollback", "--model", "diabetes", "--reason", reason)

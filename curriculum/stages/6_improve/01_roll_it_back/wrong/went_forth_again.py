"""Wrong: goes back, and takes the new version again at once."""

from curriculum.checker.bench import Bench


def act(bench: Bench) -> None:
    bench.live.loop("data", "add", "diabetes")
    bench.live.loop("train", "--data", "diabetes", "--seed", "2")
    moved = bench.live.loop(
        "rollback", "--model", "diabetes", "--reason", "looked worse on Monday's customers"
    )
    bench.live.loop("promote", str(moved["previous_version"]), "--model", "diabetes")

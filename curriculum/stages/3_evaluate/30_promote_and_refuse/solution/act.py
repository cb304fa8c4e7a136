"""Set a limit that nobody keeps, see a refusal, and take the limit back."""

from contextlib import suppress

from curriculum.checker.bench import Bench
from curriculum.checker.live import CommandError

STRICT = ("gate", "--model", "wine", "--set", "gate.min_loss_decrease=0.999")
NO_MORE = ("gate", "--model", "wine", "--reset")


def act(bench: Bench) -> None:
    """Do what a learner would do."""
    bench.live.loop("data", "add", "wine")
    bench.live.loop(*NO_MORE)
    bench.live.loop(*STRICT)
    # The gate refuses, and the command says so with an error.
    with suppress(CommandError):
        bench.live.loop("train", "--data", "wine")
    bench.live.loop(*NO_MORE)
    bench.live.loop("train", "--data", "wine")

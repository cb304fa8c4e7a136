"""Judges how the learner undid a promotion: by the registry's history, and by who answers."""

import time

from core.records import AliasState
from core.registry import Registry
from curriculum.checker.bench import Bench, Failure
from curriculum.material.deployed import list_own_moves

MODEL = "diabetes"
UNSAID = {"", "rolled back by hand", "promoted by hand"}
SERVES_WITHIN_S = 30.0
WHERE = "loop models diabetes; loop rollback --help"


def probe(bench: Bench) -> Failure | None:
    """Look for a promotion that was undone, and stayed so."""
    moves = list_own_moves(bench, MODEL)
    history = Registry(bench.store).history(MODEL, "champion")
    back = [move for move in moves if is_back(move, history)]
    if not moves:
        return Failure(
            expected=f"a champion of {MODEL} that went forward, and back again",
            observed="it never moved since you began",
            where=f"loop data add {MODEL} makes the model; then give it a second version.",
        )
    if not back:
        return Failure(
            expected="the version before is the champion again",
            observed=f"the champion went forward only, to version {moves[-1].version}",
            where="A newer model is another risk. The one that you know is the one before.",
        )
    if moves[-1] is not back[-1]:
        return Failure(
            expected=f"version {back[-1].version} goes on serving",
            observed=f"the rollback was undone again: version {moves[-1].version} serves",
            where=WHERE,
        )
    if back[-1].reason.strip() in UNSAID or len(back[-1].reason.split()) < 4:
        return Failure(
            expected="a reason in the history, for those who were asleep",
            observed=f"no reason that anybody could use: {back[-1].reason!r}",
            where="loop rollback --help: --reason. Go back once more, from a newer version.",
        )
    return ask_endpoint(bench, back[-1])


def is_back(move: AliasState, history: list[AliasState]) -> bool:
    """Say whether a move went to a version that had served before the one that it left."""
    if move.previous_version is None or move.version >= move.previous_version:
        return False
    return any(each.version == move.version for each in history if each.revision < move.revision)


def ask_endpoint(bench: Bench, move: AliasState) -> Failure | None:
    """See that the version answers, without any deployment."""
    ends = time.monotonic() + SERVES_WITHIN_S
    while True:
        answer = bench.live.loop("predict", "--model", MODEL)
        if answer["model_version"] == move.version:
            return None
        if time.monotonic() > ends:
            return Failure(
                expected=f"predictions of version {move.version}",
                observed=f"predictions of version {answer['model_version']}",
                where="loop status",
            )
        time.sleep(2)

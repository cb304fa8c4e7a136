"""Trying versions by commands, and what the commands say of it."""

import json
from typing import Any

import numpy as np
import pytest

from core import keys
from core.assignment import draw
from core.events import Capture, Feedback, new_prediction_id, time_of, to_lines
from core.records import AliasState
from core.registry import Registry
from tests.fixtures.bundles import make_champion, make_contract
from tests.unit.cli.conftest import Loop
from tests.unit.cli.doubles import World

MODEL = "subscriptions"


@pytest.fixture(autouse=True)
def three_versions(world: World) -> None:
    """Versions 1, 2 and 3, of which 3 is the champion."""
    for number in (1, 2, 3):
        make_champion(world.memory, make_contract(), bias=float(number), run_id=f"run-{number}")


def challenger(world: World) -> AliasState:
    state = Registry(world.memory).alias(MODEL, "challenger")
    assert state is not None
    return state


def run(loop: Loop, *arguments: str) -> dict[str, Any]:
    result = loop(*arguments, "--json")
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def serve(world: World, *, rows: int, noise: float, shadow: bool = False) -> None:
    """Put captures and outcomes into the bucket; only the champion's answers have noise."""
    rng, captures = np.random.default_rng(0), []
    name = "shadow" if shadow else "challenger"
    state = Registry(world.memory).alias(MODEL, "shadow" if shadow else "challenger")
    assert state is not None
    for _ in range(rows):
        chance = float(rng.beta(0.5, 0.5))
        noisy = float(np.clip(chance + rng.normal(0, noise), 0, 1))
        prediction_id = new_prediction_id()
        drawn = draw(f"{MODEL}/{state.experiment}", prediction_id)
        inside = drawn.place < (state.share or 0)
        arms = ["champion", "shadow"] if shadow else [name if inside else "champion"]
        for arm in arms:
            told = noisy if arm == "champion" else chance
            captures.append(
                Capture(
                    prediction_id=prediction_id,
                    model=MODEL,
                    model_version=3 if arm == "champion" else state.version,
                    served_at=time_of(prediction_id),
                    features={},
                    probabilities={"No": 1 - told, "Yes": told},
                    prediction="Yes" if told >= 0.5 else "No",
                    arm=arm,
                    experiment=None if shadow and arm == "champion" else state.experiment,
                    share=state.share,
                    unit=drawn.unit,
                    took_ms=0.5,
                )
            )
        outcome = Feedback(
            prediction_id=prediction_id,
            model=MODEL,
            outcome="Yes" if rng.uniform() < chance else "No",
            observed_at=time_of(prediction_id),
        )
        key = keys.feedback(MODEL, time_of(prediction_id), prediction_id)
        world.memory.put(key, outcome.model_dump_json().encode())
    first = captures[0].prediction_id
    world.memory.put(keys.captured(time_of(first), first), to_lines(captures))


def test_split_begins_changes_and_ends(
    loop: Loop, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOOP_USER", "ada")
    begun = run(loop, "split", "--challenger", "0.1", "--version", "2", "--reason", "new data")
    assert (begun["version"], begun["share"], begun["against"]) == (2, 0.1, 3)
    assert begun["running"] is True
    assert (challenger(world).changed_by, challenger(world).reason) == ("ada", "new data")
    raised = run(loop, "split", "--challenger", "0.5")
    assert (raised["version"], raised["share"]) == (2, 0.5)
    assert raised["experiment"] == begun["experiment"]
    ended = run(loop, "split", "--challenger", "0")
    assert (ended["running"], ended["share"]) == (False, 0.0)


def test_split_tells_who_answers(loop: Loop) -> None:
    assert "nothing is tried" in loop("split").stdout
    loop("split", "--challenger", "0.25", "--version", "2")
    told = loop("split").stdout
    assert "Version 2 of subscriptions answers 25% of the requests" in told
    assert "loop experiment --model subscriptions" in told
    loop("promote", "1")
    assert loop("split").stdout == (
        "Version 1 of subscriptions answers all requests; challenger-1 with version 2 stopped when"
        " version 1 became the champion, and a rollback to version 3 starts it again."
        " To end it: loop split --challenger 0 --model subscriptions\n"
    )
    loop("split", "--challenger", "0")
    assert loop("split").stdout == (
        "Version 1 of subscriptions answers all requests; challenger-1 with version 2 ended.\n"
    )


def test_a_shadow_that_became_the_champion_says_what_starts_it_again(loop: Loop) -> None:
    loop("shadow", "2")
    loop("promote", "2")
    told = loop("shadow").stdout
    assert "stopped when version 2 became the champion, and another champion starts it" in told
    assert "To end it: loop shadow --share 0 --model subscriptions" in told


def test_rollback_says_what_runs_again(loop: Loop) -> None:
    loop("split", "--challenger", "0.1", "--version", "2")
    loop("shadow", "2")
    assert run(loop, "promote", "2")["started_again"] == []
    assert loop("rollback").stdout.splitlines() == [
        "subscriptions is back at version 3 (was 2).",
        (
            "challenger-1 goes on: version 2 answers 10% of the requests again."
            " To end it: loop split --challenger 0 --model subscriptions"
        ),
        (
            "shadow-1 goes on: version 2 mirrors 100% of the requests again."
            " To end it: loop shadow --share 0 --model subscriptions"
        ),
    ]
    loop("promote", "1")
    assert run(loop, "rollback")["started_again"] == ["challenger-1"]  # the shadow never stopped
    loop("promote", "2")
    loop("split", "--challenger", "0")
    loop("shadow", "--share", "0")
    assert loop("rollback").stdout == "subscriptions is back at version 3 (was 2).\n"


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("split", "--challenger", "0.1"), 3, "must be named"),
        (("split", "--challenger", "0"), 2, "no challenger that could be ended"),
        (("split", "--challenger", "1.5", "--version", "2"), 2, "from 0 to 1"),
        (("split", "--challenger", "0.1", "--version", "3"), 2, "champion already"),
        (("split", "--challenger", "0.1", "--version", "9"), 3, "no version 9"),
        (("split", "--version", "2"), 2, "needs a share"),
        (("shadow", "--share", "0"), 2, "no shadow that could be ended"),
        (("shadow", "3"), 2, "champion already"),
        (("experiment",), 3, "Nothing was ever tried"),
        (("split", "--model", "nothing", "--challenger", "0.1"), 3, "has no champion"),
    ],
)
def test_rejects_what_cannot_be_tried(
    loop: Loop, arguments: tuple[str, ...], code: int, told: str
) -> None:
    result = loop(*arguments)
    assert result.exit_code == code
    assert told in result.stderr


def test_shadow_begins_and_ends(loop: Loop) -> None:
    assert "nothing is tried" in loop("shadow").stdout
    begun = run(loop, "shadow", "2")
    assert (begun["version"], begun["share"], begun["running"]) == (2, 1.0, True)
    assert "mirrors 100% of the requests" in loop("shadow").stdout
    assert "mirrors 0.5% of" in loop("shadow", "--share", "0.005").stdout
    assert run(loop, "shadow", "--share", "0")["running"] is False


def test_models_name_what_is_tried_and_nothing_that_has_ended(loop: Loop) -> None:
    loop("split", "--challenger", "0.1", "--version", "2")
    loop("shadow", "1")

    def aliases() -> list[list[str]]:
        return [one["aliases"] for one in run(loop, "models", MODEL)["versions"]]

    assert aliases() == [["champion"], ["challenger"], ["shadow"]]
    loop("split", "--challenger", "0")
    assert aliases() == [["champion"], [], ["shadow"]]


def test_experiment_finds_a_better_challenger_and_says_what_to_do(loop: Loop, world: World) -> None:
    loop("split", "--challenger", "0.5", "--version", "2")
    serve(world, rows=2500, noise=0.6)
    facts = run(loop, "experiment")["split"]
    assert facts["difference"]["verdict"] == "better"
    assert facts["difference"]["upper"] < 0
    assert facts["is_mismatched"] is False
    assert facts["champion"]["labelled"] + facts["challenger"]["labelled"] == 2500
    assert facts["next_step"] == (
        "The challenger is better. Next: loop promote 2 --model subscriptions"
    )
    told = loop("experiment").stdout
    assert "brier score" in told
    assert "with 95%, whenever you look" in told
    assert "loop promote 2" in told


def test_experiment_does_not_advise_to_promote_a_challenger_that_failed(
    loop: Loop, world: World
) -> None:
    loop("split", "--challenger", "0.5", "--version", "2")
    serve(world, rows=2500, noise=0.6)
    [kept] = world.memory.list("captured/")
    lines = world.memory.get(kept.key).body.splitlines(keepends=True)
    failed = [number for number, line in enumerate(lines) if b'"challenger"' in line][:20]
    for number in failed:
        content = json.loads(lines[number]) | {"arm": "fallback", "model_version": 3}
        lines[number] = json.dumps(content).encode() + b"\n"
    world.memory.put(kept.key, b"".join(lines))
    facts = run(loop, "experiment")["split"]
    assert facts["difference"]["verdict"] == "better"
    assert facts["champion"]["labelled"] + facts["challenger"]["labelled"] == 2500
    [note] = facts["notes"]
    assert "answered for it: 20 rows, counted as the challenger's" in note
    assert "as champion nobody would answer where it fails" in facts["next_step"]
    assert "promote 2" not in facts["next_step"]


def test_experiment_says_which_rows_it_left_out(
    loop: Loop, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop("split", "--challenger", "0.5", "--version", "2")
    serve(world, rows=30, noise=0.0)
    monkeypatch.setattr("core.labels.MAX_OUTCOMES", 20)
    monkeypatch.setattr("cli.experiment_reports.MAX_ROWS", 25)
    captured, labelled = run(loop, "experiment")["split"]["notes"]
    assert "The oldest rows are left out" in captured
    assert "the intervals hold for this look only" in captured
    assert labelled.endswith("outcomes: those of the newest predictions are left out.")


def test_experiment_warns_of_arms_with_other_sizes(loop: Loop, world: World) -> None:
    loop("split", "--challenger", "0.5", "--version", "2")
    serve(world, rows=300, noise=0.0)
    [kept] = world.memory.list("captured/")
    lines = world.memory.get(kept.key).body.splitlines(keepends=True)
    champions = [line for line in lines if b'"champion"' in line]
    world.memory.put(kept.key, b"".join(champions))
    facts = run(loop, "experiment")["split"]
    assert facts["is_mismatched"] is True
    assert "Conclude nothing" in facts["next_step"]


def test_experiment_keeps_its_record_when_it_ends_after_the_promotion(
    loop: Loop, world: World
) -> None:
    loop("split", "--challenger", "0.5", "--version", "2")
    serve(world, rows=300, noise=0.0)
    before = run(loop, "experiment")["split"]
    loop("promote", "2")
    loop("split", "--challenger", "0")
    after = run(loop, "experiment")["split"]
    assert before["champion"]["predictions"] > 0
    for fact in ("champion", "challenger", "difference", "against", "is_mismatched"):
        assert after[fact] == before[fact]


def test_experiment_asks_for_outcomes_when_there_are_none(loop: Loop) -> None:
    loop("split", "--challenger", "0.5", "--version", "2")
    facts = run(loop, "experiment")
    assert facts["shadow"] is None
    assert "without outcomes" in facts["split"]["next_step"]
    assert "loop traffic --feedback --model subscriptions" in facts["split"]["next_step"]
    loop("promote", "1")
    assert "stopped undecided" in run(loop, "experiment")["split"]["next_step"]
    loop("split", "--challenger", "0")
    assert "ended undecided" in run(loop, "experiment")["split"]["next_step"]


def test_experiment_tells_when_shares_are_mixed(loop: Loop, world: World) -> None:
    loop("split", "--challenger", "0.5", "--version", "2")
    serve(world, rows=50, noise=0.0)
    loop("split", "--challenger", "0.7")
    serve(world, rows=50, noise=0.0)
    [note] = run(loop, "experiment")["split"]["notes"]
    assert "2 shares are mixed" in note


def test_experiment_compares_a_shadow_on_the_same_rows(loop: Loop, world: World) -> None:
    loop("shadow", "2")
    assert "Nothing is mirrored yet" in run(loop, "experiment")["shadow"]["next_step"]
    serve(world, rows=600, noise=0.6, shadow=True)
    facts = run(loop, "experiment")["shadow"]
    assert facts["rows"] == 600
    assert 0 < facts["agreement"] < 1
    assert facts["difference"]["verdict"] == "better"
    assert "loop split --challenger 0.1 --version 2" in facts["next_step"]
    told = loop("experiment").stdout
    assert "the same prediction" in told
    loop("split", "--challenger", "0.1", "--version", "2")
    assert "answers callers already" in run(loop, "experiment")["shadow"]["next_step"]
    loop("split", "--challenger", "0")
    assert "loop split --challenger 0.1" in run(loop, "experiment")["shadow"]["next_step"]

"""Live exercises are proven on the deployed system, by the command that authors use."""

import json

import pytest

from curriculum.checker.manifest import load_exercises
from tests.e2e.system import LiveSystem, run_loop

LIVE = [each for each in load_exercises() if each.manifest.mode == "live"]
# Proven where a learner does what they are told: a part of the system by the scripted learner, and
# a pass that takes a command in between in tests/curriculum.
ELSEWHERE = {"problem-statement"}
SLUGS = [
    each.manifest.slug
    for each in LIVE
    if each.manifest.part is None and each.manifest.slug not in ELSEWHERE
]


@pytest.mark.parametrize("slug", SLUGS)
def test_a_live_exercise_is_proven_three_ways(system: LiveSystem, slug: str) -> None:
    done = run_loop(
        system.home, "author", "prove", slug, "--live", "--seeds", "2", "--json", timeout_s=900
    )
    (proof,) = json.loads(done.stdout)["proofs"]
    told = [
        proof["problem"],
        *(f"{each['answer']}: {each['problem']}" for each in proof["answers"]),
    ]
    assert proof["verdict"] == "proven", "\n".join(told)

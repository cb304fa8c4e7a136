"""Live exercises are proven on the deployed system, by the command that authors use."""

import json

import pytest

from curriculum.checker.manifest import load_exercises
from tests.e2e.system import LiveSystem, run_loop

LIVE = [each for each in load_exercises() if each.manifest.mode == "live"]
# A part of the system is proven where a learner's work is deployed: by the scripted learner.
SLUGS = [each.manifest.slug for each in LIVE if each.manifest.part is None]


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

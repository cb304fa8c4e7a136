"""Versions tried on live requests: the commands, the function, and what is captured of it."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from core.assignment import draw
from core.events import Capture, parse_lines
from tests.e2e.system import LiveSystem, wait_for
from training.data.simulator import DATASET

NAMES = [f"C-{number}" for number in range(40)]


@pytest.fixture(scope="module")
def record(system: LiveSystem) -> dict[str, Any]:
    page = system.http.get("/openapi.json").json()
    [example] = page["components"]["schemas"]["Record"]["examples"]
    found: dict[str, Any] = example
    return found


@pytest.fixture(scope="module")
def identifier(system: LiveSystem) -> str:
    found: str = system.http.get("/v1/contract").json()["identifier"]
    return found


@pytest.fixture
def versions(system: LiveSystem) -> Iterator[tuple[int, int]]:
    """Two more versions with the champion's bundle: how good they are is not the question here."""
    made = (system.register_again(DATASET), system.register_again(DATASET))
    yield made
    for command in (("split", "--challenger", "0"), ("shadow", "--share", "0")):
        if system.loop(command[0])["running"]:
            system.loop(*command)


def read_captured(system: LiveSystem) -> Iterator[list[Capture]]:
    """Read the captures of the system's model, object by object."""
    s3, bucket = system.aws("s3"), system.outputs["DataBucketName"]
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="captured/"):
        for listed in page.get("Contents", ()):
            captures, broken = parse_lines(
                s3.get_object(Bucket=bucket, Key=listed["Key"])["Body"].read()
            )
            assert not broken
            yield [one for one in captures if one.model == DATASET]


def is_shadow(capture: Capture) -> bool:
    return capture.arm == "shadow"


def test_a_challenger_and_a_shadow_are_tried_compared_and_ended(
    system: LiveSystem,
    versions: tuple[int, int],
    record: dict[str, Any],
    identifier: str,
) -> None:
    tried, mirrored = versions
    split = system.loop("split", "--challenger", "0.5", "--version", str(tried))
    assert split["running"] is True
    shadow = system.loop("shadow", str(mirrored))
    assert shadow["running"] is True
    salt = f"{DATASET}/{split['experiment']}"
    expected = ["challenger" if draw(salt, name).place < 0.5 else "champion" for name in NAMES]
    records = [{**record, identifier: name} for name in NAMES]

    def ask() -> list[dict[str, Any]] | None:
        found = system.predict(DATASET, records)
        return found if "arm" in found[0] else None

    answers = wait_for(ask, within_s=30, what="a split that the endpoint follows")
    assert [one["arm"] for one in answers] == expected
    assert {one["model_version"] for one in answers if one["arm"] == "challenger"} == {tried}
    table = system.http.post("/invocations", json={"dataframe_records": records}).json()
    assert table["arms"] == expected
    feedback = [
        {"prediction_id": one["prediction_id"], "outcome": one["prediction"]} for one in answers
    ]
    told = system.http.post(f"/v1/models/{DATASET}/feedback", json={"feedback": feedback})
    assert told.status_code == 202, told.text

    def look() -> dict[str, Any] | None:
        """Mirror some more, until a shadow has answered in time and all is written."""
        system.predict(DATASET, records[:1])
        found = system.loop("experiment")
        known = found["split"]["champion"]["labelled"] + found["split"]["challenger"]["labelled"]
        return found if known == len(NAMES) and found["shadow"]["rows"] else None

    report = wait_for(look, within_s=90, what="captures of both arms and of the shadow")
    arms = Counter(expected)
    assert report["split"]["champion"]["units"] == arms["champion"]
    assert report["split"]["challenger"]["units"] == arms["challenger"]
    assert report["split"]["fallbacks"] == 0
    assert report["split"]["is_mismatched"] is False
    # The versions have the same bundle.
    assert report["shadow"]["agreement"] == 1.0
    assert report["shadow"]["mean_distance"] == pytest.approx(0.0, abs=1e-9)
    # Asked after the answer, by the same process: so both are kept together, at the price of one.
    mirrors = [captures for captures in read_captured(system) if any(map(is_shadow, captures))]
    assert mirrors
    for captures in mirrors:
        shadows = {one.prediction_id for one in captures if is_shadow(one)}
        assert shadows == {one.prediction_id for one in captures if not is_shadow(one)}
    system.loop("split", "--challenger", "0")
    wait_for(lambda: None if ask() else True, within_s=30, what="an endpoint that splits no more")

"""The loop closes: data land, a bad champion takes over, alarms tell, a rollback mends.

Only what every user has is used here: HTTP, the AWS APIs, and the `loop` command.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice

import pytest

from tests.e2e.system import Json, LiveSystem, wait_for
from tests.fixtures.pager import subscribe_queue
from training.data.simulator import BREAKS, DATASET, live_traffic, simulate, to_csv

Notices = Callable[[], Counter[tuple[str, str]]]

ALARMS = ("drift", "live-quality")
RECORDS_AT_ONCE = 100
CUSTOMERS = 400
TICK_S = 10


@pytest.fixture
def good(system: LiveSystem) -> int:
    """Promote a version that nobody has asked yet, and see the system healthy with it.

    The monitor counts an hour of a version's answers, so what other tests sent would count too.
    """
    version = system.register_again(DATASET)
    system.loop("promote", str(version))
    system.wait_for_version(DATASET, version)
    live_through(system, seed=100, expected_version=version)
    for slug in ALARMS:
        await_alarm(system, slug, "OK")
    return version


@pytest.fixture
def notices(system: LiveSystem, good: int) -> Iterator[Notices]:
    """Subscribe a queue to the alarm topic, as a pager would; yield a function that reads it."""
    sqs, sns = system.aws("sqs"), system.aws("sns")
    queue, subscription = subscribe_queue(
        system.aws, system.outputs["AlarmTopicArn"], name="end-to-end-pager"
    )
    seen: Counter[tuple[str, str]] = Counter()

    def read() -> Counter[tuple[str, str]]:
        received = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        for message in received.get("Messages", ()):
            notice = json.loads(json.loads(message["Body"])["Message"])
            seen[notice["AlarmName"].removeprefix("closed-loop-dev-"), notice["NewStateValue"]] += 1
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return seen

    yield read
    sns.unsubscribe(SubscriptionArn=subscription)
    sqs.delete_queue(QueueUrl=queue)


def test_loop_closes_when_a_broken_feed_trains_a_bad_champion(
    system: LiveSystem, good: int, notices: Notices
) -> None:
    # Data land: a month of the same business, from a billing feed that has begun to send cents.
    broken = simulate(6000, seed=7, world=BREAKS["units"].world)
    raw_key = system.land(DATASET, to_csv(broken, seed=7).body, filename="cents.csv")
    assert system.follow_workflow(raw_key) == "SUCCEEDED"

    # The endpoint follows the alias, without a redeploy.
    bad = int(system.champion(DATASET)["version"])
    assert bad == good + 1
    system.wait_for_version(DATASET, bad)

    # Live traffic still comes in euros: broken traffic, in the eyes of the new champion.
    live_through(system, seed=101, expected_version=bad)
    for slug in ALARMS:
        await_alarm(system, slug, "ALARM")

    # Rollback: one command, and the endpoint follows again.
    system.loop("rollback")
    system.wait_for_version(DATASET, good)
    live_through(system, seed=202, expected_version=good)
    for slug in ALARMS:
        await_alarm(system, slug, "OK")

    # Each change of state was told once.
    wanted = {(slug, state) for slug in ALARMS for state in ("ALARM", "OK")}
    wait_for(lambda: wanted <= set(notices()) or None, within_s=30, what="all notices")
    assert all(notices()[change] == 1 for change in wanted if change[1] == "ALARM")


def live_through(system: LiveSystem, *, seed: int, expected_version: int) -> None:
    """Send customers to the endpoint and, later, what became of them."""
    rows = list(islice(live_traffic(seed=seed), CUSTOMERS))
    feedback = []
    for first in range(0, CUSTOMERS, RECORDS_AT_ONCE):
        batch = rows[first : first + RECORDS_AT_ONCE]
        answer = system.http.post(
            f"/v1/models/{DATASET}/predict", json={"records": [dict(row.record) for row in batch]}
        )
        assert answer.status_code == 200, answer.text
        document = answer.json()
        assert document["model_version"] == expected_version
        feedback += [
            {"prediction_id": prediction["prediction_id"], "outcome": row.outcome}
            for prediction, row in zip(document["predictions"], batch, strict=True)
        ]
    answer = system.http.post(f"/v1/models/{DATASET}/feedback", json={"feedback": feedback})
    assert answer.status_code == 202, answer.text
    assert answer.json() == {"accepted": CUSTOMERS, "duplicates": 0}


def await_alarm(system: LiveSystem, slug: str, state: str) -> None:
    """Let the monitor look again and again, as on its schedule, until an alarm is in a state.

    An alarm looks at the worst of a minute, so good news counts from the next minute on.
    """

    seen: Json = {}

    def reached() -> bool | None:
        if system.alarm_state(slug) == state:
            return True
        seen.update(system.tick_monitor())
        time.sleep(TICK_S)
        return None

    try:
        wait_for(reached, within_s=240, what=f"alarm {slug} in {state}")
    except AssertionError as error:
        error.add_note(f"what the monitor saw last: {json.dumps(seen)}")
        raise

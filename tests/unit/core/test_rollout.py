"""What a challenger and a shadow take of the requests, as it lies in the registry."""

import pytest

from core.contract import Column
from core.errors import ConflictError, InvalidInputError, NotFoundError
from core.records import AliasState, Traffic
from core.registry import Registry
from core.rollout import TrialName, is_on
from core.store import Bucket, open_memory
from core.trials import start_trial
from tests.fixtures.bundles import make_champion, make_contract

CONTRACT = make_contract()
MODEL = CONTRACT.dataset


@pytest.fixture
def store() -> Bucket:
    """Versions 1, 2 and 3, of which 1 is the champion."""
    store = open_memory()
    for number in (1, 2, 3):
        make_champion(store, CONTRACT, bias=float(number), run_id=f"run-{number}")
    promote(store, 1)
    return store


def promote(store: Bucket, version: int) -> None:
    registry = Registry(store)
    current = registry.alias(MODEL)
    assert current is not None
    registry.move_alias(
        MODEL,
        "champion",
        to=version,
        expected_revision=current.revision,
        reason="a test",
        changed_by="test",
    )


def start(
    store: Bucket, share: float, *, version: int | None = None, trial: TrialName = "challenger"
) -> AliasState:
    return start_trial(
        store, MODEL, trial, version=version, share=share, reason="a try", changed_by="me"
    )


def runs(store: Bucket, trial: TrialName = "challenger") -> bool:
    registry = Registry(store)
    return is_on(registry.alias(MODEL, trial), registry.alias(MODEL))


def test_a_split_is_the_challengers_alias_with_a_share(store: Bucket) -> None:
    state = start(store, 0.1, version=2)
    assert state == Registry(store).alias(MODEL, "challenger")
    assert (state.version, state.share, state.against) == (2, 0.1, 1)
    assert (state.reason, state.changed_by, state.revision) == ("a try", "me", 1)
    assert state.experiment == "challenger-1"
    assert runs(store)


def test_another_share_goes_on_with_the_same_experiment(store: Bucket) -> None:
    start(store, 0.1, version=2)
    raised = start(store, 0.5)
    assert (raised.version, raised.share, raised.experiment) == (2, 0.5, "challenger-1")
    ended = start(store, 0.0)
    assert (ended.share, ended.experiment) == (0.0, "challenger-1")
    assert not runs(store)
    shares = [state.share for state in Registry(store).history(MODEL, "challenger")]
    assert shares == [0.1, 0.5, 0.0]


def test_another_experiment_begins_when_it_had_ended_or_compares_others(store: Bucket) -> None:
    start(store, 0.1, version=2)
    assert start(store, 0.1, version=3).experiment == "challenger-2"
    start(store, 0.0)
    assert start(store, 0.1).experiment == "challenger-4"
    promote(store, 2)
    again = start(store, 0.1)
    assert (again.experiment, again.against) == ("challenger-5", 2)


def test_a_split_that_ends_after_a_promotion_was_against_the_champion_before(store: Bucket) -> None:
    start(store, 0.1, version=2)
    promote(store, 2)
    ended = start(store, 0.0)
    assert (ended.experiment, ended.share, ended.against) == ("challenger-1", 0.0, 1)


def test_a_promotion_stops_a_split_and_its_rollback_goes_on_with_it(store: Bucket) -> None:
    start(store, 0.1, version=2)
    for version, expected in ((3, False), (1, True), (2, False)):
        promote(store, version)
        assert runs(store) is expected


def test_a_shadow_outlasts_a_promotion_but_is_not_the_champions_own(store: Bucket) -> None:
    state = start(store, 1.0, version=2, trial="shadow")
    assert (state.experiment, state.against) == ("shadow-1", None)
    for version, expected in ((3, True), (2, False), (1, True)):
        promote(store, version)
        assert runs(store, "shadow") is expected


def test_the_champions_record_is_as_it_was(store: Bucket) -> None:
    champion = Registry(store).alias(MODEL)
    assert champion is not None
    assert b"share" not in champion.to_json()
    assert b"experiment" not in champion.to_json()


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_rejects_a_share_beyond_its_range(store: Bucket, share: float) -> None:
    with pytest.raises(InvalidInputError, match="from 0 to 1"):
        start(store, share, version=2)
    with pytest.raises(InvalidInputError) as refused:
        start(store, share, version=2, trial="shadow")
    assert refused.value.next_step.startswith("loop shadow ")


def test_rejects_what_cannot_be_tried(store: Bucket) -> None:
    with pytest.raises(InvalidInputError, match="champion already"):
        start(store, 0.1, version=1)
    with pytest.raises(NotFoundError, match="no version 9"):
        start(store, 0.1, version=9)
    with pytest.raises(NotFoundError, match="must be named"):
        start(store, 0.1)
    with pytest.raises(NotFoundError, match="no champion"):
        start_trial(store, "wine", "shadow", version=1, share=1.0, reason="a try", changed_by="me")


def test_rejects_a_version_with_another_contract(store: Bucket) -> None:
    other = make_contract(columns=[Column(name="age", kind="numeric")])
    version = make_champion(store, other, run_id="run-4").version
    promote(store, 1)
    with pytest.raises(InvalidInputError, match="data contract differs"):
        start(store, 0.1, version=version)


def test_rejects_a_move_from_another_revision(store: Bucket) -> None:
    start(store, 0.1, version=2)
    with pytest.raises(ConflictError):
        Registry(store).move_alias(
            MODEL,
            "challenger",
            to=3,
            expected_revision=0,
            reason="late",
            changed_by="me",
            traffic=Traffic(0.5),
        )

"""The simulated business: repeatable, honest about its truth, dirty where it says so."""

import hashlib
import json
from collections import Counter
from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import keys
from core.inputs import encode_records
from core.store import open_memory
from training.data.ceiling import score_truth
from training.data.simulator import (
    BREAKS,
    DIRT,
    NORMAL,
    World,
    contract,
    live_traffic,
    simulate,
    to_csv,
    to_records,
)
from training.data.validate import validate_raw

REASONS = {
    "impossible_value": "out of range",
    "wrong_kind": "not a number",
    "unknown_category": "unknown category",
    "not_a_boolean": "not a boolean",
    "missing_value": "missing",
    "missing_target": "missing target",
    "unknown_class": "unknown class",
    "duplicate_identifier": "duplicate identifier",
    "ragged": "too many fields",
}


def test_bytes_are_the_same_when_the_seed_is_the_same() -> None:
    first, again = (to_csv(simulate(700, seed=3), seed=3).body for _ in range(2))
    assert first == again
    assert first != to_csv(simulate(700, seed=4), seed=4).body


@given(
    rows=st.integers(0, 1200), start=st.integers(0, 1200), seed=st.integers(0, 2**32), at=st.data()
)
def test_a_customer_is_the_same_when_others_are_asked_for_too(
    rows: int, start: int, seed: int, at: st.DataObject
) -> None:
    world = at.draw(st.sampled_from([NORMAL, *(each.world for each in BREAKS.values())]))
    some = simulate(rows, seed=seed, world=world, start=start)
    all_of_them = simulate(start + rows, seed=seed, world=world)
    assert some.identifiers.tolist() == all_of_them.identifiers[start:].tolist()
    np.testing.assert_array_equal(some.true_probability, all_of_them.true_probability[start:])
    for name, values in some.numeric.items():
        np.testing.assert_array_equal(values, all_of_them.numeric[name][start:])
    assert to_records(some) == to_records(all_of_them)[start:]


def test_identifiers_are_unique_and_live_customers_are_others() -> None:
    trained = simulate(3000, seed=0)
    live = simulate(3000, seed=0, stream="live")
    assert len({*trained.identifiers.tolist(), *live.identifiers.tolist()}) == 6000
    assert not np.array_equal(trained.true_probability, live.true_probability)


def test_outcomes_come_true_as_often_as_their_probability_says() -> None:
    simulation = simulate(40_000, seed=1)
    p = simulation.true_probability
    for low in np.arange(0.0, 1.0, 0.1):
        here = (p >= low) & (p < low + 0.1)
        # Four standard errors of a share.
        allowed = 4 * np.sqrt(0.25 / here.sum())
        assert abs(simulation.churned[here].mean() - p[here].mean()) < allowed


def test_the_truth_is_well_above_chance_and_below_perfection() -> None:
    simulation = simulate(20_000, seed=2)
    best = score_truth(simulation.true_probability, simulation.churned)
    always = max(simulation.churned.mean(), 1 - simulation.churned.mean())
    assert 0.84 < best["roc_auc"] < 0.89
    assert always + 0.1 < best["accuracy"] < 0.9


def test_values_are_missing_for_reasons() -> None:
    people = simulate(6000, seed=0)
    missing = {name: np.isnan(values) for name, values in people.numeric.items()}
    from_partners = people.strings["channel"] == "partner"
    np.testing.assert_array_equal(people.strings["age_band"] == "", from_partners)
    assert missing["usage_change"][people.numeric["tenure_months"] < 2].all()
    assert missing["usage_change"][missing["usage_hours"]].all()
    assert missing["satisfaction"].mean() > 0.2
    assert not missing["monthly_bill"].any()


def test_who_leaves_is_known_before_who_stays() -> None:
    people = simulate(4000, seed=0)
    left, stayed = (people.label_delay_days[people.churned == each] for each in (True, False))
    assert left.min() >= 1
    assert left.mean() < stayed.min()
    assert (people.label_available_at > people.observed_on).all()


def test_outcomes_come_later_when_the_world_is_slower() -> None:
    normal, slow = (simulate(100, seed=0, world=World(label_lag_days=lag)) for lag in (3, 45))
    np.testing.assert_array_equal(slow.label_delay_days, normal.label_delay_days + 42)


@pytest.mark.parametrize("name", sorted(DIRT))
def test_every_kind_of_dirt_occurs_in_the_default_file(name: str) -> None:
    assert name in to_csv(simulate(6000, seed=0), seed=0).dirty.values()


@pytest.mark.parametrize("seed", [0, 7])
def test_quarantine_holds_exactly_the_dirty_rows(seed: int) -> None:
    file = to_csv(simulate(2000, seed=seed), seed=seed, dirty_share=0.1)
    store = open_memory()
    raw_key = keys.raw("subscriptions", hashlib.sha256(file.body).hexdigest(), "subscriptions.csv")
    store.create(raw_key, file.body)
    validation = validate_raw(store, raw_key=raw_key, contract=contract())
    summary = json.loads(store.get(keys.dataset_summary("subscriptions", validation.version)).body)
    assert (validation.status, validation.rows) == ("ok", 2000 - len(file.dirty))
    assert summary["reasons"] == dict(Counter(REASONS[kind] for kind in file.dirty.values()))


def test_a_file_without_dirt_passes_whole_when_the_units_are_wrong() -> None:
    file = to_csv(simulate(1000, seed=0, world=BREAKS["units"].world), seed=0, dirty_share=0.0)
    store = open_memory()
    raw_key = keys.raw("subscriptions", hashlib.sha256(file.body).hexdigest(), "subscriptions.csv")
    store.create(raw_key, file.body)
    validation = validate_raw(store, raw_key=raw_key, contract=contract())
    assert (validation.status, validation.quarantined) == ("ok", 0)


@pytest.mark.parametrize("name", ["normal", *BREAKS])
def test_live_records_are_accepted_by_the_api_in_every_world(name: str) -> None:
    world = NORMAL if name == "normal" else BREAKS[name].world
    rows = list(islice(live_traffic(seed=5, world=world), 600))
    inputs, warnings = encode_records(contract(), [row.record for row in rows])
    assert len(inputs) == 600
    assert {warning.field for warning in warnings} == ({"plan"} if name == "new_plan" else set())


@settings(max_examples=15)
@given(start=st.integers(0, 2000))
def test_live_traffic_goes_on_where_it_was_left(start: int) -> None:
    whole = list(islice(live_traffic(seed=9), 2040))
    assert list(islice(live_traffic(seed=9, start=start), 40)) == whole[start : start + 40]


def test_units_break_changes_amounts_and_nothing_else() -> None:
    normal, broken = (simulate(1000, seed=0, world=w) for w in (NORMAL, BREAKS["units"].world))
    for name, values in normal.numeric.items():
        factor = 100 if name in {"monthly_bill", "overdue_balance"} else 1
        np.testing.assert_allclose(broken.numeric[name], values * factor)
    np.testing.assert_array_equal(normal.churned, broken.churned)


def test_missing_feed_silences_the_support_desk_alone() -> None:
    normal, broken = (
        simulate(1000, seed=0, world=w) for w in (NORMAL, BREAKS["missing_feed"].world)
    )
    silent = {name for name, values in broken.numeric.items() if np.isnan(values).all()}
    assert silent == {"support_contacts", "satisfaction"}
    np.testing.assert_array_equal(normal.true_probability, broken.true_probability)


@pytest.mark.parametrize(
    "knobs",
    [
        {"support_feed_share": 1.1},
        {"flex_plan_share": -0.1},
        {"newcomer_share": float("nan")},
        {"amounts_factor": 0.0},
        {"label_lag_days": -1},
    ],
)
def test_rejects_an_impossible_world(knobs: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(knobs))):
        World(**knobs)  # type: ignore[arg-type]


def test_rejects_negative_rows_and_seeds() -> None:
    with pytest.raises(ValueError, match="0 or more"):
        simulate(-1, seed=0)
    with pytest.raises(ValueError, match="0 or more"):
        simulate(1, seed=-1)
    with pytest.raises(ValueError, match="share"):
        to_csv(simulate(1, seed=0), seed=0, dirty_share=1.5)

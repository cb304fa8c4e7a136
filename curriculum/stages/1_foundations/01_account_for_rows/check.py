"""Judges `account_for_rows`: on fresh deliveries, sound and damaged, and on the newest live one."""

import json
import random
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from core import keys
from core.contract import Contract
from core.store import ObjectStore, open_memory
from curriculum.checker.bench import Bench, Case, NotReadyError, plain
from curriculum.checker.results import Failure
from training.data.read import connect, open_raw
from training.data.simulator import DATASET, contract, simulate, to_csv
from training.data.validate import load_contract, validate_raw

ROWS = 400
DIRTY_SHARE = 0.15
MAX_BYTES = 64 * 1024 * 1024
DUPLICATE = "duplicate identifier"

WHERE = {
    "raw": "`raw` has one entry for every row that landed.",
    "clean": "`clean` has one entry for every row that was kept.",
    "quarantined": "`quarantine` has one entry for every row that was turned away.",
    "reasons": "The entries of `quarantine`: `column` says where, `reason` says why.",
    "top_reason": "It is the key of the largest number in your own `reasons`.",
    "lost": "Row numbers of `raw` that are not in `quarantine`, and whose customer is not in "
    "`clean`.",
    "extra": "Clean rows that no raw row explains.",
}


@dataclass(frozen=True)
class Delivery:
    """A landed file and what became of it; the arguments of the learner's function."""

    raw: list[dict[str, Any]]
    clean: list[dict[str, Any]]
    quarantine: list[dict[str, Any]]


def prepare(bench: Bench) -> list[Case]:
    """Make one live and four fresh cases."""
    live = read_newest(bench.store)
    chance = random.Random(bench.seed)  # noqa: S311 - a reproducible exercise, not a secret
    fresh = make_fresh(bench.seed)
    return [
        make_case("a fresh delivery", fresh),
        make_case("a delivery of which a row was lost", lose_row(fresh, chance)),
        make_case(
            "a delivery whose duplicates were dropped in silence",
            drop_duplicates(fresh),
            lost="Two raw rows share a customer, and only one of them was kept. The other is in no "
            "quarantine: what explains it?",
        ),
        make_case(
            "a delivery that lost one row and kept another twice",
            lose_and_double(fresh, chance),
            lost="The totals agree here, and still a row is missing: account row by row.",
            extra="The totals agree here, and still a row was kept twice: account row by row.",
        ),
        make_case("the newest delivery in your own data bucket", live),
    ]


def judge(case: Case, answer: object) -> Failure | None:
    """Compare field by field, in the order of the docstring."""
    expected, where = case.expected
    answer = plain(answer)
    if not isinstance(answer, dict):
        return Failure(
            expected="a dict",
            observed="nothing was returned" if answer is None else f"a {type(answer).__name__}",
            where="The end of `account_for_rows`: does it return what it made?",
        )
    absent = [name for name in expected if name not in answer]
    if absent:
        return Failure(
            expected=f"the fields {', '.join(expected)}",
            observed=f"no {', '.join(absent)}",
            where="What `account_for_rows` returns; its docstring names the fields.",
        )
    for name, right in expected.items():
        if not _agree(name, right, answer[name], expected):
            return Failure(
                expected=f"{name} = {_show(right)}",
                observed=f"{name} = {_show(answer[name])}",
                where=where[name],
            )
    return None


def make_case(name: str, delivery: Delivery, **where: str) -> Case:
    """Make a case with its right answer; `where` says where to look when a field is wrong."""
    arguments = (delivery.raw, delivery.clean, delivery.quarantine)
    return Case(name=name, arguments=arguments, expected=(account(delivery), WHERE | where))


def account(delivery: Delivery) -> dict[str, Any]:
    """Work the right answer out."""
    reasons = Counter(row["reason"] for row in delivery.quarantine)
    turned_away = {row["row_number"] for row in delivery.quarantine}
    left = Counter(row["customer_id"] for row in delivery.clean)
    lost = []
    for row in delivery.raw:
        if row["row_number"] in turned_away:
            continue
        if not left[row["customer_id"]]:
            lost.append(row["row_number"])
        left[row["customer_id"]] -= bool(left[row["customer_id"]])
    return {
        "raw": len(delivery.raw),
        "clean": len(delivery.clean),
        "quarantined": len(delivery.quarantine),
        "reasons": dict(reasons),
        "top_reason": reasons.most_common(1)[0][0] if reasons else None,
        "lost": lost,
        "extra": left.total(),
    }


def make_fresh(seed: int) -> Delivery:
    """Simulate a dirty file, and let the system's own validate step work on it, in memory."""
    for attempt in range(100):
        store = open_memory()
        simulation = simulate(ROWS, seed=seed + attempt)
        body = to_csv(simulation, seed=seed + attempt, dirty_share=DIRTY_SHARE).body
        raw_key = keys.raw(DATASET, "0" * 64, "delivery.csv")
        store.put(raw_key, body)
        found = validate_raw(store, raw_key=raw_key, contract=contract())
        delivery = read_delivery(store, contract(), raw_key=raw_key, version=found.version)
        if any(row["reason"] == DUPLICATE for row in delivery.quarantine):
            return delivery
    raise AssertionError("the simulator makes no duplicates any more")


def read_newest(store: ObjectStore) -> Delivery:
    """Read the newest dataset version of the live bucket, and the file that it came from."""
    summaries = [
        info for info in store.list(f"datasets/{DATASET}/") if info.key.endswith("/summary.json")
    ]
    if not summaries:
        raise NotReadyError(
            f"Your data bucket holds no dataset version of {DATASET!r} yet.", next_step="loop up"
        )
    newest = max(summaries, key=lambda info: info.modified_at)
    try:
        summary = json.loads(store.get(newest.key, max_bytes=MAX_BYTES).body)
        return read_delivery(
            store,
            load_contract(store, DATASET),
            raw_key=summary["raw_key"],
            version=summary["version"],
        )
    except (ValueError, KeyError, TypeError, duckdb.Error) as error:
        raise NotReadyError(
            f"The newest dataset version of {DATASET!r} in your data bucket cannot be read.",
            next_step="loop data list",
        ) from error


def read_delivery(store: ObjectStore, about: Contract, *, raw_key: str, version: str) -> Delivery:
    """Read a landed file, the dataset version made of it, and its quarantine."""
    identifier = about.identifier or ""
    with open_raw(store.get(raw_key, max_bytes=MAX_BYTES).body, name="delivery") as table:
        place = table.columns.index(identifier)
        query = f"SELECT row_number, trim(c{place}) FROM raw"  # noqa: S608 - a number of ours
        landed = dict(table.connection.execute(query).fetchall())
        # Rows with too many or too few fields are set apart by the reader; they landed too.
        landed |= {row.row_number: "".join(row.cells[place : place + 1]) for row in table.ragged}
    quarantine_key = keys.quarantine(about.dataset, version)
    turned_away = read_parquet(store, quarantine_key) if store.exists(quarantine_key) else []
    return Delivery(
        raw=[
            {"row_number": number, "customer_id": customer or ""}
            for number, customer in sorted(landed.items())
        ],
        clean=[
            {"customer_id": row[identifier]}
            for row in read_parquet(store, keys.dataset_data(about.dataset, version))
        ],
        quarantine=[
            {name: row[name] for name in ("row_number", "reason", "column")} for row in turned_away
        ],
    )


def read_parquet(store: ObjectStore, key: str) -> list[dict[str, Any]]:
    """Read all rows of a Parquet object."""
    with tempfile.TemporaryDirectory() as folder, connect(folder) as connection:
        path = Path(folder) / "rows.parquet"
        path.write_bytes(store.get(key, max_bytes=MAX_BYTES).body)
        found = connection.execute("SELECT * FROM read_parquet(?)", [str(path)])
        names = [column[0] for column in found.description or []]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def lose_row(delivery: Delivery, chance: random.Random) -> Delivery:
    """Take one row out of the quarantine: a bad row that somebody just dropped."""
    candidates = [row for row in delivery.quarantine if row["reason"] != DUPLICATE]
    gone = chance.choice(candidates)
    return replace(delivery, quarantine=[row for row in delivery.quarantine if row != gone])


def drop_duplicates(delivery: Delivery) -> Delivery:
    """Take all duplicates out of the quarantine, as `drop_duplicates()` would have."""
    kept = [row for row in delivery.quarantine if row["reason"] != DUPLICATE]
    return replace(delivery, quarantine=kept)


def lose_and_double(delivery: Delivery, chance: random.Random) -> Delivery:
    """Replace a clean row by a copy of another one, so that the totals stay what they were."""
    gone, doubled = chance.sample(range(len(delivery.clean)), 2)
    clean = list(delivery.clean)
    clean[gone] = clean[doubled]
    return replace(delivery, clean=clean)


def _agree(name: str, right: Any, told: Any, expected: Mapping[str, Any]) -> bool:  # noqa: ANN401
    if name == "lost":
        return isinstance(told, list) and Counter(map(str, told)) == Counter(map(str, right))
    if name == "top_reason" and right is not None:
        # Any of the most frequent ones will do.
        return bool(expected["reasons"].get(str(told)) == expected["reasons"][right])
    return bool(told == right)


def _show(value: object) -> str:
    if isinstance(value, dict) and value:
        shown = ", ".join(f"{key!r}: {count}" for key, count in list(value.items())[:10])
        return "{" + shown + (", …}" if len(value) > 10 else "}")
    if isinstance(value, list) and value:
        return f"[{', '.join(map(str, value[:10]))}{', …' if len(value) > 10 else ''}]"
    return str(value)[:200]

"""Finished runs to write cards of: every task, a second version, names that nobody would choose."""

from functools import cache

from core import keys
from core.contract import Column, Contract, Task
from core.registry import Registry
from core.store import Bucket, open_memory
from tests.unit.training.worlds import CLASSES, HEADER, land, make_contract, make_rows, to_csv
from training.report.facts import Facts, gather_version
from training.run import run_training

SCRIPT = "<script>alert(1)</script>"
PIPE = "a|b *c* [d](http://e.example) $x$"
NAMES = {"plan": SCRIPT, "charge": PIPE}
LEVELS = {"basic": "</td><img src=x onerror=alert(2)>", "plus": "x | y `z`", "pro": "价格 & <b>"}


def make_strange_contract(task: Task) -> Contract:
    """Make a contract whose columns, categories and classes are markup."""
    columns = tuple(
        Column(
            name=NAMES.get(each.name, each.name),
            kind=each.kind,
            categories=tuple(LEVELS.values()) if each.categories else None,
            sensitive=each.kind != "numeric",
        )
        for each in make_contract(task).columns
    )
    classes = tuple(f"<i>{label}</i>|" for label in CLASSES[task])
    return Contract(
        dataset="small", task=task, target="churn", classes=classes, columns=columns,
        identifier="id",
    )  # fmt: skip


def make_strange_csv(task: Task, *, rows: int = 400, seed: int = 0) -> bytes:
    """Write rows of `make_strange_contract`."""
    table = make_rows(task, rows=rows, seed=seed)
    for row in table:
        row[2] = LEVELS.get(row[2], row[2])
        row[-1] = f"<i>{row[-1]}</i>|" if task != "regression" else row[-1]
    return to_csv(table, header=[NAMES.get(name, name) for name in HEADER])


@cache
def train_twice(task: Task) -> Bucket:
    """Train two versions, the second on more rows; tests must only read the bucket."""
    store, contract = open_memory(), make_strange_contract(task)
    for place, rows in enumerate((400, 500)):
        key = land(store, make_strange_csv(task, rows=rows), contract)
        store.put(keys.source("small"), b'{"kind":"file","name":"<b>rows</b>.csv"}')
        run_training(store, raw_key=key, run_id=f"run-{place + 1}", budget="tiny")
    return store


def gather(task: Task, version: int = 2) -> Facts:
    """Read what is known of a version of `train_twice`."""
    store = train_twice(task)
    record = Registry(store).version("small", version)
    return gather_version(store, record, best_possible={})

"""Wrong: says of no column that it names a row."""

import tempfile
import time
from pathlib import Path

import numpy as np

from curriculum.checker.bench import Bench
from training.data.simulator import simulate


def act(bench: Bench) -> None:
    """Do what a learner would do."""
    seed = int(time.time())  # a file that has landed before lands no second time
    made = simulate(800, seed=seed)
    tenure = made.numeric["tenure_months"]
    bill = made.numeric["monthly_bill"]
    late = made.numeric["late_payments"]
    noise = np.random.default_rng(seed).normal(0, 2, len(bill))
    paid = bill * 12 + 0.5 * tenure - 5 * late + noise
    lines = ["contract,tenure,bill,late,invoice_total,paid"]
    rows = zip(made.identifiers, tenure, bill, late, paid, strict=True)
    lines += [
        f"{who},{months:.0f},{each:.2f},{times:.0f},{total * 1.19:.2f},{total:.2f}"
        for who, months, each, times, total in rows
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "nameless-payments.csv"
        path.write_text("\n".join(lines) + "\n")
        words = ("data", "add", str(path), "--target", "paid", *OPTIONS)
        bench.live.loop(*words)


OPTIONS = ("--set", "contract.kind=ignored", "--set", "invoice_total.kind=ignored")

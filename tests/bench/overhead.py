"""What training costs beyond calling scikit-learn directly, in seconds of processor.

Both take turns in one process on the same file, so that what else the machine does hits both, and
the least of each is taken. Seconds of processor, because Lambda runs the candidates side by side
and a notebook does not.
"""

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path

from core import keys
from core.store import open_memory
from tests.bench.direct import Took, train_directly
from tests.bench.stages import RUN_ID
from training.data.builtin import LandedFile, subscriptions
from training.data.runs import load_evaluation, load_spec
from training.data.split import split_dataset
from training.data.start import start_run
from training.judge.evaluate import evaluate_run
from training.judge.gate import judge_run
from training.model.fit import fit_and_export

MAX_OVERHEAD = 1.25


@dataclass(frozen=True, slots=True)
class Overhead:
    """The least that each way took over all turns."""

    ours: Took
    direct: Took

    @property
    def fits(self) -> float:
        """The candidates, without what comes before and after them."""
        return self.ours.fits_s / self.direct.fits_s

    @property
    def whole(self) -> float:
        """From the landed file to the verdict, against from the file to the best score."""
        return self.ours.whole_s / self.direct.whole_s


def measure_overhead(folder: Path, *, rows: int, turns: int) -> Overhead:
    """Train on the simulator's rows, none of them dirty, in both ways in turn."""
    landed = subscriptions(rows=rows, dirty_share=0.0)
    path = folder / landed.filename
    path.write_bytes(landed.csv)
    ours, direct = [], []
    for _ in range(turns):
        direct.append(train_directly(path, landed.contract))
        ours.append(train_ours(landed))
    return Overhead(_least(ours), _least(direct))


def train_ours(landed: LandedFile) -> Took:
    """Take the steps of a training run up to the gate, the bucket in memory."""
    store = open_memory()
    raw_key = keys.raw(
        landed.contract.dataset, hashlib.sha256(landed.csv).hexdigest(), landed.filename
    )
    store.put(keys.contract(landed.contract.dataset), landed.contract.to_json())
    store.put(raw_key, landed.csv)
    began = time.process_time()
    version = start_run(store, raw_key=raw_key, run_id=RUN_ID, budget="tiny").version
    split_dataset(store, run_id=RUN_ID, version=version)
    fitted_at = time.process_time()
    for candidate in load_spec(store, RUN_ID).candidates:
        fit_and_export(store, run_id=RUN_ID, candidate=candidate)
    fits_s = time.process_time() - fitted_at
    evaluate_run(store, run_id=RUN_ID)
    judge_run(store, run_id=RUN_ID)
    whole_s = time.process_time() - began
    return Took(fits_s, whole_s, load_evaluation(store, RUN_ID).metrics["roc_auc"])


def _least(turns: list[Took]) -> Took:
    fits, whole = min(took.fits_s for took in turns), min(took.whole_s for took in turns)
    return Took(fits, whole, turns[0].roc_auc)

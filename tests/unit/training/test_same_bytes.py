import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.arithmetic import name_machine, pinned_variables

ROOT = Path(__file__).resolve().parents[3]
# As two machines differ: cores, processor, language, clock, the order that sets are walked in.
MACHINES = {
    "one": {"OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "1", "TZ": "UTC", "LC_ALL": "C"},
    "two": {
        "OMP_NUM_THREADS": "7",
        "OPENBLAS_NUM_THREADS": "3",
        "PYTHONHASHSEED": "77",
        "TZ": "Pacific/Auckland",
        "LC_ALL": "C.UTF-8",
        **({"OPENBLAS_CORETYPE": "Sandybridge"} if name_machine() == "x86_64" else {}),
    },
}  # fmt: skip


def start(name: str, folder: Path, *, pinned: bool = True) -> subprocess.Popen[str]:
    surroundings = os.environ | MACHINES[name] | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-m", "tests.unit.training.same_bytes", name],
        env=surroundings | (pinned_variables() if pinned else {}),
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
    )


def finish(processes: list[subprocess.Popen[str]]) -> list[dict[str, str]]:
    outputs = [process.communicate(timeout=240)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes)
    return [json.loads(output) for output in outputs]


def test_two_machines_make_the_same_bytes(tmp_path: Path) -> None:
    first, second = finish([start("one", ROOT), start("two", tmp_path)])
    assert first == second
    assert {"bundle", "manifest.json", "model.onnx", "MLmodel", "regression neural"} <= set(first)


@pytest.mark.skipif(name_machine() != "x86_64", reason="names kernels of x86-64")
def test_a_bundle_says_so_when_the_machine_chose_the_kernels(tmp_path: Path) -> None:
    free, pinned = finish([start("two", tmp_path, pinned=False), start("two", tmp_path)])
    assert pinned["bundle"] != free["bundle"]
    assert pinned["requirements.txt"] == free["requirements.txt"]

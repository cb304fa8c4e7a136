import importlib
import os
import subprocess
import sys
from typing import Any

import pytest

from core.arithmetic import UNPINNED, name_arithmetic, name_machine, pinned_variables

SHOW = (
    "import numpy, threadpoolctl\n"
    "from numpy._core._multiarray_umath import __cpu_features__ as features\n"
    "print(threadpoolctl.threadpool_info()[0]['architecture'],"
    " threadpoolctl.threadpool_info()[0]['num_threads'], features['X86_V4'])"
)


@pytest.mark.skipif(name_machine() != "x86_64", reason="names kernels of x86-64")
def test_a_process_that_is_given_the_variables_takes_kernels_that_every_machine_has() -> None:
    command = [sys.executable, "-W", "error", "-c", SHOW]
    found = subprocess.run(
        command, env=os.environ | pinned_variables(), capture_output=True, text=True, check=True
    )
    assert found.stdout.split() == ["Haswell", "1", "False"]


def test_the_kernels_multiply_large_matrices() -> None:
    # OpenBLAS 0.3.34, which NumPy has from 2.5.2 on, ends such a process by a segmentation fault.
    command = [
        sys.executable,
        "-c",
        "import numpy as np; np.ones((500, 1000)) @ np.ones((1000, 4))",
    ]
    found = subprocess.run(command, env=os.environ | pinned_variables(), check=False)
    assert found.returncode == 0


@pytest.mark.skipif(name_machine() != "x86_64", reason="names features of x86-64")
def test_numpy_knows_the_features_that_it_is_told_to_leave_out() -> None:
    numpy: Any = importlib.import_module("numpy._core._multiarray_umath")

    named = set(pinned_variables()["NPY_DISABLE_CPU_FEATURES"].split())
    beyond = set(numpy.__cpu_dispatch__) - {"X86_V3"}
    assert named == beyond


def test_a_process_says_which_kernels_it_was_given() -> None:
    assert name_arithmetic(pinned_variables()) != UNPINNED
    assert name_arithmetic({}) == UNPINNED
    assert name_arithmetic(pinned_variables() | {"OPENBLAS_NUM_THREADS": "2"}) == UNPINNED


def test_an_architecture_has_one_name() -> None:
    assert name_machine("AMD64") == name_machine("x86_64") == "x86_64"
    assert name_machine("aarch64") == name_machine("arm64") == "arm64"
    assert name_machine("riscv64") == "riscv64"
    assert pinned_variables("riscv64") == {"OPENBLAS_NUM_THREADS": "1"}

"""The real packages: built from the lock files, and run by nothing but themselves."""

import os
import platform
import re
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from cdk.bundling import RECIPES, Package, PackageName, build_packages
from cdk.config import read_config
from cdk.interpreters import find_interpreter
from core.arithmetic import pinned_variables
from tests.infra.conftest import ROOT

pytestmark = [pytest.mark.build, pytest.mark.timeout(900)]

# Only what is unpacked, like Lambda: no installed packages, no current folder.
_IMPORT = """
import importlib, sys
sys.path[:] = [sys.argv[1]] + [p for p in sys.path if "site-packages" not in p]
for name in sys.argv[2:]:
    assert callable(importlib.import_module(name).handler), name
strangers = [m.__file__ for m in sys.modules.values()
             if getattr(m, "__file__", None) and "site-packages" in m.__file__]
assert not strangers, strangers
"""

# On the kernels that functions are given, a faulty OpenBLAS ends the process.
_MULTIPLY = """
import sys
sys.path.insert(0, sys.argv[1])
import numpy
for rows in 1000, 5000:
    for columns in 1, 2, 16:
        product = numpy.ones((200, rows)) @ numpy.ones((rows, columns))
        assert (product == rows).all(), (rows, columns)
"""


@pytest.fixture(scope="module")
def packages() -> Mapping[PackageName, Package]:
    return build_packages(ROOT, read_config({}, {}))


@pytest.fixture(scope="module")
def packages_for_aws() -> Mapping[PackageName, Package]:
    return build_packages(ROOT, read_config({"target": "aws", "architecture": "x86_64"}, {}))


@pytest.mark.parametrize("name", RECIPES)
def test_handlers_can_be_imported_from_the_package_alone(
    packages: Mapping[PackageName, Package], name: PackageName, tmp_path: Path
) -> None:
    with zipfile.ZipFile(packages[name].path) as bundle:
        bundle.extractall(tmp_path)
    run_in_package(tmp_path, _IMPORT, *RECIPES[name].handlers)


@pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"), reason="Lambda is x86_64 Linux here"
)
@pytest.mark.parametrize("name", RECIPES)
def test_packages_for_aws_start_and_compute_in_lambdas_python(
    packages_for_aws: Mapping[PackageName, Package], name: PackageName, tmp_path: Path
) -> None:
    wanted = read_config({"target": "aws"}, {}).python
    interpreter = find_interpreter(wanted)
    if interpreter is None:
        pytest.skip(f"there is no Python {wanted} on this machine")
    with zipfile.ZipFile(packages_for_aws[name].path) as bundle:
        bundle.extractall(tmp_path)
    run_in_package(tmp_path, _IMPORT, *RECIPES[name].handlers, interpreter=interpreter)
    run_in_package(tmp_path, _MULTIPLY, interpreter=interpreter)


def run_in_package(
    folder: Path, program: str, *arguments: str, interpreter: str = sys.executable
) -> None:
    done = subprocess.run(
        [interpreter, "-I", "-S", "-c", program, str(folder), *arguments],
        env={
            "PATH": os.environ["PATH"],
            "BUCKET": "none",
            "STAGE": "dev",
            "AWS_REGION": "us-east-1",
            "AWS_LAMBDA_FUNCTION_NAME": "test",
            **pinned_variables(),
        },
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, (done.returncode, done.stderr)


@pytest.mark.parametrize("name", RECIPES)
def test_nothing_is_in_the_package_twice(
    packages: Mapping[PackageName, Package], name: PackageName
) -> None:
    with zipfile.ZipFile(packages[name].path) as bundle:
        names = bundle.namelist()
    assert len(names) == len(set(names))


@pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
def test_compiled_modules_fit_lambda_when_built_for_aws(architecture: str) -> None:
    config = read_config({"target": "aws", "architecture": architecture}, {})
    machine = "aarch64" if architecture == "arm64" else "x86_64"
    tag = f"cpython-{config.python.replace('.', '')}-{machine}-linux-gnu.so"
    compiled = find_interpreter(config.python) is not None
    for package in build_packages(ROOT, config).values():
        with zipfile.ZipFile(package.path) as bundle:
            suffix = f".cpython-{config.python.replace('.', '')}.pyc"
            assert any(n.endswith(suffix) for n in bundle.namelist()) == compiled
            tagged = [n for n in bundle.namelist() if re.search(r"\.cpython-\d+.*\.so$", n)]
            for name in tagged:
                assert name.endswith(tag), name
            for name in (n for n in bundle.namelist() if n.endswith(".so")):
                assert _machine(bundle.open(name).read(20)) == machine, name
        assert tagged


def _machine(header: bytes) -> str:
    """Return the processor that an ELF file is for."""
    assert header[:4] == b"\x7fELF"
    return {0x3E: "x86_64", 0xB7: "aarch64"}[int.from_bytes(header[18:20], "little")]

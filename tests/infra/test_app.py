"""The entry point, as the CDK command line runs it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.infra.conftest import ROOT


def run_app(folder: Path, **context: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "app.py")],
        cwd=folder,
        env={
            **os.environ,
            "CDK_OUTDIR": str(folder / "out"),
            "CDK_CONTEXT_JSON": json.dumps(context),
            "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "true",
        },
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("context", "line"),
    [
        ({"stage": "test"}, "setting stage (-c stage) is 'test': allowed are dev, prod."),
        ({"colour": "red"}, "setting colour (-c colour) is 'red': there is no such setting."),
    ],
)
def test_says_one_line_and_exits_2_when_a_setting_is_wrong(
    tmp_path: Path, context: dict[str, str], line: str
) -> None:
    done = run_app(tmp_path, **context)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith(line)
    assert "Traceback" not in done.stderr

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
HEAVY = (
    "boto3", "botocore", "duckdb", "joblib", "onnx", "pandas", "scipy", "skl2onnx", "sklearn",
    "training", "cli", "cdk", "curriculum", "fastapi", "uvicorn", "httpx",
    "starlette", "mangum", "asyncio", "anyio", "ssl", "pydantic", "core.contract", "core.records",
    "matplotlib", "mlflow",
    "lambdas.inference.app", "lambdas.inference.page", "lambdas.inference.server",
    "lambdas.inference.protocols.schemas", "lambdas.inference.protocols.oip",
    "lambdas.inference.protocols.mlflow", "lambdas.inference.splitting",
    "lambdas.inference.mirroring",
)  # fmt: skip
MODULES = sorted([*(ROOT / "lambdas" / "inference").rglob("*.py"), *(ROOT / "core").glob("*.py")])
ASK = f"""
import sys
import lambdas.inference.handler
print(*sorted(set({HEAVY!r}) & set(sys.modules)))
import gc
assert gc.isenabled()
"""


def test_handler_loads_nothing_heavy() -> None:
    asked = subprocess.run(
        [sys.executable, "-c", ASK], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert asked.stdout.split() == []


def test_onnxruntime_reports_to_nobody(tmp_path: Path) -> None:
    importing = "import lambdas.inference.predictor, training.judge.graph"
    environment = {"HOME": str(tmp_path), "TMPDIR": str(tmp_path), "PATH": "/usr/bin:/bin"}
    subprocess.run([sys.executable, "-c", importing], cwd=ROOT, env=environment, check=True)
    # It would keep an identifier of the computer and a queue there.
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize(
    "path",
    [
        *sorted((ROOT / "lambdas" / "inference").rglob("*.py")),
        *sorted((ROOT / "core").glob("*.py")),
    ],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_no_module_unpickles(path: Path) -> None:
    # numpy itself imports pickle, so that sys.modules cannot tell.
    names = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    assert not names & {"pickle", "joblib", "dill", "cloudpickle", "marshal", "shelve"}

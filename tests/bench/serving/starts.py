"""From a fresh process to its first answer, and what is in memory after a thousand more.

Every process ends with its first answer, without clearing up. Ours reads the registry and the
bundle over HTTP from a small server of objects on loopback, by the same client as from S3, and
registers its work after the answer, as on Lambda; the others read a file. All code is compiled
before, because a start without byte code measures the compiler.
"""

import compileall
import json
import os
import resource
import subprocess
import sys
import sysconfig
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cdk.local.mends.extensions import ExtensionsApi
from core.store import open_memory
from tests.bench.serving.model import BenchModel
from tests.bench.serving.report import Row
from tests.bench.serving.rounds import Rounds

ROOT = Path(__file__).resolve().parents[3]

_FLOOR = """
import os, numpy as np, onnxruntime
o = onnxruntime.SessionOptions()
o.intra_op_num_threads = 1
s = onnxruntime.InferenceSession(os.environ["BENCH_MODEL"] + "/model.onnx", o)
s.run(None, {"numeric": np.zeros((1, 12), np.float32), "strings": np.full((1, 6), "", object)})
os._exit(0)
"""
_OURS = """
import json, os, sys
from lambdas.inference.handler import handler
event = json.load(open(os.environ["BENCH_EVENT"]))
answer = handler(event, None)
assert answer["statusCode"] == 200, answer
for _ in range(int(os.environ.get("BENCH_MORE", "0"))):
    handler(event, None)
sys.stderr.write(open("/proc/self/status").read())
sys.stderr.flush()
os._exit(0)
"""
_USUAL = """
import asyncio, json, os, sys
sys.path.insert(0, os.environ["BENCH_PEERS"])
from plain_sklearn import app
body = json.load(open(os.environ["BENCH_EVENT"]))["body"].encode()
scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST",
         "path": "/predict", "raw_path": b"/predict", "query_string": b"", "root_path": "",
         "scheme": "http", "headers": [(b"content-type", b"application/json")],
         "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80)}
sent = []
async def receive():
    return {"type": "http.request", "body": body, "more_body": False}
async def send(message):
    sent.append(message)
asyncio.run(app(scope, receive, send))
assert sent[0]["status"] == 200, sent
os._exit(0)
"""


def measure_starts(model: BenchModel, home: Path, *, rounds: int) -> list[Row]:
    """Measure three kinds of process in turn."""
    _compile()
    event = home / "event.json"
    event.write_text(json.dumps(_make_event(model)))
    found = Rounds()
    with _serve_objects(model) as endpoint, closing(ExtensionsApi({})) as extensions:
        environment = {
            **{n: v for n, v in os.environ.items() if n != "PYTHONDONTWRITEBYTECODE"},
            "BENCH_MODEL": str(model.folder.resolve()),
            "BENCH_EVENT": str(event.resolve()),
            "BENCH_PEERS": str(Path(__file__).parent / "peers"),
            "PYTHONPATH": str(ROOT),
            "BUCKET": "bench",
            "AWS_ENDPOINT_URL_S3": endpoint,
            "AWS_ACCESS_KEY_ID": "a",
            "AWS_SECRET_ACCESS_KEY": "b",
            "AWS_REGION": "us-east-1",
        }
        for _ in range(rounds):
            for name, program in (("floor", _FLOOR), ("ours", _OURS), ("usual", _USUAL)):
                processor_ms, clock_ms = _time(
                    program, {**environment, "AWS_LAMBDA_RUNTIME_API": extensions.address}
                )
                found.add(name, processor_ms)
                found.add(f"{name} clock", clock_ms)
        peak_mb = _read_peak_mb({**environment, "BENCH_MORE": "1000"})
    return [
        _compare(found, "floor", "the floor", 2.0),
        _compare(found, "usual", "FastAPI + scikit-learn + pandas", 0.25),
        Row(
            "peak memory of the handler's process after 1,000 answers",
            f"{peak_mb:,.0f} MB",
            "",
            "≤ 160 MB",
            reached=peak_mb <= 160,
        ),
    ]


def measure_package() -> list[Row]:
    """Measure the package that was built last for this machine, if one was."""
    here = f"inference-{sys.platform}-*.zip"
    built = sorted((ROOT / ".loop" / "build").glob(here), key=os.path.getmtime)
    if not built:
        return [Row("inference package, unzipped", "", "not built: run `make up` first")]
    with zipfile.ZipFile(built[-1]) as package:
        size_mb = sum(file.file_size for file in package.infolist()) / 1e6
    return [
        Row(
            "inference package, unzipped, with byte code",
            f"{size_mb:,.1f} MB",
            "",
            "≤ 120 MB",
            reached=size_mb <= 120,
        )
    ]


def _compare(found: Rounds, name: str, words: str, limit: float) -> Row:
    ratio = found.ratio("ours", name)
    clock = found.ratio("ours clock", f"{name} clock")
    return Row(
        f"fresh process to first answer, in units of {words}",
        f"{found.median('ours'):,.0f} ms / {found.median(name):,.0f} ms of processor;"
        f" {found.median('ours clock'):,.0f} ms / {found.median(f'{name} clock'):,.0f} ms on the"
        " clock",
        f"{ratio:.2f} of processor, {clock:.2f} on the clock",
        f"≤ {limit:g}",
        reached=max(ratio, clock) <= limit,
    )


def _make_event(model: BenchModel) -> dict[str, Any]:
    body = json.dumps({"records": model.records[:1]})
    headers = {"content-type": "application/json"}
    return {
        "resource": "/{proxy+}",
        "path": "/v1/predict",
        "httpMethod": "POST",
        "headers": headers,
        "requestContext": {},
        "body": body,
        "isBase64Encoded": False,
    }


def _compile() -> None:
    packages = Path(sysconfig.get_paths()["purelib"])
    for folder in (ROOT / "core", ROOT / "lambdas", Path(__file__).parent / "peers"):
        compileall.compile_dir(folder, quiet=2)
    for name in ("fastapi", "starlette", "mangum", "numpy", "onnxruntime", "pydantic", "obstore",
                 "anyio", "pandas", "sklearn", "scipy", "joblib", "httpx", "httpcore",
                 "annotated_types", "pydantic_core", "orjson", "idna", "typing_inspection",
                 "dateutil", "threadpoolctl.py", "typing_extensions.py",
                 "annotated_doc"):  # fmt: skip
        path = packages / name
        if path.suffix:
            compileall.compile_file(path, quiet=2)
        else:
            compileall.compile_dir(path, quiet=2)


def _time(program: str, environment: dict[str, str]) -> tuple[float, float]:
    """Return the milliseconds of processor and on the clock."""
    began, used = time.perf_counter(), _read_children_s()
    subprocess.run(
        [sys.executable, "-c", program], env=environment, check=True, capture_output=True
    )
    return (_read_children_s() - used) * 1000, (time.perf_counter() - began) * 1000


def _read_children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _read_peak_mb(environment: dict[str, str]) -> float:
    done = subprocess.run(
        [sys.executable, "-c", _OURS], env=environment, check=True, capture_output=True, text=True
    )
    [line] = [line for line in done.stderr.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024 / 1e6


@contextmanager
def _serve_objects(model: BenchModel) -> Iterator[str]:
    """Serve a bucket with the model over HTTP, as far as reading and putting go."""
    store = open_memory()
    model.publish(store)

    class Objects(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body are two writes: else the body waits 40 ms for the head's acknowledgement.
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if "list-type" in parse_qs(parts.query):
                self._answer(200, b"<ListBucketResult></ListBucketResult>")
                return
            try:
                found = store.get(parts.path.removeprefix("/bench/"))
            except Exception:  # noqa: BLE001 - what is not there
                self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
                return
            same = self.headers.get("if-none-match") == f'"{found.etag}"'
            self._answer(304 if same else 200, b"" if same else found.body, etag=found.etag)

        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", "0")))
            self._answer(200, b"", etag="kept")

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - its form
            pass

        def _answer(self, status: int, body: bytes, *, etag: str = "none") -> None:
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.send_header("etag", f'"{etag}"')
            self.send_header("last-modified", "Mon, 01 Jan 2024 00:00:00 GMT")
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Objects)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()

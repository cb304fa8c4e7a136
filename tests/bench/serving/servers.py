"""The servers that are compared over HTTP: how each is started, and what it is asked."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bench.serving.model import CATEGORIES, CONTRACT, NUMBERS, BenchModel

ROOT = Path(__file__).resolve().parents[3]
_PEERS = Path(__file__).parent / "peers"
_START_S = 120
_STARTED = 20  # place of the time at which a process began


@dataclass(frozen=True, slots=True)
class Server:
    """A server and its request.

    Attributes
    ----------
    name : str
    command : sequence of str
        Starts it; ``{port}`` stands for the port.
    path : str
        Where it is asked.
    body : bytes
        One row, in its own form.
    environment : mapping of str to str
        More variables.
    """

    name: str
    command: Sequence[str]
    path: str
    body: bytes
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Running:
    """A server that runs."""

    server: Server
    port: int
    process: subprocess.Popen[bytes]

    def read_cpu_s(self) -> float:
        """Return the seconds of processor of the server and all processes that it started."""
        return sum(_list_cpu_s(self.process.pid))


class PeerMissingError(Exception):
    """A peer could not be installed or started; the text says why."""


def describe_ours(model: BenchModel, folder: Path) -> Server:
    """Describe this project's own server on a bundle's folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(model.graph)
    (folder / "manifest.json").write_bytes(model.manifest.to_json())
    command = [sys.executable, "-m", "lambdas.inference.server", "--bundle", str(folder)]
    return Server(
        "Closed Loop", [*command, "--port", "{port}"], "/v1/predict", _write_records(model)
    )


def describe_plain(model: BenchModel, name: str, module: str) -> Server:
    """Describe a FastAPI application of `peers/`, run by uvicorn in this environment."""
    command = [
        sys.executable, "-m", "uvicorn", "--app-dir", str(_PEERS), f"{module}:app",
        "--port", "{port}", "--no-access-log", "--log-level", "warning",
    ]  # fmt: skip
    return Server(name, command, "/predict", _write_records(model), _locate(model))


def describe_peer(model: BenchModel, peer: str, home: Path) -> Server:
    """Describe a peer in its own environment, which is made if it is not there."""
    environment = _install(peer, home)
    binary = environment / "bin"
    row, located = _write_records(model), _locate(model)
    python = str(binary / "python")
    if peer == "bentoml":
        command = [str(binary / "bentoml"), "serve", "with_bentoml:Bench", "--working-dir",
                   str(_PEERS), "--port", "{port}"]  # fmt: skip
        return Server("BentoML", command, "/predict", row, {**located, "BENTOML_DO_NOT_TRACK": "1"})
    if peer == "litserve":
        command = [python, str(_PEERS / "with_litserve.py"), "{port}"]
        return Server("LitServe", command, "/predict", row, located)
    if peer == "ray":
        command = [str(binary / "serve"), "run", "--app-dir", str(_PEERS), "with_ray:app"]
        # Ray Serve listens where its own configuration says: at 8000.
        quiet = {"RAY_USAGE_STATS_ENABLED": "0", "BENCH_PORT": "8000"}
        return Server("Ray Serve", command, "/", row, {**located, **quiet})
    if peer == "mlflow":
        saved = home / "mlflow-model"
        if not saved.exists():
            script = str(_PEERS / "save_mlflow.py")
            _call([python, script, str(model.folder), str(saved)], "mlflow cannot save the model")
        command = [str(binary / "mlflow"), "models", "serve", "-m", str(saved), "--port", "{port}",
                   "--env-manager", "local", "--workers", "1"]  # fmt: skip
        path = f"{binary}:{os.environ['PATH']}"
        body = json.dumps({"dataframe_records": model.records[:1]}).encode()
        return Server("mlflow models serve", command, "/invocations", body, {"PATH": path})
    return _describe_mlserver(model, binary, home)


def _describe_mlserver(model: BenchModel, binary: Path, home: Path) -> Server:
    folder = home / "mlserver-model"
    folder.mkdir(exist_ok=True)
    (folder / "pipeline.pkl").write_bytes((model.folder / "pipeline.pkl").read_bytes())
    settings = {
        "name": "bench",
        "implementation": "mlserver_sklearn.SKLearnModel",
        "parameters": {"uri": str(folder / "pipeline.pkl")},
    }
    (folder / "model-settings.json").write_text(json.dumps(settings))
    [row] = model.records[:1]
    inputs: list[dict[str, Any]] = [
        {"name": name, "shape": [1, 1], "datatype": "FP64", "data": [row[name] or 50.0]}
        for name in NUMBERS
    ]
    inputs += [
        {"name": name, "shape": [1, 1], "datatype": "BYTES", "data": [row[name] or "north"],
         "parameters": {"content_type": "str"}}
        for name in CATEGORIES
    ]  # fmt: skip
    body = {
        "parameters": {"content_type": "pd"},
        "inputs": inputs,
        "outputs": [{"name": "predict_proba"}],
    }
    return Server(
        "MLServer",
        [str(binary / "mlserver"), "start", str(folder)],
        "/v2/models/bench/infer",
        json.dumps(body).encode(),
        {"MLSERVER_HTTP_PORT": "{port}", "MLSERVER_GRPC_PORT": "0", "MLSERVER_METRICS_PORT": "0",
         "MLSERVER_METRICS_DIR": str(folder / "metrics"), "MLSERVER_DEBUG": "false"},
    )  # fmt: skip


@contextmanager
def run(server: Server, log: Path) -> Iterator[Running]:
    """Run a server until the block ends.

    Raises
    ------
    PeerMissingError
        If it does not answer a row within two minutes.
    """
    port = int(server.environment.get("BENCH_PORT", "0")) or _find_port()
    environment = {
        **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
        # One worker on one core. More threads wait for each other on a busy machine: scikit-learn's
        # boosting takes ten times as long then, which would flatter us.
        "OMP_NUM_THREADS": "1",
        **{name: value.format(port=port) for name, value in server.environment.items()},
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [part.format(port=port) for part in server.command],
            cwd=ROOT, env=environment, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    running = Running(server, port, process)
    try:
        _wait_for(running)
        yield running
    finally:
        _stop(process.pid)
        process.wait(20)


def send(running: Running) -> tuple[int, bytes]:
    """Ask one row over a connection of its own."""
    with socket.create_connection(("127.0.0.1", running.port), timeout=20) as connection:
        connection.sendall(make_request(running.server, "close"))
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split(b" ", 2)[1]), body


def make_request(server: Server, connection: str = "keep-alive") -> bytes:
    """Write the HTTP request of one row."""
    head = (
        f"POST {server.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(server.body)}\r\nConnection: {connection}\r\n\r\n"
    )
    return head.encode() + server.body


def _wait_for(running: Running) -> None:
    ends_at = time.monotonic() + _START_S
    status = 0
    while time.monotonic() < ends_at and running.process.poll() is None:
        try:
            status, _ = send(running)
        except (OSError, IndexError, ValueError):
            time.sleep(0.3)
            continue
        if status == 200:
            return
        time.sleep(0.5)
    raise PeerMissingError(f"it does not answer (status {status})")


def _install(peer: str, home: Path) -> Path:
    lock, environment = ROOT / "locks" / f"peer-{peer}.txt", home / peer
    done = environment / ".done"
    if done.exists() and done.stat().st_mtime > lock.stat().st_mtime:
        return environment
    uv = str(Path(sys.executable).parent / "uv")
    _call([sys.executable, "-m", "venv", "--without-pip", str(environment)], "no environment")
    _call(
        [uv, "pip", "sync", "--quiet", "--require-hashes", "--compile-bytecode", "--python",
         str(environment / "bin" / "python"), str(lock)],
        "its packages cannot be installed",
    )  # fmt: skip
    done.touch()
    return environment


def _call(command: Sequence[str], fault: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PeerMissingError(f"{fault}: {done.stderr.strip().splitlines()[-1:]}")


def _write_records(model: BenchModel) -> bytes:
    return json.dumps({"records": model.records[:1]}).encode()


def _locate(model: BenchModel) -> dict[str, str]:
    return {"BENCH_MODEL": str(model.folder.resolve())}


def _find_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _list_family(first: int) -> list[list[str]]:
    """Return pid and fields of a process, of its session and of all that came from them."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        found[int(entry.parent.name)] = fields
    family = {pid for pid, fields in found.items() if pid == first or int(fields[3]) == first}
    grown = -1
    while grown != len(family):
        grown = len(family)
        family |= {pid for pid, fields in found.items() if int(fields[1]) in family}
    return [[str(pid), *found[pid]] for pid in family if pid in found]


def _list_cpu_s(first: int) -> Iterator[float]:
    ticks = os.sysconf("SC_CLK_TCK")
    for fields in _list_family(first):
        yield (int(fields[12]) + int(fields[13])) / ticks


def _stop(first: int) -> None:
    family: set[tuple[str, str]] = set()
    for number in (15, 9):
        now = {(fields[0], fields[_STARTED]) for fields in _list_family(first)}
        # Who lost its parent is still known by its number and the time that it began.
        family = now | {one for one in family if _is_alive(*one)}
        for pid, _ in family:
            with suppress(ProcessLookupError):
                os.kill(int(pid), number)
        time.sleep(1.0)


def _is_alive(pid: str, started: str) -> bool:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return [pid, *text.rpartition(")")[2].split()][_STARTED] == started


__all__ = ["CONTRACT", "PeerMissingError", "Running", "Server", "make_request", "run", "send"]

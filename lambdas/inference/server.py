"""The service without Lambda: an HTTP server on a bucket, or on one bundle in a folder.

``python -m lambdas.inference.server --host 0.0.0.0 --port 8080`` is what a container runs; its
settings are the function's own variables of the environment. Nothing of this is loaded on Lambda.
"""

import argparse
import hashlib
import logging
import os
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from core import keys
from core.attending import end_when_left
from core.bundle import MAX_GRAPH_BYTES, MAX_MANIFEST_BYTES, Manifest, load_bundle
from core.errors import InvalidInputError, LoopError, UnavailableError
from core.events import Feedback
from core.registry import Registry
from core.store import ObjectStore, open_bucket, open_memory
from lambdas.inference.answers import RequestError
from lambdas.inference.capture import Recorder
from lambdas.inference.connection import LIMIT_S, Connection
from lambdas.inference.models import Models
from lambdas.inference.prometheus import Counted, Counts
from lambdas.inference.settings import Settings
from lambdas.inference.table import make_router
from lambdas.inference.trials import Trying

GRAPH = "model.onnx"
MANIFEST = "manifest.json"

_QUICK_TIMEOUT_S = 1.0
_STOP_S = 5


class ForgetfulRecorder(Recorder):
    """A recorder without a bucket that lasts: it refuses feedback, so that none is lost."""

    def keep_feedback(self, outcomes: Sequence[Feedback]) -> int:  # noqa: ARG002 - the face of all
        """Refuse outcomes."""
        message = "This server answers out of a folder and has no bucket to keep feedback in."
        raise RequestError(404, "no_bucket", message)


class OneModel(Models):
    """Models of which one, chosen when the server was started, is the default."""

    chosen: str | None = None

    def default(self) -> str:
        """Return the chosen model's name, or that of the registry's default."""
        return self.chosen or super().default()


@dataclass(frozen=True, slots=True)
class Server:
    """What is served, and what keeps its traffic."""

    app: Counted
    recorder: Recorder


def open_folder(folder: Path) -> ObjectStore:
    """Put the bundle in a folder into a registry in memory, as its model's champion.

    Raises
    ------
    InvalidInputError
        If there is none.
    IntegrityError
        If its graph is not the one that its manifest promises.
    """
    for name, limit in ((GRAPH, MAX_GRAPH_BYTES), (MANIFEST, MAX_MANIFEST_BYTES)):
        path = folder / name
        if not path.is_file() or path.stat().st_size > limit:
            raise InvalidInputError(
                f"{path} is not there, or is larger than a bundle's {name} can be.",
                next_step="Name the folder of a bundle: it holds model.onnx and manifest.json.",
            )
    body = (folder / MANIFEST).read_bytes()
    bundle_id = hashlib.sha256(body).hexdigest()
    store = open_memory()
    store.put(keys.bundle_graph(bundle_id), (folder / GRAPH).read_bytes())
    store.put(keys.bundle_manifest(bundle_id), body)
    _promote(Registry(store), bundle_id, load_bundle(store, bundle_id).manifest)
    return store


def build(
    store: ObjectStore,
    settings: Settings,
    *,
    quick_store: ObjectStore,
    model: str | None,
    keeps: bool,
) -> Server:
    """Put the server's application together.

    Parameters
    ----------
    store : ObjectStore
        The bucket.
    settings : Settings
    quick_store : ObjectStore
        The bucket with short timeouts.
    model : str or None
        The default model, instead of the registry's.
    keeps : bool
        Whether captures and feedback are kept in the bucket.
    """
    counts = Counts()
    share = settings.capture_share if keeps else 0.0
    kind = Recorder if keeps else ForgetfulRecorder
    recorder = kind(quick_store, stage=settings.stage, share=share, emit=counts.emit)
    models = OneModel(
        store,
        quick_store=quick_store,
        refresh_s=settings.alias_refresh_s,
        on_fallback=lambda name: recorder.count("Fallbacks", 1, model=name),
        has_prior=settings.has_prior,
        trying=Trying(lambda metric, name: recorder.count(metric, 1, model=name)),
    )
    models.chosen = model
    models.keep_fresh()
    recorder.write_beside()
    router = make_router(models=models, recorder=recorder, limit_s=LIMIT_S)
    return Server(Counted(router, counts), recorder)


def main(
    arguments: Sequence[str] | None = None, environment: Mapping[str, str] = os.environ
) -> int:
    """Serve until the process is told to stop; return the exit code."""
    chosen = _parse(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    try:
        server = _open(chosen, environment)
        listener = _listen(chosen.host, chosen.port)
    except LoopError as error:
        sys.stderr.write(f"Stopped: {error}\nNext: {error.next_step}\n")
        return error.exit_code
    host, port = listener.getsockname()[:2]
    _tell(
        f"Serving on http://{host}:{port} until Ctrl-C.\n"
        "/docs shows the paths, /metrics the counts.\n"
    )
    config = uvicorn.Config(
        server.app,
        http=Connection,
        log_level="warning",
        access_log=False,
        lifespan="off",
        server_header=False,
        # Nobody here asks where a request came from, and to find out costs each of them.
        proxy_headers=False,
        timeout_graceful_shutdown=_STOP_S,
    )
    if chosen.attended:
        # Whoever began this decides what a terminal that is closed means.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        end_when_left(lambda: None)
    # The server hands a signal on once it has ended, and something is still to be done then.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listener])
    server.recorder.drain(within_s=_STOP_S)
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m lambdas.inference.server")
    parser.add_argument("word", nargs="?", choices=["serve"], help="what SageMaker adds; no change")
    parser.add_argument("--host", default="127.0.0.1", help="0.0.0.0 serves the network")
    parser.add_argument(
        "--port", type=int, default=8080, help="8080 by default; 0 takes a free one"
    )
    parser.add_argument("--model", help="the default model; the registry's, if it is not given")
    parser.add_argument("--bundle", type=Path, help="a bundle's folder, instead of a bucket")
    parser.add_argument("--attended", action="store_true", help="end when standard input ends")
    return parser.parse_args(arguments)


def _open(chosen: argparse.Namespace, environment: Mapping[str, str]) -> Server:
    if chosen.bundle is not None:
        store = open_folder(chosen.bundle)
        settings = Settings("none", alias_refresh_s=3600.0)
        return build(store, settings, quick_store=store, model=None, keeps=False)
    settings = Settings.from_environment(environment)
    store = open_bucket(settings.bucket, timeout_s=10.0, max_retries=1)
    quick_store = open_bucket(settings.bucket, timeout_s=_QUICK_TIMEOUT_S, max_retries=1)
    return build(store, settings, quick_store=quick_store, model=chosen.model, keeps=True)


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), backlog=2048)
    except (OSError, OverflowError):
        raise UnavailableError(
            f"The server cannot listen at {host}, port {port}.",
            next_step="Choose another --port, or a --host of this computer.",
        ) from None


def _tell(line: str) -> None:
    # Whoever listens may have gone (`| head -1`): others may ask the server all the same.
    if sys.stdout is not None:
        with suppress(BrokenPipeError):
            os.write(sys.stdout.fileno(), line.encode())


def _promote(registry: Registry, bundle_id: str, manifest: Manifest) -> None:
    version = registry.register(
        model=manifest.model,
        bundle_id=bundle_id,
        run_id="folder",
        dataset_version=manifest.provenance.dataset_version,
        candidate=manifest.candidate,
        metrics=manifest.metrics,
    )
    registry.move_alias(
        manifest.model,
        "champion",
        to=version.version,
        expected_revision=0,
        reason="served out of a folder",
        changed_by="server",
    )
    registry.set_default_model(manifest.model)


if __name__ == "__main__":
    sys.exit(main())

"""``python -m lambdas.batch.program``: a file scored by a bundle in a folder; one JSON document.

A process of its own, so that the command line holds no inference and a function may do the same.
"""

import argparse
import hashlib
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from core.bundle import MAX_GRAPH_BYTES, MAX_MANIFEST_BYTES, load_bundle
from core.errors import InvalidInputError, LoopError
from core.keys import bundle_graph, bundle_manifest
from core.store import open_memory
from lambdas.batch.run import score_file
from lambdas.batch.scoring import Scorer
from lambdas.inference.predictor import Predictor

INTERRUPTED = 130


def open_scorer(folder: Path, *, version: int) -> tuple[Scorer, str]:
    """Load the bundle in a folder, verified; return it with its id.

    Raises
    ------
    InvalidInputError
        If there is none.
    IntegrityError
        If its graph is not the one that its manifest promises, or cannot be served.
    """
    bodies = []
    for name, limit in (("model.onnx", MAX_GRAPH_BYTES), ("manifest.json", MAX_MANIFEST_BYTES)):
        path = folder / name
        if not path.is_file() or path.stat().st_size > limit:
            raise InvalidInputError(f"{path} is not there, or is larger than it can be.")
        bodies.append(path.read_bytes())
    graph, manifest = bodies
    bundle_id = hashlib.sha256(manifest).hexdigest()
    store = open_memory()
    store.put(bundle_graph(bundle_id), graph)
    store.put(bundle_manifest(bundle_id), manifest)
    predictor = Predictor(load_bundle(store, bundle_id))
    return Scorer(predictor, predictor.manifest.model, version), bundle_id


def main(arguments: Sequence[str] | None = None) -> int:
    """Score a file; print the report, or what is wrong, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m lambdas.batch.program")
    parser.add_argument("file", type=Path)
    parser.add_argument("--to", type=Path, required=True)
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--version", type=int, required=True)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    chosen = parser.parse_args(arguments)
    try:
        scorer, bundle_id = open_scorer(chosen.bundle, version=chosen.version)
        report = score_file(
            scorer, chosen.file, chosen.to, bundle_id=bundle_id, workers=max(1, chosen.workers)
        )
    except LoopError as error:
        fault = {"error": str(error), "next_step": error.next_step, "exit_code": error.exit_code}
        sys.stdout.write(json.dumps(fault) + "\n")
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    sys.stdout.write(json.dumps(report.to_content()) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

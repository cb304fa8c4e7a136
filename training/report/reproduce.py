"""Train a model version again, from its dataset version, its spec and its seed, and compare.

``python -m training.report.reproduce FOLDER`` does the training in a process of its own: which
kernels numbers are computed with is settled before NumPy is imported (`core.arithmetic`). It reads
``FOLDER/given/`` and writes ``FOLDER/made/``; nothing else is touched, no bucket, no alias.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from core import keys
from core.bundle import Manifest, load_files, load_manifest
from core.errors import NotFoundError
from core.records import ModelVersion
from core.store import ObjectStore, open_memory
from training.data import runs
from training.data.split import split_dataset
from training.judge.evaluate import evaluate_run
from training.model.fit import fit_and_export

MANIFEST = "manifest.json"
RUN_ID = "reproduced"
MAX_DATA_BYTES = 4 * 1024 * 1024 * 1024

PARTS = {
    "code_sha256": "code",
    "locks": "lock files",
    "python": "Python version",
    "machine": "architecture",
    "arithmetic": "kernels of the processor",
    "packages": "installed packages",
    "dataset_version": "data",
    "spec_sha256": "spec",
    "seed": "seed",
}
"""What a manifest says of its making → how it is told."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Where two manifests say different things; values as JSON has them."""

    place: str
    recorded: object
    here: object


@dataclass(frozen=True, slots=True)
class Reproduction:
    """What came of training a version again.

    Attributes
    ----------
    is_same : bool
        Whether every file of the bundle is the same, byte for byte.
    is_same_graph : bool
        Whether at least the graph is.
    files : dict of str to bool
        File of the bundle → whether it is the same.
    making : list of Difference
        What was different before training began: code, locks, Python, …
    numbers : list of Difference
        What came out differently, metrics first.
    """

    is_same: bool
    is_same_graph: bool
    files: dict[str, bool]
    making: list[Difference]
    numbers: list[Difference]


def gather(store: ObjectStore, version: ModelVersion) -> dict[str, bytes]:
    """Return what is needed to train a version again, by keys; only reads.

    Raises
    ------
    NotFoundError
        If the bucket does not keep it any more.
    """
    spec_key = keys.run(version.run_id, "spec.json")
    wanted = [
        spec_key,
        keys.dataset_data(version.model, version.dataset_version),
        keys.dataset_summary(version.model, version.dataset_version),
    ]
    try:
        found = {key: store.get(key, max_bytes=MAX_DATA_BYTES).body for key in wanted}
    except NotFoundError as error:
        raise NotFoundError(
            f"Version {version.version} of {version.model} cannot be trained again: {error}",
            next_step="loop runs, for versions whose data and spec are kept",
        ) from None
    spec = runs.RunSpec.from_json(found.pop(spec_key), key=spec_key)
    named = spec.model_copy(update={"run_id": RUN_ID})
    return found | {keys.run(RUN_ID, "spec.json"): named.to_json()}


def list_parts(given: Mapping[str, bytes]) -> dict[str, str]:
    """Return the parts of the learner's that a version was made with, and their hashes."""
    key = keys.run(RUN_ID, "spec.json")
    return dict(runs.RunSpec.from_json(given[key], key=key).parts)


def retrain(
    given: Mapping[str, bytes], version: str, report: Callable[[str], None]
) -> dict[str, bytes]:
    """Train in memory from what `gather` found; return the files of the bundle by name."""
    store = open_memory()
    for key, body in given.items():
        store.put(key, body)
    report("setting the holdout apart")
    split_dataset(store, run_id=RUN_ID, version=version)
    for candidate in runs.load_spec(store, RUN_ID).candidates:
        report(f"fitting {candidate}")
        fit_and_export(store, run_id=RUN_ID, candidate=candidate)
    report("evaluating the best candidate on the holdout")
    return load_files(store, evaluate_run(store, run_id=RUN_ID).bundle_id)


def compare(store: ObjectStore, bundle_id: str, made: Mapping[str, bytes]) -> Reproduction:
    """Compare what was made with the bundle that is registered, file by file."""
    recorded = load_manifest(store, bundle_id)
    here = Manifest.model_validate_json(made[MANIFEST])
    names = sorted(recorded.files.keys() | here.files.keys())
    files = {name: recorded.files.get(name) == here.files.get(name) for name in names}
    files[MANIFEST] = recorded.to_json() == made[MANIFEST]
    differences = list(_walk(recorded.model_dump(mode="json"), here.model_dump(mode="json"), ""))
    making = [each for each in differences if each.place.startswith("provenance.")]
    numbers = [each for each in differences if not each.place.startswith(("provenance.", "files."))]
    return Reproduction(
        is_same=all(files.values()),
        is_same_graph=recorded.graph_sha256 == here.graph_sha256,
        files=files,
        making=[each for each in making if not each.place.endswith("environment_sha256")],
        numbers=sorted(numbers, key=lambda each: not each.place.startswith("metrics.")),
    )


def name_part(difference: Difference) -> str:
    """Return which part of a version's making a difference is about, in words."""
    field = difference.place.removeprefix("provenance.").split(".")[0]
    return PARTS.get(field, field)


def _walk(recorded: object, here: object, place: str) -> Iterator[Difference]:
    if isinstance(recorded, Mapping) and isinstance(here, Mapping):
        for key in sorted(recorded.keys() | here.keys()):
            yield from _walk(recorded.get(key), here.get(key), f"{place}.{key}".lstrip("."))
    elif isinstance(recorded, list) and isinstance(here, list) and len(recorded) == len(here):
        for index, (one, other) in enumerate(zip(recorded, here, strict=True)):
            yield from _walk(one, other, f"{place}[{index}]")
    elif recorded != here:
        yield Difference(place, recorded, here)


def write_given(folder: Path, given: Mapping[str, bytes]) -> None:
    """Write what `gather` found where the process of its own looks for it."""
    for key, body in given.items():
        path = folder / "given" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)


def read_made(folder: Path) -> dict[str, bytes]:
    """Read the files of the bundle that the process of its own has made."""
    return {path.name: path.read_bytes() for path in sorted((folder / "made").iterdir())}


def main(folder: Path) -> None:
    """Train from a folder into it, and say on stdout what is being done."""
    root = folder / "given"
    paths = sorted(path for path in root.rglob("*") if path.is_file())
    given = {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}
    (data,) = (key for key in given if key.endswith("/data.parquet"))
    made = retrain(given, data.split("/")[2], _say)
    (folder / "made").mkdir()
    for name, body in made.items():
        (folder / "made" / name).write_bytes(body)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))

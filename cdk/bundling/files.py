"""The files of a package: reading our sources, leaving out what is not needed, zipping."""

import os
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from cdk.bundling.recipes import MIB, Recipe, is_dropped

# A zip file keeps a time for every file: one fixed time makes equal contents equal bytes.
_EPOCH = (1980, 1, 1, 0, 0, 0)
_LEVEL = 1  # of compression: twice as fast as the default, a tenth larger


def read_sources(root: Path, recipe: Recipe) -> dict[PurePosixPath, bytes]:
    """Return the project's files of a package, by their path in it."""
    found = {PurePosixPath("lambdas/__init__.py"): b""}
    for folder in recipe.sources:
        for path in sorted((root / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                found[PurePosixPath(path.relative_to(root).as_posix())] = path.read_bytes()
    return dict(sorted(found.items()))


def write_sources(folder: Path, sources: Mapping[PurePosixPath, bytes]) -> None:
    """Write the project's files of a package into a folder."""
    for relative, body in sources.items():
        path = folder / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)


def strip(folder: Path, recipe: Recipe) -> None:
    """Remove what a package does without, and the folders that are empty then."""
    for path in sorted(folder.rglob("*"), reverse=True):  # files before their folders
        if path.is_dir():
            if not any(path.iterdir()):
                path.rmdir()
        elif is_dropped(PurePosixPath(path.relative_to(folder).as_posix()), recipe):
            path.unlink()


def add_files(archive: Path, folder: Path) -> None:
    """Add a folder's files to a zip file, in order, with fixed times and modes."""
    with zipfile.ZipFile(archive, "a", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as bundle:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _EPOCH)
            entry.create_system = 3  # Unix: the mode below counts
            entry.external_attr = (0o755 if os.access(path, os.X_OK) else 0o644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            with path.open("rb") as source, bundle.open(entry, "w") as sink:
                shutil.copyfileobj(source, sink, MIB)


def measure_mib(archive: Path) -> float:
    """Return the size of a zip file's contents, in MiB."""
    with zipfile.ZipFile(archive) as bundle:
        return sum(entry.file_size for entry in bundle.infolist()) / MIB

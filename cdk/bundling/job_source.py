"""A Lambda package as SageMaker's training toolkit takes code: a tar file, compressed."""

import gzip
import stat
import tarfile
import tempfile
import zipfile
from pathlib import Path

from cdk.bundling.build import Package
from core.errors import UnavailableError

# Within the package; what `sagemaker_program` names.
JOB_PROGRAM = "training/job/program.py"

_LEVEL = 1  # of compression: the file is sent once, and read by machines beside the bucket


def make_job_source(package: Package) -> Path:
    """Repack a package, once, and return the tar file beside it.

    File by file the same bytes as the zip file's: a candidate is fitted by the same code and the
    same libraries, in a function or in a job.

    Raises
    ------
    UnavailableError
        The disk is full, or the folder cannot be written to.
    """
    path = package.path.with_name(f"job-{package.path.stem}.tar.gz")
    try:
        if not path.exists():
            _repack(package.path, path)
        path.touch()
    except OSError as error:
        raise UnavailableError(
            f"The code of training jobs cannot be written to {path.parent}:"
            f" {error.strerror or error}.",
            next_step="make room or fix the folder's rights, then run the same command again",
        ) from error
    return path


def _repack(source: Path, target: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="building-", dir=target.parent) as folder:
        waiting = Path(folder) / target.name
        with (
            waiting.open("wb") as file,
            # No name and no time: equal packages are equal files.
            gzip.GzipFile("", "wb", compresslevel=_LEVEL, fileobj=file, mtime=0) as packed,
            tarfile.open(mode="w", fileobj=packed, format=tarfile.PAX_FORMAT) as archive,
            zipfile.ZipFile(source) as bundle,
        ):
            for entry in bundle.infolist():
                _copy(entry, bundle, archive)
        waiting.replace(target)


def _copy(entry: zipfile.ZipInfo, bundle: zipfile.ZipFile, archive: tarfile.TarFile) -> None:
    member = tarfile.TarInfo(entry.filename)
    member.size = entry.file_size
    member.mode = stat.S_IMODE(entry.external_attr >> 16) or 0o644
    with bundle.open(entry) as body:
        archive.addfile(member, body)

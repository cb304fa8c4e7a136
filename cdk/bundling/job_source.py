"""A Lambda package as SageMaker's training toolkit takes code: a tar file, compressed."""

import gzip
import stat
import tarfile
import zipfile
from pathlib import Path

from cdk.bundling.build import Package

# Within the package; what `sagemaker_program` names.
JOB_PROGRAM = "training/job/program.py"

_LEVEL = 1  # of compression: the file is sent once, and read by machines beside the bucket


def make_job_source(package: Package) -> Path:
    """Repack a package, once, and return the tar file beside it.

    File by file the same bytes as the zip file's: a candidate is fitted by the same code and the
    same libraries, in a function or in a job.
    """
    path = package.path.with_name(f"job-{package.path.stem}.tar.gz")
    if not path.exists():
        waiting = path.with_suffix(".new")
        with (
            waiting.open("wb") as file,
            # No name and no time: equal packages are equal files.
            gzip.GzipFile("", "wb", compresslevel=_LEVEL, fileobj=file, mtime=0) as packed,
            tarfile.open(mode="w", fileobj=packed, format=tarfile.PAX_FORMAT) as archive,
            zipfile.ZipFile(package.path) as bundle,
        ):
            for entry in bundle.infolist():
                _copy(entry, bundle, archive)
        waiting.replace(path)
    path.touch()
    return path


def _copy(entry: zipfile.ZipInfo, bundle: zipfile.ZipFile, archive: tarfile.TarFile) -> None:
    member = tarfile.TarInfo(entry.filename)
    member.size = entry.file_size
    member.mode = stat.S_IMODE(entry.external_attr >> 16) or 0o644
    with bundle.open(entry) as body:
        archive.addfile(member, body)

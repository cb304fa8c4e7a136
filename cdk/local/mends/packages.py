"""Function packages, unpacked once for all the processes that run them."""

from __future__ import annotations

import os
import shutil
import threading
import zipfile
from io import BytesIO
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

_EXECUTABLE: Final = 0o111
_PROGRAM: Final = 0o755


class PackageFolders:
    """Unpacked packages under `root`, one folder for each content.

    The emulator by itself unpacks a package for each process that it starts, which takes seconds
    for a package with scikit-learn. Nothing may write into a folder: processes share it.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = threading.Lock()
        root.mkdir(parents=True, exist_ok=True)

    def folder(self, archive: bytes, *, digest: str) -> Path:
        """Return the folder with the content of `archive`, a ZIP file whose hash is `digest`."""
        folder = self._root / digest
        with self._lock:
            if not folder.is_dir():
                partial = self._root / f"{digest}.partial"
                shutil.rmtree(partial, ignore_errors=True)
                _unpack(archive, partial)
                partial.rename(folder)
        return folder

    def keep_only(self, digests: Collection[str]) -> None:
        """Remove the folders of all other packages."""
        with self._lock:
            for folder in self._root.iterdir():
                if folder.name not in digests:
                    shutil.rmtree(folder, ignore_errors=True)


def _unpack(archive: bytes, folder: Path) -> None:
    folder.mkdir()
    with zipfile.ZipFile(BytesIO(archive)) as opened:
        for entry in opened.infolist():
            path = opened.extract(entry, folder)
            if (entry.external_attr >> 16) & _EXECUTABLE and not entry.is_dir():
                os.chmod(path, _PROGRAM)  # noqa: PTH101 - zipfile's own path

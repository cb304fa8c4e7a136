"""A bucket in a folder: what one process writes, the next one reads, and no memory holds it."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from core.errors import ConflictError, IntegrityError, NotFoundError
from core.store import ObjectInfo, StoredObject


class Folder:
    """A `core.store.ObjectStore` for one process at a time."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def get(self, key: str, *, max_bytes: int | None = None) -> StoredObject:
        """Read an object."""
        path = self._root / key
        if not path.is_file():
            raise NotFoundError(f"There is no object at {key}.")
        if max_bytes is not None and path.stat().st_size > max_bytes:
            raise IntegrityError(f"{key} is larger than {max_bytes} bytes.")
        body = path.read_bytes()
        return StoredObject(body, _tag(body))

    def get_if_changed(
        self, key: str, *, etag: str, max_bytes: int | None = None
    ) -> StoredObject | None:
        """Read an object unless it is still in the state `etag`."""
        found = self.get(key, max_bytes=max_bytes)
        return None if found.etag == etag else found

    def put(self, key: str, body: bytes) -> str:
        """Write, whatever was there."""
        path = self._root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
        return _tag(body)

    def create(self, key: str, body: bytes, *, exclusive: bool = False) -> str:
        """Write if nothing is there."""
        if self.exists(key) and (exclusive or self.get(key).body != body):
            raise ConflictError(f"The object at {key} exists already.")
        return self.put(key, body)

    def replace(self, key: str, body: bytes, *, etag: str) -> str:
        """Write if the object is in the state `etag`."""
        if self.get(key).etag != etag:
            raise ConflictError(f"The object at {key} has changed.")
        return self.put(key, body)

    def list(self, prefix: str, *, after: str = "") -> Iterator[ObjectInfo]:
        """List the objects under a folder in key order."""
        paths = (path for path in (self._root / prefix).rglob("*") if path.is_file())
        for key, path in sorted((path.relative_to(self._root).as_posix(), path) for path in paths):
            if key > after:
                seen = path.stat()
                changed = datetime.fromtimestamp(seen.st_mtime, UTC)
                yield ObjectInfo(key, seen.st_size, changed, _tag(path.read_bytes()))

    def exists(self, key: str) -> bool:
        """Tell whether an object is there."""
        return (self._root / key).is_file()


def _tag(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()

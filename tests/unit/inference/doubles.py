"""A bucket whose faults a test chooses."""

from collections.abc import Iterator

from core.errors import UnavailableError
from core.store import ObjectInfo, ObjectStore, StoredObject, open_memory


class FaultyStore:
    """An `ObjectStore` that does not answer for keys that begin with one of `down`."""

    def __init__(self, inner: ObjectStore | None = None) -> None:
        self.inner: ObjectStore = inner or open_memory()
        self.down: tuple[str, ...] = ()
        self.reads: list[str] = []
        self.tries = 0

    def get(self, key: str, *, max_bytes: int | None = None) -> StoredObject:
        self._check(key)
        self.reads.append(key)
        return self.inner.get(key, max_bytes=max_bytes)

    def get_if_changed(
        self, key: str, *, etag: str, max_bytes: int | None = None
    ) -> StoredObject | None:
        self._check(key)
        self.reads.append(key)
        return self.inner.get_if_changed(key, etag=etag, max_bytes=max_bytes)

    def put(self, key: str, body: bytes) -> str:
        self._check(key)
        return self.inner.put(key, body)

    def create(self, key: str, body: bytes, *, exclusive: bool = False) -> str:
        self._check(key)
        return self.inner.create(key, body, exclusive=exclusive)

    def replace(self, key: str, body: bytes, *, etag: str) -> str:
        self._check(key)
        return self.inner.replace(key, body, etag=etag)

    def list(self, prefix: str, *, after: str = "") -> Iterator[ObjectInfo]:
        self._check(prefix)
        return self.inner.list(prefix, after=after)

    def exists(self, key: str) -> bool:
        self._check(key)
        return self.inner.exists(key)

    def _check(self, key: str) -> None:
        self.tries += 1
        if self.down and key.startswith(self.down):
            raise UnavailableError("The bucket does not answer.")

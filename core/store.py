"""Objects in one bucket: the only I/O that the rest of `core` knows.

Two things are harder than they look and are done here once. A conditional write whose
acknowledgement is lost looks like somebody else's write when it is tried again; every write
carries an id of its own, and reading back tells the two apart. And every fault of the client
library becomes one of the faults in `core.errors`, without the request's details.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

import obstore
from obstore import exceptions as fault
from obstore.store import MemoryStore, S3Store

from core.errors import ConflictError, IntegrityError, NotFoundError, UnavailableError

if TYPE_CHECKING:
    from obstore import GetOptions, PutMode
    from obstore.store import ClientConfig, RetryConfig, S3Config, S3CredentialProvider


_WRITE_ID = "write-id"


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object's bytes, and the tag that names this state of it."""

    body: bytes
    etag: str


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """What a listing says about an object."""

    key: str
    size_bytes: int
    modified_at: datetime
    etag: str


class ObjectStore(Protocol):
    """What the product needs of a bucket."""

    def get(self, key: str, *, max_bytes: int | None = None) -> StoredObject:
        """Read an object; `NotFoundError`, or `IntegrityError` if it is larger than allowed."""

    def get_if_changed(
        self, key: str, *, etag: str, max_bytes: int | None = None
    ) -> StoredObject | None:
        """Read an object as `get` does, unless it is still in the state `etag`; then None."""

    def put(self, key: str, body: bytes) -> str:
        """Write, whatever was there; return the etag."""

    def create(self, key: str, body: bytes, *, exclusive: bool = False) -> str:
        """Write if nothing is there, else `ConflictError`; return the etag.

        The same bytes in place count as success, unless `exclusive`: then only this very call's
        own write does.
        """

    def replace(self, key: str, body: bytes, *, etag: str) -> str:
        """Write if the object is in the state `etag`, else `ConflictError`; return the etag."""

    def list(self, prefix: str, *, after: str = "") -> Iterator[ObjectInfo]:
        """List the objects under a folder (``a/b/``) in key order, after the key `after`."""

    def exists(self, key: str) -> bool:
        """Tell whether an object is there."""


class Bucket:
    """An `ObjectStore` on any backend of obstore."""

    def __init__(self, backend: "S3Store | MemoryStore") -> None:
        self._backend = backend

    def get(self, key: str, *, max_bytes: int | None = None) -> StoredObject:
        """Read an object.

        Raises
        ------
        NotFoundError
            If there is none.
        IntegrityError
            If it is larger than `max_bytes`; it is not read then.
        UnavailableError
            If the bucket does not answer.
        """
        with _translated(key):
            return self._read(key, {}, max_bytes)[0]

    def get_range(self, key: str, *, start: int, end: int, etag: str) -> bytes:
        """Read the bytes from `start` to before `end` of an object in the state `etag`.

        Raises
        ------
        NotFoundError
            If there is none.
        ConflictError
            If it is in another state.
        """
        with _translated(key):
            found = obstore.get(
                self._backend, key, options={"range": (start, end), "if_match": etag}
            )
            return bytes(found.bytes())

    def describe(self, key: str) -> ObjectInfo:
        """Return what is known of an object without a read; `NotFoundError` if there is none."""
        with _translated(key):
            meta = obstore.head(self._backend, key)
        return ObjectInfo(key, meta["size"], meta["last_modified"], meta["e_tag"] or "")

    def get_if_changed(
        self, key: str, *, etag: str, max_bytes: int | None = None
    ) -> StoredObject | None:
        """Read an object as `get` does, or return None when it is still in the state `etag`."""
        with _translated(key):
            try:
                return self._read(key, {"if_none_match": etag}, max_bytes)[0]
            except fault.NotModifiedError:
                return None

    def put(self, key: str, body: bytes) -> str:
        """Write an object, whatever was there, and return its etag."""
        with _translated(key):
            return self._write(key, body, "overwrite", write_id=_new_write_id())

    def create(self, key: str, body: bytes, *, exclusive: bool = False) -> str:
        """Write an object where none is, and return its etag.

        Parameters
        ----------
        exclusive : bool
            Whether the same bytes from somebody else are a conflict too.

        Raises
        ------
        ConflictError
            If another object is there.
        UnavailableError
            If the bucket does not answer and nothing was written.
        """
        return self._write_once(key, body, "create", same_bytes_win=not exclusive)

    def replace(self, key: str, body: bytes, *, etag: str) -> str:
        """Write an object over the state `etag` of it, and return the new etag.

        Raises
        ------
        ConflictError
            If it is in another state, or gone.
        UnavailableError
            If the bucket does not answer and nothing was written.
        """
        return self._write_once(key, body, {"e_tag": etag}, same_bytes_win=False)

    def list(self, prefix: str, *, after: str = "") -> Iterator[ObjectInfo]:
        """List the objects under a folder in key order, from the first key after `after`."""
        with _translated(prefix):
            chunks = obstore.list(self._backend, prefix, offset=after or None)
            for chunk in chunks:
                for meta in chunk:
                    yield ObjectInfo(
                        meta["path"], meta["size"], meta["last_modified"], meta["e_tag"] or ""
                    )

    def exists(self, key: str) -> bool:
        """Tell whether an object is there."""
        try:
            with _translated(key):
                obstore.head(self._backend, key)
        except NotFoundError:
            return False
        return True

    def _write_once(self, key: str, body: bytes, mode: "PutMode", *, same_bytes_win: bool) -> str:
        write_id = _new_write_id()
        try:
            with _translated(key):
                return self._write(key, body, mode, write_id=write_id)
        except (ConflictError, UnavailableError):
            # The client tries again by itself, so "already exists" may mean our own first try,
            # and a timeout may come after the write.
            etag = self._read_back(key, body, write_id, same_bytes_win=same_bytes_win)
            if etag is None:
                raise
            return etag

    def _read_back(
        self, key: str, body: bytes, write_id: str, *, same_bytes_win: bool
    ) -> str | None:
        try:
            with _translated(key):
                stored, found_id = self._read(key, {}, None)
        except (NotFoundError, UnavailableError):
            return None
        if found_id == write_id or (same_bytes_win and stored.body == body):
            return stored.etag
        return None

    def _read(
        self, key: str, options: "GetOptions", max_bytes: int | None
    ) -> tuple[StoredObject, str | None]:
        result = obstore.get(self._backend, key, options=options)
        size_bytes = result.meta["size"]
        if max_bytes is not None and size_bytes > max_bytes:
            raise IntegrityError(f"{key} has {size_bytes} bytes; at most {max_bytes} are allowed.")
        stored = StoredObject(bytes(result.bytes()), result.meta["e_tag"] or "")
        return stored, result.attributes.get(_WRITE_ID)

    def _write(self, key: str, body: bytes, mode: "PutMode", *, write_id: str) -> str:
        # One request whatever the size: a write in parts could not be conditional.
        result = obstore.put(
            self._backend,
            key,
            body,
            mode=mode,
            attributes={_WRITE_ID: write_id},
            use_multipart=False,
        )
        return result["e_tag"] or ""


def open_bucket(
    bucket: str,
    *,
    credentials: "S3CredentialProvider | None" = None,
    timeout_s: float = 30.0,
    max_retries: int = 3,
) -> Bucket:
    """Open a bucket in S3, or in what stands for it.

    The region, the credentials and the endpoint come from the usual variables of the
    environment (``AWS_REGION`` or ``AWS_DEFAULT_REGION``, ``AWS_ACCESS_KEY_ID`` …,
    ``AWS_ENDPOINT_URL_S3`` or ``AWS_ENDPOINT_URL``); see also `core.credentials`. Nothing is sent
    yet.

    Parameters
    ----------
    bucket : str
        Name of the bucket.
    credentials : callable, optional
        Where credentials come from when not from the environment, such as obstore's
        ``Boto3CredentialProvider`` on a machine with profiles.
    timeout_s : float
        Seconds that one try may take.
    max_retries : int
        How often a try is repeated after a fault of the network or the service.
    """
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    timeout = timedelta(seconds=timeout_s)
    client: ClientConfig = {
        "timeout": timeout,
        "connect_timeout": min(timeout, timedelta(seconds=3)),
        "allow_http": bool(endpoint and endpoint.startswith("http://")),
    }
    retry: RetryConfig = {
        "max_retries": max_retries,
        "retry_timeout": timeout * (max_retries + 1),
        "backoff": {
            "init_backoff": timedelta(milliseconds=100),
            "max_backoff": timedelta(seconds=2),
            "base": 2,
        },
    }
    config: S3Config = {"region": _region(), "virtual_hosted_style_request": False}
    if endpoint:
        config["endpoint"] = endpoint
    return Bucket(
        S3Store(
            bucket,
            config=config,
            client_options=client,
            retry_config=retry,
            credential_provider=credentials or _find_credentials(),
        )
    )


def _find_credentials() -> "S3CredentialProvider | None":
    if "AWS_CONTAINER_CREDENTIALS_FULL_URI" not in os.environ:
        return None
    # What it asks with is slow to load, and few functions have to ask.
    from core.credentials import HostCredentials  # noqa: PLC0415

    return HostCredentials.from_environment()


def open_memory() -> Bucket:
    """Open an empty bucket in memory, with the same conditions as S3: for tests and trials."""
    return Bucket(MemoryStore())


@contextmanager
def _translated(key: str) -> Iterator[None]:
    """Turn the client's faults into ours; its own text may hold the request, so it is left out."""
    try:
        yield
    except FileNotFoundError as error:
        raise NotFoundError(f"There is no object at {key}.") from error
    except (fault.AlreadyExistsError, fault.PreconditionError) as error:
        raise ConflictError(f"The object at {key} exists already or has changed.") from error
    except (fault.PermissionDeniedError, fault.UnauthenticatedError) as error:
        raise UnavailableError(
            f"The bucket refuses access to {key}.",
            next_step="Check the credentials, and that they belong to the account of the bucket.",
        ) from error
    except (fault.BaseError, OSError) as error:
        raise UnavailableError(
            f"The bucket does not answer for {key}.",
            next_step="Run 'loop status' to see whether the cloud is up, then try again.",
        ) from error


def _new_write_id() -> str:
    return os.urandom(16).hex()


def _region() -> str:
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"

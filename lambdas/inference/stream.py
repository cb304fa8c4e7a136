"""Records to an Amazon Data Firehose stream, each a signed request over a connection that is kept.

A record that is acknowledged lies in three places already, and is delivered to the bucket whatever
becomes of the function. One that is not acknowledged may have arrived or not: whoever sends it
again makes a duplicate at worst, and readers know each prediction by its id.
https://docs.aws.amazon.com/firehose/latest/APIReference/API_PutRecord.html
"""

import json
import math
import os
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, Self

from pybase64 import b64encode

from core.errors import InvalidInputError, UnavailableError
from lambdas.inference.signing import Credentials, Signer
from lambdas.inference.wire import Wire, WireError

if TYPE_CHECKING:
    from obstore.store import S3Credential

MAX_RECORD_BYTES: Final = 160 * 1024
"""What is larger costs less as an object of its own; a stream takes records up to 1,000 KiB."""

TIMEOUT_S: Final = 0.4
"""For the connection and for the answer, each."""

_OK: Final = 200
_EARLY_S: Final = 300
_NOBODY: Final = Credentials("", "")


class Stream:
    """One Firehose stream.

    Parameters
    ----------
    name : str
        The stream's name.
    endpoint : str
        ``https://…`` or ``http://…``, without a path.
    region : str
    credentials : Credentials or callable
        Who signs; or what is asked for it, in the form of obstore's providers, whenever what it
        said before expires.
    timeout_s : float
        Seconds that connecting and answering may take, each.
    now_s : callable
        Seconds since 1970.
    """

    max_bytes = MAX_RECORD_BYTES

    def __init__(
        self,
        name: str,
        *,
        endpoint: str,
        region: str,
        credentials: "Credentials | Callable[[], S3Credential]",
        timeout_s: float = TIMEOUT_S,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self._wire = Wire(endpoint, timeout_s=timeout_s)
        self._signer = Signer(
            service="firehose",
            region=region,
            host=self._wire.host,
            target="Firehose_20150804.PutRecord",
            credentials=credentials if isinstance(credentials, Credentials) else _NOBODY,
        )
        self._ask = None if isinstance(credentials, Credentials) else credentials
        self._expires_s = 0.0
        self._start = f'{{"DeliveryStreamName":{json.dumps(name)},"Record":{{"Data":"'.encode()
        self._now_s = now_s
        self._lock = threading.Lock()

    @classmethod
    def from_environment(
        cls, name: str, environment: Mapping[str, str] = os.environ
    ) -> Self | None:
        """Open a stream with what Lambda tells a function; None if it tells no credentials."""
        credentials = Credentials.from_environment(environment) or _find_host(environment)
        if credentials is None:
            return None
        region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION", "us-east-1")
        endpoint = (
            environment.get("AWS_ENDPOINT_URL_FIREHOSE")
            or environment.get("AWS_ENDPOINT_URL")
            or f"https://firehose.{region}.{_domain(region)}"
        )
        return cls(name, endpoint=endpoint, region=region, credentials=credentials)

    def send(self, lines: bytes) -> None:
        """Send one record, or raise `UnavailableError` if it is not acknowledged."""
        body = (self._start, b64encode(lines), b'"}}')
        with self._lock:
            now_s = self._now_s()
            if self._ask is not None and now_s >= self._expires_s:
                self._renew(self._ask())
            head = self._signer.sign(body, int(now_s))
            try:
                status = self._wire.ask(b"".join((head, *body))).status
            except WireError as error:
                raise UnavailableError("The stream does not answer.") from error
        if status != _OK:
            raise UnavailableError(f"The stream refuses a record with status {status}.")

    def close(self) -> None:
        """End the connection; the next record makes another."""
        with self._lock:
            self._wire.close()

    def _renew(self, found: "S3Credential") -> None:
        self._signer.use(
            Credentials(
                found["access_key_id"], found["secret_access_key"], found.get("token") or ""
            )
        )
        expires_at = found["expires_at"]
        self._expires_s = expires_at.timestamp() - _EARLY_S if expires_at else math.inf


def _find_host(environment: Mapping[str, str]) -> "Callable[[], S3Credential] | None":
    if "AWS_CONTAINER_CREDENTIALS_FULL_URI" not in environment:
        return None
    # Dear to import, and there only for a function that was restored from a snapshot.
    from core.credentials import HostCredentials  # noqa: PLC0415

    return HostCredentials.from_environment(environment)


def _domain(region: str) -> str:
    if not region.replace("-", "").isalnum():
        raise InvalidInputError("The environment variable AWS_REGION is not the name of a region.")
    return "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"

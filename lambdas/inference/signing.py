"""AWS Signature Version 4 for one kind of request: JSON, always to the same place.

What does not change between two requests is made once: the key once a day, the head once a second.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hmac
import os
import time
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import NamedTuple, Self

_ALGORITHM = "AWS4-HMAC-SHA256"
_TYPE = "application/x-amz-json-1.1"


class Credentials(NamedTuple):
    """Who signs."""

    key_id: str
    secret: str
    token: str = ""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self | None:
        """Read the credentials that Lambda gives a function, or return None."""
        key_id = environment.get("AWS_ACCESS_KEY_ID", "")
        secret = environment.get("AWS_SECRET_ACCESS_KEY", "")
        if not (key_id and secret):
            return None
        return cls(key_id, secret, environment.get("AWS_SESSION_TOKEN", ""))


class _Second(NamedTuple):
    """What all requests of one second have in common."""

    at_s: int
    canonical: bytes
    to_sign: bytes
    key: bytes
    head: bytes


class Signer:
    """Signs POST requests with a JSON body.

    Parameters
    ----------
    service, region : str
    host : str
        As in the header ``Host``.
    target : str
        The operation, as in ``X-Amz-Target``.
    credentials : Credentials
    """

    def __init__(
        self, *, service: str, region: str, host: str, target: str, credentials: Credentials
    ) -> None:
        self._service = service
        self._region = region
        self._host = host
        self._target = target
        self.use(credentials)

    def use(self, credentials: Credentials) -> None:
        """Sign with these from now on."""
        self._credentials = credentials
        self._day = ""
        self._key = b""
        self._second = _Second(-1, b"", b"", b"", b"")

    def sign(self, body: Sequence[bytes], now_s: int) -> bytes:
        """Return the request's head for a body, with its signature and the empty line.

        Parameters
        ----------
        body : sequence of bytes
            Its parts: a long one is not copied to be hashed.
        now_s : int
            Seconds since 1970.
        """
        second = self._second
        if second.at_s != now_s:
            second = self._second = self._begin(now_s)
        content = sha256()
        for part in body:
            content.update(part)
        request = second.canonical + content.hexdigest().encode()
        to_sign = second.to_sign + sha256(request).hexdigest().encode()
        signature = hmac.digest(second.key, to_sign, "sha256").hex()
        return b"%b%b\r\nContent-Length: %d\r\n\r\n" % (
            second.head,
            signature.encode(),
            sum(map(len, body)),
        )

    def _begin(self, now_s: int) -> _Second:
        time_text = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now_s))
        day = time_text[:8]
        if day != self._day:
            self._day, self._key = day, self._derive_key(day)
        scope = f"{day}/{self._region}/{self._service}/aws4_request"
        headers = {"content-type": _TYPE, "host": self._host, "x-amz-date": time_text}
        if self._credentials.token:
            headers["x-amz-security-token"] = self._credentials.token
        headers["x-amz-target"] = self._target
        names = ";".join(headers)
        lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
        sent = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return _Second(
            now_s,
            f"POST\n/\n\n{lines}\n{names}\n".encode(),
            f"{_ALGORITHM}\n{time_text}\n{scope}\n".encode(),
            self._key,
            f"POST / HTTP/1.1\r\n{sent}Authorization: {_ALGORITHM} "
            f"Credential={self._credentials.key_id}/{scope}, SignedHeaders={names}, "
            "Signature=".encode(),
        )

    def _derive_key(self, day: str) -> bytes:
        key = f"AWS4{self._credentials.secret}".encode()
        for part in (day, self._region, self._service, "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        return key

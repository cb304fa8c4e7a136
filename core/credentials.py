"""Credentials of a function that Lambda restored from a snapshot.

Such a function gets none in its environment, since a snapshot would keep them: it asks an address
of its own host, with a token, and asks again before they expire.
https://docs.aws.amazon.com/lambda/latest/dg/snapstart-activate.html and
https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
"""

import json
import os
import urllib.request
from collections.abc import Mapping
from datetime import datetime
from http.client import HTTPException
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import urlsplit

from core.errors import UnavailableError

if TYPE_CHECKING:
    from obstore.store import S3Credential

_ADDRESS: Final = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
_TOKEN: Final = "AWS_CONTAINER_AUTHORIZATION_TOKEN"  # noqa: S105 - the name of a variable
_TIMEOUT_S: Final = 2.0
_MAX_BYTES: Final = 64 * 1024


class HostCredentials:
    """Asks the function's host for credentials; a credential provider of obstore.

    Parameters
    ----------
    address : str
        Where to ask; on this host only, so that the token reaches nobody else.
    token : str
        What proves who asks.

    Raises
    ------
    UnavailableError
        If the address is not this host's.
    """

    def __init__(self, address: str, token: str) -> None:
        if not _is_own_host(address):
            raise UnavailableError("The address to ask for credentials is not this host's.")
        self._request = urllib.request.Request(  # noqa: S310 - http, to this host
            address, headers={"Authorization": token}
        )
        # A proxy of the environment's would be given the token.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self | None:
        """Return None where the environment holds keys, or names no address to ask."""
        address = environment.get(_ADDRESS, "")
        if not address or environment.get("AWS_ACCESS_KEY_ID"):
            return None
        return cls(address, environment.get(_TOKEN, ""))

    def __call__(self) -> "S3Credential":
        """Ask for credentials.

        Returns
        -------
        S3Credential
            With the time at which they expire, before which obstore asks again.

        Raises
        ------
        UnavailableError
            If there is no answer within 2 seconds, or none that can be read. What it was is not
            told: it may hold a secret.
        """
        try:
            with self._opener.open(self._request, timeout=_TIMEOUT_S) as answer:
                found = json.loads(answer.read(_MAX_BYTES))
            return {
                "access_key_id": found["AccessKeyId"],
                "secret_access_key": found["SecretAccessKey"],
                "token": found.get("Token"),
                "expires_at": datetime.fromisoformat(found["Expiration"]),
            }
        except (OSError, HTTPException, ValueError, LookupError, TypeError):
            message = "The function's host gave no credentials."
        raise UnavailableError(message, next_step="Try again; it is Lambda's own service.")


def _is_own_host(address: str) -> bool:
    parts = urlsplit(address)
    if parts.scheme != "http" or not parts.hostname:
        return False
    if parts.hostname == "localhost":
        return True
    try:
        return ip_address(parts.hostname).is_loopback or ip_address(parts.hostname).is_link_local
    except ValueError:
        return False

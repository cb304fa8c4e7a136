"""What Step Functions says of an error that was caught, as one text."""

import json
from collections.abc import Mapping

MAX_CHARACTERS = 2000


def describe_cause(caught: object) -> str:
    """Return a reason as it is, or the message of a caught error: "Error" and "Cause".

    Examples
    --------
    >>> describe_cause({"Error": "UnavailableError", "Cause": '{"errorMessage": "no bucket"}'})
    'UnavailableError: no bucket'
    """
    if isinstance(caught, str):
        return caught[:MAX_CHARACTERS]
    if not isinstance(caught, Mapping):
        return ""
    message = _find_message(caught.get("Cause"))
    error = str(caught.get("Error", ""))
    return ": ".join(part for part in (error, message) if part)[:MAX_CHARACTERS]


def _find_message(cause: object) -> str:
    """Return the message in a function's error document, or the cause itself if it is none."""
    if not isinstance(cause, str):
        return ""
    try:
        document = json.loads(cause)
    except json.JSONDecodeError:
        return cause
    if isinstance(document, dict) and "errorMessage" in document:
        return str(document["errorMessage"])
    return cause

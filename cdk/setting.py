"""Reading one setting's text: what is allowed, and the one line that says so."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from core.errors import InvalidInputError

# CloudWatch Logs accepts these periods and no others (below ten years).
RETENTION_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827)

ENVIRONMENT_PREFIX = "LOOP_"

_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]")
# Context of CDK's own: feature flags, its command line's, cached look-ups.
_FOREIGN_CONTEXT = re.compile(r"^(@|aws:|aws-|cdk-|cdk:|cli-|constructs:|availability-zones:|ssm:)")


class SettingError(InvalidInputError):
    """A setting is unknown or has a value that is not allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """One setting as it was given."""

    name: str
    value: object
    origin: str  # "-c stage" or "LOOP_STAGE": the words that the person typed

    def refuse(self, allowed: str) -> SettingError:
        """Return the one line that says why the value is not taken, and what would be."""
        return SettingError(f"setting {self.name} ({self.origin}) is {self.value!r}: {allowed}.")


def find_given(
    context: Mapping[str, object], environment: Mapping[str, str], *, names: Collection[str]
) -> dict[str, Raw]:
    """Return the settings that were given, by their names; context wins over the environment."""
    found = {}
    for name in names:
        variable = ENVIRONMENT_PREFIX + name.upper()
        if context.get(name) is not None:
            found[name] = Raw(name=name, value=context[name], origin=f"-c {name}")
        elif environment.get(variable):
            found[name] = Raw(name=name, value=environment[variable], origin=variable)
    return found


def refuse_unknown(
    context: Mapping[str, object], environment: Mapping[str, str], *, names: Collection[str]
) -> None:
    """Refuse context of no setting, and variables that look like a setting's but are none's.

    Other parts of the project have variables that begin like a setting's; those are left alone.
    """
    for name, value in context.items():
        if name not in names and not _FOREIGN_CONTEXT.match(name):
            raise SettingError(
                f"setting {name} (-c {name}) is {value!r}: there is no such setting. "
                f"Settings are: {', '.join(sorted(names))}."
            )
    for variable, value in environment.items():
        name = variable.removeprefix(ENVIRONMENT_PREFIX).lower()
        if variable.startswith(ENVIRONMENT_PREFIX) and name not in names:
            meant = get_close_matches(name, names, n=1, cutoff=0.75)
            if meant:
                raise SettingError(
                    f"setting {name} ({variable}) is {value!r}: there is no such setting. "
                    f"Did you mean {ENVIRONMENT_PREFIX}{meant[0].upper()}?"
                )


def one_of(*allowed: str) -> Callable[[Raw], str]:
    """Return a reader that takes these words only."""

    def read(raw: Raw) -> str:
        # YAML and JSON read 3.12 as a number.
        text = str(raw.value)
        if text not in allowed:
            raise raw.refuse("allowed are " + ", ".join(allowed))
        return text

    return read


def whole_number(minimum: int, maximum: int) -> Callable[[Raw], int]:
    """Return a reader that takes whole numbers between these two, both included."""

    def read(raw: Raw) -> int:
        text = str(raw.value)
        if not re.fullmatch(r"[0-9]{1,9}", text) or not minimum <= int(text) <= maximum:
            raise raw.refuse(f"allowed are whole numbers from {minimum} to {maximum}")
        return int(text)

    return read


def retention(raw: Raw) -> int:
    """Read a number of days that CloudWatch Logs knows."""
    allowed = tuple(str(days) for days in RETENTION_DAYS)
    return int(one_of(*allowed)(raw))


def share(raw: Raw) -> float:
    """Read a share, from 0 to 1."""
    text = str(raw.value)
    if not re.fullmatch(r"[0-9](\.[0-9]{1,9})?", text) or not 0 <= float(text) <= 1:
        raise raw.refuse("allowed are numbers from 0 to 1, such as 0.25")
    return float(text)


def flag(raw: Raw) -> bool:
    """Read true or false, in any case."""
    text = str(raw.value).lower()
    if text not in {"true", "false"}:
        raise raw.refuse("allowed are true, false")
    return text == "true"


def address(raw: Raw) -> str:
    """Read the address of a server on this computer or nearby."""
    text = str(raw.value)
    if not re.fullmatch(r"http://[A-Za-z0-9.-]+:[0-9]{1,5}/?", text):
        raise raw.refuse("allowed are addresses like http://127.0.0.1:4566")
    return text


def region(raw: Raw) -> str:
    """Read the name of an AWS region."""
    text = str(raw.value)
    if not _REGION.fullmatch(text):
        raise raw.refuse("allowed are names of AWS regions, such as eu-central-1")
    return text

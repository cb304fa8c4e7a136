"""Log groups that stay small.

ministack 1.5.33 makes a new log stream for each call of a function and never removes one, whatever
the group's retention is; all of it is part of the state that is saved.
"""

# ruff: noqa: SLF001, ANN401 - the emulator has no public interface for what is mended here.

from __future__ import annotations

import time
from typing import Any, Final

_DAY_MS: Final = 24 * 3600 * 1000


def limit_streams(service: Any, *, newest: int) -> None:
    """Keep the `newest` streams of each log group, and none older than the group's retention.

    Parameters
    ----------
    service : module
        ``ministack.services.cloudwatch_logs``.
    """
    for group in service._log_groups.all_values():
        streams: dict[str, dict[str, Any]] = group["streams"]
        by_age = sorted(streams.items(), key=lambda item: -_written_at(item[1]))
        retention = group.get("retentionInDays")
        oldest = time.time() * 1000 - retention * _DAY_MS if retention else 0.0
        for place, (name, stream) in enumerate(by_age):
            if place >= newest or _written_at(stream) < oldest:
                streams.pop(name, None)


def _written_at(stream: dict[str, Any]) -> float:
    return float(stream.get("lastEventTimestamp") or stream["creationTime"])

import time
from types import SimpleNamespace
from typing import Any

from cdk.local.mends.logs import limit_streams


def service(retention: int | None, ages_in_days: dict[str, float]) -> tuple[Any, dict[str, Any]]:
    now = time.time() * 1000
    streams: dict[str, Any] = {
        name: {"creationTime": 0, "lastEventTimestamp": now - age * 24 * 3600 * 1000}
        for name, age in ages_in_days.items()
    }
    group = {"streams": streams, "retentionInDays": retention}
    return SimpleNamespace(_log_groups=SimpleNamespace(all_values=lambda: [group])), streams


def test_keeps_the_newest_streams() -> None:
    emulator, streams = service(None, {"old": 2, "new": 0, "middle": 1})
    limit_streams(emulator, newest=2)
    assert set(streams) == {"new", "middle"}


def test_removes_streams_older_than_the_groups_retention() -> None:
    emulator, streams = service(7, {"old": 8, "new": 6})
    limit_streams(emulator, newest=10)
    assert set(streams) == {"new"}


def test_keeps_old_streams_when_the_group_has_no_retention() -> None:
    emulator, streams = service(None, {"old": 1000})
    limit_streams(emulator, newest=10)
    assert set(streams) == {"old"}

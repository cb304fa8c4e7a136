"""The load: 8 connections of a small client, bounded in count and in time.

The client is our own, in a process of its own: it sends bytes that were made before and looks at
no more of an answer than its length, so that it does not measure itself. General clients cost more
for a request than the fastest of the servers.
"""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.bench.serving.servers import Running, make_request

_CLIENT = Path(__file__).parent / "client.py"


@dataclass(frozen=True, slots=True)
class Load:
    """What one spell of load came to.

    Attributes
    ----------
    per_second : float
        Answers a second on the clock.
    per_core_second : float
        Answers for a second of processor of the server and its processes.
    p50_ms, p99_ms : float
        Time to an answer.
    """

    per_second: float
    per_core_second: float
    p50_ms: float
    p99_ms: float


def put_load(running: Running, *, seconds: float, most: int) -> Load:
    """Put load on a server from another process."""
    began_s = running.read_cpu_s()
    done = subprocess.run(
        [sys.executable, str(_CLIENT), str(running.port), str(seconds),
         str(most)],
        input=make_request(running.server), capture_output=True, check=True,
    )  # fmt: skip
    used_s = running.read_cpu_s() - began_s
    wall_s, *times_ms = np.frombuffer(done.stdout, np.float64).tolist()
    return Load(
        len(times_ms) / wall_s,
        len(times_ms) / max(used_s, 0.01),
        float(np.percentile(times_ms, 50)),
        float(np.percentile(times_ms, 99)),
    )

"""LocalStack's process: ``python -m cdk.local.localstack_launcher PORT LOCK``, in its environment.

LOCK is an inherited file descriptor (see `cdk.local.process`).
"""

from __future__ import annotations

import importlib
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

from cdk.local.mends.localstack import mend_localstack
from cdk.local.process import announce, detach


def main() -> None:
    """Serve until SIGTERM."""
    port, lock = (int(argument) for argument in sys.argv[1:3])
    detach()
    announce(lock, port=port)
    os.set_inheritable(lock, False)  # noqa: FBT003 - the standard library's signature
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    shutil.rmtree(os.environ["TMPDIR"], ignore_errors=True)
    Path(os.environ["TMPDIR"]).mkdir(parents=True)
    _use_processes()
    mend_localstack()
    importlib.import_module("localstack.runtime.main").main()


def _use_processes() -> None:
    # LocalStack asks this plugin for its executor; without a setting it is the one for Docker.
    plugins: Any = importlib.import_module("localstack.services.lambda_.invocation.plugins")
    ours = importlib.import_module("cdk.local.process_executor").ProcessExecutor
    plugins.DockerRuntimeExecutorPlugin.load = lambda _self, *_arguments, **_options: ours


if __name__ == "__main__":
    main()

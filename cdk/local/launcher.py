"""The emulator's process: ministack, mended where it differs from AWS, and the companion.

Runs in the emulator's own environment: ``python -m cdk.local.launcher PORT SOCKET LOCK``, where
SOCKET and LOCK are inherited file descriptors (see `cdk.local.ports` and `cdk.local.process`).
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import signal
import sys
from pathlib import Path

from cdk.local.process import announce, detach


def main() -> None:
    """Serve until SIGTERM; the state is then saved and the process ends."""
    port, socket, lock = (int(argument) for argument in sys.argv[1:4])
    detach()
    announce(lock, port=port)
    for descriptor in (socket, lock):
        os.set_inheritable(descriptor, False)  # noqa: FBT003 - the standard library's signature
    for number in (signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    # Left-overs of functions that were running when the process before this one was killed.
    shutil.rmtree(os.environ["TMPDIR"], ignore_errors=True)
    Path(os.environ["TMPDIR"]).mkdir(parents=True)
    asyncio.run(_serve(socket))


async def _serve(socket: int) -> None:
    # Only now, in the process that stays: importing ministack starts threads.
    from hypercorn.asyncio import serve  # noqa: PLC0415
    from hypercorn.config import Config  # noqa: PLC0415

    from cdk.local.assembly import assemble  # noqa: PLC0415

    # What functions print is in CloudWatch Logs, and need not be here as well.
    for noisy in ("hypercorn.access", "lambda", "persistence"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    config = Config()
    config.bind = [f"fd://{socket}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 1
    app, companion = assemble(Path(os.environ["STATE_DIR"]).parent)
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)

    async def until_stopped() -> None:
        # Called by the server when the saved state has been read.
        companion.start()
        await stopping.wait()
        # ministack then writes its whole state: nobody else may be writing it.
        await asyncio.to_thread(companion.stop)

    await serve(app, config, shutdown_trigger=until_stopped)


if __name__ == "__main__":
    main()

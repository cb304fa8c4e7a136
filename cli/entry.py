"""Where the ``loop`` command begins: what loads slowly is loaded where Ctrl-C is understood."""

import sys

INTERRUPTED = 130  # what shells expect after Ctrl-C


def main() -> None:
    """Run the command line and exit."""
    try:
        from cli.main import main as run  # noqa: PLC0415 - half a second, in which one may think again

        run()
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        sys.exit(INTERRUPTED)

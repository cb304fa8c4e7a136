"""The ``loop`` command: all of its parts, and the one place where errors become messages."""

import signal
import sys
from collections.abc import Sequence
from importlib.metadata import version
from types import FrameType
from typing import Annotated

import typer
from typer.core import TyperGroup

from cli import (
    author,
    batch,
    cards,
    cloud,
    compare,
    data,
    deployments,
    doctor,
    experiments,
    exports,
    judging,
    learn,
    models,
    observe,
    reproducing,
    requests,
    runs,
    serve,
    tracking,
    traffic,
)
from cli.entry import INTERRUPTED
from cli.session import Session, explain
from core.errors import LoopError

EXIT_CODES = (
    "Exit codes: 0 done; 1 it did not work; 2 wrong input; 3 not found; 4 a conflict with what is"
    " there; 5 damaged data; 6 the cloud or this computer is not available, trying again may help;"
    f" {INTERRUPTED} interrupted. With --json an error is a document too."
)


class LoopGroup(TyperGroup):
    """The top of the command tree: turns every error into one message and one exit code."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """Accept ``--debug`` anywhere: a person adds it to the end of what has just failed."""
        if "--debug" in args:
            args = ["--debug", *(argument for argument in args if argument != "--debug")]
        return super().parse_args(ctx, args)

    def invoke(self, ctx: typer.Context) -> object:  # type: ignore[override]
        """Run the command; errors end it with their own exit code and without a traceback."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            _session(ctx).output.interrupted()
            raise typer.Exit(INTERRUPTED) from None
        except (typer.Exit, typer.Abort, typer.TyperException, BrokenPipeError):
            raise
        except Exception as error:  # the border of the program  # noqa: BLE001
            raise typer.Exit(_fail(_session(ctx), error)) from None


def _session(ctx: typer.Context) -> Session:
    return ctx.ensure_object(Session)


def _fail(session: Session, error: Exception) -> int:
    told = error if isinstance(error, LoopError) else explain(error)
    if session.debug:
        session.output.traceback()
    session.output.fail(told)
    return told.exit_code


app = typer.Typer(
    cls=LoopGroup,
    name="loop",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(value: bool) -> None:  # noqa: FBT001 - typer calls it so
    if value:
        typer.echo(f"loop {version('closed-loop')}")
        raise typer.Exit


@app.callback(epilog=EXIT_CODES)
def loop(
    ctx: typer.Context,
    *,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
    show_version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    """Run a whole machine-learning system: deploy it, feed it, ask it, watch it, improve it."""
    del show_version  # its callback has done the work
    _session(ctx).debug = debug


for _module in (
    cloud,
    doctor,
    deployments,
    data,
    runs,
    tracking,
    models,
    experiments,
    reproducing,
    exports,
    judging,
    cards,
    compare,
    requests,
    batch,
    serve,
    traffic,
    observe,
    learn,
    author,
):
    _module.add_to(app)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup has it
            signal.signal(number, _terminate)
    app(args=list(arguments) if arguments is not None else None, prog_name="loop")


def _terminate(number: int, frame: FrameType | None) -> None:
    # Unwinds the stack, so that what was started is ended as after Ctrl-C.
    del frame
    sys.exit(128 + number)

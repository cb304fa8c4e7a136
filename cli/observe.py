"""``loop alarms`` and ``loop logs``: what the running system says about itself."""

import re
import time
from datetime import datetime
from typing import Annotated

import typer

from cli.session import JsonOption, Session, begin
from cli.system import AwsClient, System
from core.errors import InvalidInputError, NotFoundError

MAX_LOG_LINES = 500
_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(alarms)
    app.command()(logs)


def alarms(ctx: typer.Context, *, as_json: JsonOption = False) -> None:
    """Show every alarm: its state, since when, and why."""
    session = begin(ctx, as_json=as_json)
    found = list_alarms(session.system())
    # A fulfilled rule needs no reason; --json has them all.
    rows = [
        [a["name"], a["state"], a["since"][:19], a["reason"] if a["state"] != "OK" else ""]
        for a in found
    ]
    session.output.report(
        {"alarms": found},
        lambda: session.output.table(["alarm", "state", "since", "reason"], rows),
    )


def list_alarms(system: System) -> list[dict[str, str]]:
    """Return the deployment's alarms, those in ALARM first."""
    pages = system.client("cloudwatch").get_paginator("describe_alarms")
    found = [
        {
            "name": str(alarm["AlarmName"]).removeprefix(system.prefix),
            "state": str(alarm["StateValue"]),
            "since": _local_time(alarm.get("StateUpdatedTimestamp")),
            "reason": str(alarm.get("StateReason") or ""),
        }
        for page in pages.paginate(AlarmNamePrefix=system.prefix)
        for alarm in page["MetricAlarms"]
    ]
    return sorted(found, key=lambda alarm: (alarm["state"] != "ALARM", alarm["name"]))


def logs(
    ctx: typer.Context,
    function: Annotated[
        str, typer.Argument(help="Part of a function's name; all functions by default.")
    ] = "",
    *,
    since: Annotated[str, typer.Option(help="How far back: 30s, 10m, 2h, 1d.")] = "10m",
    as_json: JsonOption = False,
) -> None:
    """Show the functions' newest log lines."""
    session = begin(ctx, as_json=as_json)
    since_s = _parse_duration(since)
    system = session.system()
    lines = read_logs(system, _matching(system, function), since_s=since_s)
    session.output.report({"lines": lines}, lambda: _show_lines(session, lines, since))


def read_logs(system: System, functions: list[str], *, since_s: int) -> list[dict[str, str]]:
    """Return the newest log lines of some functions, at most 500, in the order of time."""
    client, from_ms = system.client("logs"), int((time.time() - since_s) * 1000)
    found: list[tuple[int, str, str]] = []
    for name in functions:
        found.extend(_events(client, _log_group(system, name), name, from_ms))
    return [
        {"time": _local_time(at_ms / 1000), "function": name, "message": message}
        for at_ms, name, message in sorted(found, key=lambda event: event[0])[-MAX_LOG_LINES:]
    ]


def _events(client: AwsClient, group: str, name: str, from_ms: int) -> list[tuple[int, str, str]]:
    try:
        pages = list(
            client.get_paginator("filter_log_events").paginate(
                logGroupName=group, startTime=from_ms, PaginationConfig={"MaxItems": 5000}
            )
        )
    except client.exceptions.ResourceNotFoundException:
        return []  # a function that has never run has no log yet
    return [
        (int(event["timestamp"]), name, str(event["message"]).rstrip())
        for page in pages
        for event in page["events"]
    ]


def _log_group(system: System, function: str) -> str:
    configuration = system.client("lambda").get_function_configuration(FunctionName=function)
    named = (configuration.get("LoggingConfig") or {}).get("LogGroup")
    return str(named or f"/aws/lambda/{function}")


def _matching(system: System, part: str) -> list[str]:
    functions = system.functions()
    wanted = part.lower()
    found = [
        name
        for logical_id, name in functions.items()
        if wanted in name.lower() or wanted in logical_id.lower()
    ]
    if not found:
        # What CDK and CloudFormation put around a name is nobody's to read or to type.
        known = sorted(re.sub(r"(Function)?[0-9A-F]{8}$", "", name) for name in functions)
        raise NotFoundError(
            f"No function is named like {part!r}. Functions: {', '.join(known) or 'none'}.",
            next_step="loop logs",
        )
    return sorted(found)


def _parse_duration(text: str) -> int:
    found = re.fullmatch(r"(\d{1,5})([smhd])", text)
    if not found:
        raise InvalidInputError(
            f"--since is {text!r}; a number and one of s, m, h, d is allowed.",
            next_step="loop logs --since 10m",
        )
    return int(found[1]) * _UNITS_S[found[2]]


def _local_time(at: datetime | float | None) -> str:
    if at is None:
        return ""
    moment = at if isinstance(at, datetime) else datetime.fromtimestamp(at).astimezone()
    return moment.astimezone().isoformat(sep=" ", timespec="seconds")


def _show_lines(session: Session, lines: list[dict[str, str]], since: str) -> None:
    for line in lines:
        session.output.say(f"{line['time'][11:19]} {line['function']}  {line['message']}")
    if not lines:
        session.output.say(f"No log line in the last {since}. Try: loop logs --since 1h")

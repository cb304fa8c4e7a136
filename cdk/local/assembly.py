"""Puts together what runs in the emulator's process: ministack, the mends, the companion."""
# ruff: noqa: SLF001, ANN401 - the emulator has no public interface for what is mended here.

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

from cdk.local.companion.cloudwatch import CloudWatch
from cdk.local.companion.schedule import Companion, Task
from cdk.local.companion.service_metrics import ExecutionWatch, QueueWatch
from cdk.local.mends.alarms import mend_alarms
from cdk.local.mends.disk import DiskGuard
from cdk.local.mends.functions import digest_of, mend_functions, retire_idle
from cdk.local.mends.logs import limit_streams
from cdk.local.mends.metrics import (
    mend_api_metrics,
    mend_embedded_metrics,
    mend_function_metrics,
)
from cdk.local.mends.rights import mend_rights
from cdk.local.mends.state import StateSaver, mend_package_names, notice_requests

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import ModuleType

    from cdk.local.mends.disk import App

_KEEP_METRICS_S: Final = 3 * 24 * 3600.0
_KEEP_IDLE_FUNCTIONS_S: Final = 600.0
_KEEP_LOG_STREAMS: Final = 1000


def assemble(folder: Path) -> tuple[App, Companion]:
    """Return the mended emulator's application and its companion, not started yet.

    Parameters
    ----------
    folder : Path
        The local cloud's state folder.
    """
    app, runtime, functions = _ministack("app", "core.lambda_runtime", "services.lambda_svc")
    responses, persistence = _ministack("core.responses", "core.persistence")
    metrics, logs, apis, queues, workflows = (
        _ministack(f"services.{name}")[0]
        for name in ("cloudwatch", "cloudwatch_logs", "apigateway_v1", "sqs", "stepfunctions")
    )
    disk = DiskGuard.of(folder)
    saver = StateSaver(app._build_persistence_save_dict, persistence)
    cloudwatch = CloudWatch(metrics, responses, on_change=saver.mark)
    packages = mend_functions(runtime, functions, folder=folder)
    mend_package_names(functions)
    mend_rights()
    mend_alarms(metrics)
    mend_function_metrics(functions, cloudwatch)
    mend_api_metrics(apis, responses, cloudwatch)
    mend_embedded_metrics(logs, cloudwatch)
    queue_watch = QueueWatch(queues, responses)
    execution_watch = ExecutionWatch(workflows, responses)
    companion = Companion(
        [
            Task("queue metrics", 2, lambda: queue_watch.record(cloudwatch)),
            Task("execution metrics", 2, lambda: execution_watch.record(cloudwatch)),
            Task("alarms", 2, cloudwatch.evaluate_alarms),
            Task("disk", 2, disk.check),
            Task("saving", 1, saver.save_when_due),
            Task("idle functions", 60, lambda: retire_idle(runtime, idle_s=_KEEP_IDLE_FUNCTIONS_S)),
            Task("old packages", 300, lambda: packages.keep_only(set(_digests(functions)))),
            Task("old logs", 60, lambda: limit_streams(logs, newest=_KEEP_LOG_STREAMS)),
            Task("old metrics", 3600, lambda: cloudwatch.forget_old(keep_s=_KEEP_METRICS_S)),
        ]
    )
    return disk.guard(notice_requests(app.app, saver)), companion


def _ministack(*names: str) -> list[ModuleType]:
    # By name: the emulator is no dependency of the project's own environment.
    return [importlib.import_module(f"ministack.{name}") for name in names]


def _digests(service: Any) -> Iterator[str]:
    for function in service._functions.all_values():
        for one in (function, *function.get("versions", {}).values()):
            if one.get("code_zip"):
                yield digest_of(one["config"], one["code_zip"])

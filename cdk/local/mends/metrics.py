"""Where the emulator is listened to: function calls, REST API requests, log lines."""
# ruff: noqa: SLF001, ANN401 - the emulator has no public interface for what is mended here.

from __future__ import annotations

import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from cdk.local.companion.service_metrics import (
    function_dimensions,
    record_invocation,
    record_request,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cdk.local.companion.cloudwatch import CloudWatch


def mend_function_metrics(service: Any, cloudwatch: CloudWatch) -> None:
    """Measure every call of a function once, whoever makes it.

    ministack 1.5.33 measures only those through Lambda's own API, not those of API Gateway, Step
    Functions or EventBridge, and never under the alias that was called.
    """
    dispatch = service._execute_function_dispatch

    def measured_dispatch(
        func: Mapping[str, Any],
        config: Mapping[str, Any],
        event: object,
        request_id: str,
        started: float,
    ) -> Any:
        result = dispatch(func, config, event, request_id, started)
        record_invocation(
            cloudwatch,
            config,
            duration_s=time.time() - started,
            failed=bool(isinstance(result, dict) and result.get("error")),
        )
        return result

    def throttles_only(
        function_name: str, duration_ms: float, *, error: bool, throttle: bool
    ) -> None:
        del duration_ms, error
        if throttle:
            for dimensions in function_dimensions({"FunctionName": function_name}):
                cloudwatch.record("AWS/Lambda", "Throttles", 1.0, dimensions=dimensions)

    service._execute_function_dispatch = measured_dispatch
    service._emit_lambda_metrics = throttles_only


def mend_api_metrics(service: Any, responses: Any, cloudwatch: CloudWatch) -> None:
    """Measure every request to a REST API; ministack 1.5.33 publishes nothing about them."""
    handle_execute = service.handle_execute

    async def measured_execute(
        api_id: str, stage_name: str, *arguments: object, **options: object
    ) -> tuple[int, dict[str, str], bytes]:
        began = time.monotonic()
        answer: tuple[int, dict[str, str], bytes] | None = None
        try:
            answer = await handle_execute(api_id, stage_name, *arguments, **options)
            return answer
        finally:
            scope = service.find_api_scope(api_id)
            if scope is not None:
                with responses.request_scope(*scope):
                    api = service._rest_apis.get(api_id) or {}
                    record_request(
                        cloudwatch,
                        api=str(api.get("name", api_id)),
                        stage=stage_name,
                        status=answer[0] if answer else int(HTTPStatus.INTERNAL_SERVER_ERROR),
                        duration_s=time.monotonic() - began,
                    )

    service.handle_execute = measured_execute


def mend_embedded_metrics(service: Any, cloudwatch: CloudWatch) -> None:
    """Turn log lines in the embedded metric format into metrics; ministack 1.5.33 does not."""
    append = service._append_log_events

    def append_and_read(stream: object, events: Sequence[Mapping[str, Any]]) -> None:
        append(stream, events)
        cloudwatch.record_log_lines(str(event["message"]) for event in events)

    service._append_log_events = append_and_read

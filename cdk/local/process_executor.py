"""LocalStack's functions as processes: it can by itself only run them in Docker.

Imported in LocalStack's own environment. Pinned to LocalStack 4.14.0.
"""

from __future__ import annotations

import json
import os
import threading
import time
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
from localstack.services.lambda_.invocation import lambda_models
from localstack.services.lambda_.invocation.executor_endpoint import StatusErrorException
from localstack.services.lambda_.invocation.runtime_executor import RuntimeExecutor

from cdk.local.companion.embedded_metrics import Datum, parse_line
from cdk.local.mends.worker import Call, FunctionError, FunctionProcess

_DATA_PER_REQUEST = 500


class ProcessExecutor(RuntimeExecutor):  # type: ignore[misc]  # LocalStack is not installed here
    """One execution environment of one function version."""

    def __init__(self, id: str, function_version: Any) -> None:  # noqa: A002, ANN401
        super().__init__(id, function_version)
        self._environment: dict[str, str] = {}
        self._function: FunctionProcess | None = None
        self._logs = ""

    def start(self, env_vars: dict[str, str]) -> None:
        """Start the function's process."""
        self._environment = {
            "PATH": os.defpath,
            **{name: str(value) for name, value in env_vars.items()},
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{self.function_version.config.runtime}",
            "AWS_ENDPOINT_URL_S3": env_vars["AWS_ENDPOINT_URL"],
        }
        try:
            self._function = self._started()
        except FunctionError as error:
            payload = json.dumps(error.payload).encode()
            raise StatusErrorException(str(error), payload=payload) from error

    def stop(self) -> None:
        """End the function's process."""
        if self._function is not None:
            self._function.end()

    def invoke(self, payload: dict[str, str]) -> Any:  # noqa: ANN401 - a class of LocalStack's
        """Call the handler once."""
        began = time.monotonic()
        call = Call(
            event=json.loads(payload["payload"]),
            request_id=payload["invoke-id"],
            function_arn=payload["invoked-function-arn"],
            trace_id=payload.get("trace-id"),
            timeout_s=float(self.function_version.config.timeout),
        )
        function = self._function
        failed = False
        written = ""
        try:
            if function is None or function.popen.poll() is not None:
                function = self._function = self._started()
            body = json.dumps(function.call(call))
        except FunctionError as error:
            failed, body, written = True, json.dumps(error.payload), error.log
        if function is not None:
            function.settle()
            written = function.take_log()
        # The caller need not wait for its metrics to arrive.
        threading.Thread(target=self._publish, args=(written.splitlines(),), daemon=True).start()
        self._logs = self._platform_log(call.request_id, written, time.monotonic() - began)
        return lambda_models.InvocationResult(
            call.request_id, body.encode(), is_error=failed, logs=self._logs
        )

    def _started(self) -> FunctionProcess:
        code = self.function_version.config.code.get_unzipped_code_location()
        return FunctionProcess(
            handler=str(self.function_version.config.handler),
            code=Path(code),
            environment=self._environment,
            scratch=Path(os.environ["TMPDIR"]),
            interpreter=os.environ["LOOP_FUNCTION_PYTHON"],
        )

    def _platform_log(self, request_id: str, written: str, duration_s: float) -> str:
        memory = self.function_version.config.memory_size
        version = self.function_version.id.qualifier
        duration_ms = duration_s * 1000
        report = (
            f"REPORT RequestId: {request_id}\tDuration: {duration_ms:.2f} ms\t"
            f"Billed Duration: {int(duration_ms) + 1} ms\tMemory Size: {memory} MB\t"
            f"Max Memory Used: {memory} MB\t"
        )
        start = f"START RequestId: {request_id} Version: {version}"
        lines = [start, *written.splitlines(), f"END RequestId: {request_id}", report, ""]
        return "\n".join(lines)

    def _publish(self, lines: list[str]) -> None:
        found: dict[str, list[dict[str, Any]]] = {}
        for line in lines:
            for datum in parse_line(line):
                found.setdefault(datum.namespace, []).append(_metric_datum(datum))
        if not found:
            return
        for namespace, data in found.items():
            for begin in range(0, len(data), _DATA_PER_REQUEST):
                part = data[begin : begin + _DATA_PER_REQUEST]
                self._cloudwatch.put_metric_data(Namespace=namespace, MetricData=part)

    @cached_property
    def _cloudwatch(self) -> Any:  # noqa: ANN401 - a client's class is made at run time
        return boto3.client(
            "cloudwatch",
            endpoint_url=self._environment["AWS_ENDPOINT_URL"],
            region_name=self._environment["AWS_REGION"],
            aws_access_key_id=self.function_version.id.account,
            aws_secret_access_key="test",  # noqa: S106 - the emulator's public test value
        )

    def get_address(self) -> str:
        """Return where the process is."""
        return "127.0.0.1"

    def get_endpoint_from_executor(self) -> str:
        """Return where the process finds LocalStack."""
        return "127.0.0.1"

    def get_runtime_endpoint(self) -> str:
        """Return an address that LocalStack wants to know and this executor does not use."""
        return "http://127.0.0.1:1"

    def get_logs(self) -> str:
        """Return the log of the last call."""
        return self._logs

    @classmethod
    def prepare_version(cls, function_version: Any) -> None:  # noqa: ANN401
        """Unpack the version's package."""
        if function_version.config.code:
            function_version.config.code.prepare_for_execution()

    @classmethod
    def cleanup_version(cls, function_version: Any) -> None:  # noqa: ANN401
        """Leave the unpacked package: other versions may have the same."""


def _metric_datum(datum: Datum) -> dict[str, Any]:
    return {
        "MetricName": datum.name,
        "Dimensions": [{"Name": name, "Value": value} for name, value in datum.dimensions],
        "Timestamp": datum.timestamp,
        "Values": list(datum.values),
        "Unit": datum.unit,
    }

"""Lambda functions: run in clean processes, and answer with their own exceptions.

What ministack 1.5.33 does by itself: it answers every exception with the type
``Runtime.HandlerError``, so that typed retries in Step Functions never match; it ends the warm
process after an exception; it unpacks the whole package for each process; it gives functions the
emulator's environment, packages included; its processes outlive an emulator that is killed.
"""
# ruff: noqa: SLF001, ANN401 - the emulator has no public interface for what is mended here.

from __future__ import annotations

import base64
import hashlib
import logging
import os
import threading
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cdk.local.mends.packages import PackageFolders
from cdk.local.mends.worker import Call, FunctionError, FunctionProcess

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping

_LOG = logging.getLogger("cdk.local.functions")


def mend_functions(runtime: Any, service: Any, *, folder: Path) -> PackageFolders:
    """Let Python functions run in `FunctionProcess`; return where their packages are unpacked.

    Parameters
    ----------
    runtime, service : module
        ``ministack.core.lambda_runtime`` and ``ministack.services.lambda_svc``.
    folder : Path
        The emulator's state folder.
    """
    packages = PackageFolders(folder / "functions")
    port = os.environ["GATEWAY_PORT"]
    scratch = Path(os.environ["TMPDIR"])

    class PythonEnvironment(Environment):
        def start(self) -> FunctionProcess:
            return FunctionProcess(
                handler=str(self.config["Handler"]),
                code=packages.folder(self.code_zip, digest=digest_of(self.config, self.code_zip)),
                environment=function_environment(
                    self.config, port=port, credentials=runtime.execution_credentials(self.config)
                ),
                scratch=scratch,
            )

    emulators_own = runtime._worker_class_for

    def worker_class_for(config: Mapping[str, Any]) -> type:
        if str(config.get("Runtime", "")).startswith("python") and not config.get("Layers"):
            return PythonEnvironment
        own: type = emulators_own(config)
        return own

    runtime._worker_class_for = worker_class_for
    # Of the emulator's two ways of calling a warm process, this one hands on the error it gets.
    service._execute_function_warm = service._execute_function_provided_warm
    return packages


class Environment:
    """What the emulator keeps in its pool: a process, started when first needed.

    Attributes and methods are those that ``ministack.core.lambda_runtime`` uses of its workers.
    """

    def __init__(self, func_name: str, config: Mapping[str, Any], code_zip: bytes) -> None:
        self.func_name = func_name
        self.config = config
        self.code_zip = code_zip
        self.in_use = False
        self.last_used = time.time()
        self._lock = threading.Lock()
        self._function: FunctionProcess | None = None
        self._proc: subprocess.Popen[bytes] | None = None

    def start(self) -> FunctionProcess:
        """Start the function's process."""
        raise NotImplementedError

    def invoke(
        self,
        event: object,
        request_id: str,
        *,
        trace_id: str | None = None,
        invoked_function_arn: str | None = None,
    ) -> dict[str, Any]:
        """Call the handler once."""
        with self._lock:
            self.last_used = time.time()
            cold = self._function is None or self._function.popen.poll() is not None
            call = Call(
                event=event,
                request_id=request_id,
                function_arn=invoked_function_arn or str(self.config.get("FunctionArn", "")),
                trace_id=trace_id,
                timeout_s=float(self.config.get("Timeout", 3)),
            )
            log = ""
            try:
                if cold:
                    self._spawn()
                answer = {"status": "ok", "result": self._running().call(call)}
            except FunctionError as error:
                answer = {
                    "status": "error",
                    "error": str(error),
                    "error_payload": error.payload,
                }
                log = error.log
            if self._function is not None:
                self._function.settle()
                log = self._function.take_log()
            self.last_used = time.time()
            return {**answer, "cold_start": cold, "log": log}

    def _running(self) -> FunctionProcess:
        if self._function is None:
            raise FunctionError.of("Runtime.ExitError", "The function's process has been retired.")
        return self._function

    def _spawn(self) -> None:
        began = time.monotonic()
        self._function = None
        self._function = self.start()
        self._proc = self._function.popen
        _LOG.info("%s: started in %.2f s", self.func_name, time.monotonic() - began)

    def _discard_tmpdir(self) -> None:
        if self._function is not None:
            self._function.end()


def digest_of(config: Mapping[str, Any], archive: bytes) -> str:
    """Return the package's SHA-256 in hex, from the configuration where it stands there."""
    try:
        return base64.b64decode(str(config["CodeSha256"]), validate=True).hex()
    except (KeyError, ValueError):
        return hashlib.sha256(archive).hexdigest()


def function_environment(
    config: Mapping[str, Any], *, port: str, credentials: Mapping[str, str]
) -> dict[str, str]:
    """Return the variables that a function sees: Lambda's, its own, and where the cloud is.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
    """
    name = str(config["FunctionName"])
    region = str(config["FunctionArn"]).split(":")[3]
    own = (config.get("Environment") or {}).get("Variables") or {}
    logging_config = config.get("LoggingConfig") or {}
    endpoint = f"http://127.0.0.1:{port}"
    return {
        "PATH": os.defpath,
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ENDPOINT_URL_S3": endpoint,
        **{str(key): str(value) for key, value in own.items()},
        **{key: value for key, value in credentials.items() if value},
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{config.get('Runtime', 'python3')}",
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": str(config.get("Version", "$LATEST")),
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(config.get("MemorySize", 128)),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": str(logging_config.get("LogGroup") or f"/aws/lambda/{name}"),
        "AWS_LAMBDA_LOG_STREAM_NAME": uuid.uuid4().hex,
    }


def retire_idle(runtime: Any, *, idle_s: float) -> None:
    """End the processes that nobody called for `idle_s` seconds, as AWS does."""
    now = time.time()
    retired = []
    with runtime._lock:
        for key, pool in list(runtime._workers.items()):
            kept = [one for one in pool if one.in_use or now - one.last_used < idle_s]
            retired += [one for one in pool if one not in kept]
            runtime._workers[key] = kept
    runtime.kill_workers(retired)

"""What the emulator does when it is not mended; runs in the emulator's own environment."""

# ruff: noqa: PLC0415, FBT003 - each function imports what it looks at

import io
import json
import sys
import zipfile
from pathlib import Path
from typing import Any


def exception_is_anonymous() -> bool:
    from ministack.core.lambda_runtime import Worker

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("main.py", "def handler(event, context):\n    raise KeyError(1)\n")
    arn = "arn:aws:lambda:us-east-1:000000000000:function:f"
    config = {"Runtime": "python3.11", "Handler": "main.handler", "FunctionArn": arn}
    worker = Worker("f", config, buffer.getvalue())
    result = worker.invoke({}, "id")
    ended = worker._proc is None
    worker.kill()
    return ended and "KeyError" not in json.dumps(result.get("error_payload", ""))


def alarm_ignores_dimensions() -> bool:
    from ministack.services import cloudwatch

    alarm: dict[str, Any] = {
        "AlarmName": "a",
        "Namespace": "N",
        "MetricName": "M",
        "Dimensions": [{"Name": "Stage", "Value": "dev"}],
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanThreshold",
        "StateValue": "OK",
    }
    cloudwatch.record_metric("N", "M", 5, dimensions={"Stage": "prod"})
    cloudwatch._evaluate_alarm(alarm)
    return bool(alarm["StateValue"] == "ALARM")


def embedded_metrics_are_only_text() -> bool:
    from ministack.services import cloudwatch, lambda_svc

    directive = {"Namespace": "E", "Dimensions": [[]], "Metrics": [{"Name": "M"}]}
    about = {"Timestamp": 0, "CloudWatchMetrics": [directive]}
    line = json.dumps({"_aws": about, "M": 1})
    lambda_svc._emit_lambda_logs({"config": {"FunctionName": "f"}}, "id", line, False, 1)
    return not any(namespace == "E" for namespace, _, _ in cloudwatch._metrics)


def source_of(name: str) -> str:
    import ministack

    return (Path(str(ministack.__file__)).parent / name).read_text()


def rest_apis_are_not_measured() -> bool:
    return "record_metric" not in source_of("services/apigateway_v1.py")


def calls_are_not_measured_under_an_alias() -> bool:
    source = source_of("services/lambda_svc.py").partition("def _emit_lambda_metrics")[2]
    return '"Resource"' not in source.partition("\ndef ")[0]


def state_is_saved_only_at_the_end() -> bool:
    return source_of("app.py").count("save_all(") == 1


def connections_within_the_machine_count_as_open() -> bool:
    from ministack.core.iam_evaluator import EvalContext

    asked = EvalContext("arn", "AssumedRole", "0", "s3:GetObject", "*", "us-east-1")
    from_header = 'headers.get("x-forwarded-proto", "")' in source_of("app.py")
    return from_header and not asked.secure_transport and asked.source_ip == "127.0.0.1"


def absent_objects_are_told_to_everybody() -> bool:
    return not any("s3:ListBucket" in source_of(name) for name in ("app.py", "services/s3.py"))


def workflows_call_what_their_roles_forbid() -> bool:
    return "lambda:InvokeFunction" not in source_of("services/stepfunctions.py")


def rules_start_what_their_roles_forbid() -> bool:
    return "states:StartExecution" not in source_of("services/eventbridge.py")


if __name__ == "__main__":
    sys.stdout.write(json.dumps(globals()[sys.argv[1]]()) + "\n")

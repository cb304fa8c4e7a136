"""The HTTP API in front of the inference function."""

import json

from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from cdk.config import Config
from cdk.constructs.removal import make_log_group
from cdk.constructs.rules import acknowledge

STAGE_NAME = "live"
TENSOR_TYPE = "application/octet-stream"
"""What is passed on as bytes, when a caller sends it or accepts it: binary tensors."""

# Who asked for what, how it ended and how long it took: never a body, a query or a key.
_ACCESS_LOG = {
    "request_id": "$context.requestId",
    "time": "$context.requestTimeEpoch",
    "method": "$context.httpMethod",
    "path": "$context.path",
    "status": "$context.status",
    "latency_ms": "$context.responseLatency",
    "integration_latency_ms": "$context.integrationLatency",
    "response_bytes": "$context.responseLength",
    "api_key_id": "$context.identity.apiKeyId",
    "error": "$context.error.responseType",
    "integration_status": "$context.integrationStatus",
    "trace_id": "$context.xrayTraceId",
}

# What API Gateway answers by itself, in the form of the function's own errors. Where there is no
# status, those that it has stay.
_REFUSALS: dict[str, tuple[apigateway.ResponseType, str | None, str, str]] = {
    # Its own words for this are "Missing Authentication Token".
    "NoSuchPath": (
        apigateway.ResponseType.MISSING_AUTHENTICATION_TOKEN, "404", "not_found",
        "There is no such path, or it does not take this method.",
    ),
    "InvalidKey": (
        apigateway.ResponseType.INVALID_API_KEY, "403", "forbidden",
        "The header x-api-key is missing or holds no valid key.",
    ),
    "Throttled": (
        apigateway.ResponseType.THROTTLED, "429", "too_many_requests",
        "Too many requests at once. Try again in a second.",
    ),
    "QuotaExceeded": (
        apigateway.ResponseType.QUOTA_EXCEEDED, "429", "quota_exceeded",
        "This key's requests for today are used up.",
    ),
    "TooLarge": (
        apigateway.ResponseType.REQUEST_TOO_LARGE, "413", "too_large",
        "The request is larger than the API accepts.",
    ),
    "Timeout": (
        apigateway.ResponseType.INTEGRATION_TIMEOUT, "504", "timeout",
        "The model took too long to answer.",
    ),
    "Unavailable": (
        apigateway.ResponseType.INTEGRATION_FAILURE, "502", "unavailable",
        "The model could not be asked.",
    ),
    # 500 when Lambda does not run the function (too many at once), 502 when the function fails:
    # https://docs.aws.amazon.com/lambda/latest/dg/services-apigateway-errors.html
    "Fault": (
        apigateway.ResponseType.DEFAULT_5_XX, None, "unavailable",
        "The model could not be asked.",
    ),
}  # fmt: skip


class InferenceApi(Construct):
    """A REST API: ``/health`` for everybody, all else with an API key, throttled and logged.

    Attributes
    ----------
    api : aws_cdk.aws_apigateway.RestApi
    key : aws_cdk.aws_apigateway.IApiKey
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, config: Config, function: lambda_.IFunction
    ) -> None:
        super().__init__(scope, construct_id)
        self.api = apigateway.RestApi(
            self,
            "Api",
            rest_api_name=config.prefix,
            description="Closed Loop: predictions and feedback",
            endpoint_types=[apigateway.EndpointType.REGIONAL],
            binary_media_types=[TENSOR_TYPE],
            cloud_watch_role=True,
            deploy_options=self._stage_options(config),
        )
        # The stack has an output of its own for this, under a stable name.
        self.api.node.try_remove_child("Endpoint")
        self._add_methods(function)
        self._add_refusals()
        self.key = self._add_usage_plan(config)
        self._acknowledge()

    def _stage_options(self, config: Config) -> apigateway.StageOptions:
        return apigateway.StageOptions(
            stage_name=STAGE_NAME,
            access_log_destination=apigateway.LogGroupLogDestination(
                make_log_group(self, "AccessLogs", config=config)
            ),
            access_log_format=apigateway.AccessLogFormat.custom(json.dumps(_ACCESS_LOG)),
            # For all callers together, with a key or without.
            throttling_rate_limit=config.throttle_rate,
            throttling_burst_limit=config.throttle_burst,
            tracing_enabled=True,
        )

    def _add_methods(self, function: lambda_.IFunction) -> None:
        integration = apigateway.LambdaIntegration(function, allow_test_invoke=False)
        health = self.api.root.add_resource("health").add_method(
            "GET", integration, api_key_required=False
        )
        rest = self.api.root.add_resource("{proxy+}").add_method(
            "ANY", integration, api_key_required=True
        )
        _acknowledge_access(health, "Says that the service is up, and nothing else.")
        _acknowledge_access(rest, "Callers are machines with an API key of their own.")

    def _add_refusals(self) -> None:
        for name, (kind, status, code, message) in _REFUSALS.items():
            error = {"error": {"code": code, "message": message, "details": []}}
            self.api.add_gateway_response(
                name,
                type=kind,
                status_code=status,
                templates={"application/json": json.dumps(error)},
            )

    def _add_usage_plan(self, config: Config) -> apigateway.IApiKey:
        plan = self.api.add_usage_plan(
            "UsagePlan",
            name=config.prefix,
            throttle=apigateway.ThrottleSettings(
                rate_limit=config.throttle_rate, burst_limit=config.throttle_burst
            ),
            quota=apigateway.QuotaSettings(limit=config.daily_quota, period=apigateway.Period.DAY),
        )
        plan.add_api_stage(stage=self.api.deployment_stage)
        key = self.api.add_api_key("Key")
        plan.add_api_key(key)
        return key

    def _acknowledge(self) -> None:
        acknowledge(
            self.api,
            "AwsSolutions-APIG2",
            reason="The function checks each record against its model's contract and says which "
            "field broke which rule; API Gateway could only say that one did.",
        )
        acknowledge(
            self.api.deployment_stage,
            "AwsSolutions-APIG3",
            reason="A web firewall has a monthly price; throttling, quota and keys bound the use.",
        )
        acknowledge(
            self.api.deployment_stage,
            "AwsSolutions-APIG6",
            reason="Execution logs would go to a group that API Gateway makes by itself and that "
            "is never emptied; the access log says how each request ended.",
        )
        acknowledge(
            self.api.node.find_child("CloudWatchRole"),
            "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/"
            "AmazonAPIGatewayPushToCloudWatchLogs]",
            reason="API Gateway accepts this policy, whole, for the account's one role for logs.",
        )


def _acknowledge_access(method: apigateway.Method, reason: str) -> None:
    for rule in ("AwsSolutions-APIG4", "AwsSolutions-COG4"):
        acknowledge(method, rule, reason=reason)

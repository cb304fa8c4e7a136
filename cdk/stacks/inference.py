"""Inference: the HTTP API and the function that answers it."""

from aws_cdk import CfnOutput
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from cdk.bundling import Package
from cdk.config import Config
from cdk.constructs.api import STAGE_NAME, InferenceApi
from cdk.constructs.capture_stream import CaptureStream
from cdk.constructs.data_bucket import DataBucket, Rights
from cdk.constructs.python_function import FunctionSpec, PythonFunction
from cdk.stacks.base import LoopStack

ALIAS_REFRESH_S = 2
# Below API Gateway's 29 s, so that the function's own answer about slowness comes first.
TIMEOUT_S = 25


class InferenceStack(LoopStack):
    """The endpoint: one function serves every model of the registry by name.

    Attributes
    ----------
    predictor : PythonFunction
    captures : CaptureStream
    api : InferenceApi
    """

    def __init__(
        self,
        scope: Construct,
        *,
        config: Config,
        package: Package,
        data: DataBucket,
    ) -> None:
        super().__init__(
            scope, "inference", config=config, description="the HTTP API and its function"
        )
        self.captures = CaptureStream(self, "Captures", config=config, data=data)
        self.predictor = PythonFunction(
            self,
            "Predictor",
            config=config,
            package=package,
            spec=FunctionSpec(
                handler="lambdas.inference.handler.handler",
                description="Answers predictions and takes feedback",
                memory_mb=config.inference_memory_mb,
                timeout_s=TIMEOUT_S,
                snap_start=config.snap_start,
            ),
            environment={
                "BUCKET": data.bucket.bucket_name,
                "CAPTURE_SHARE": str(config.capture_share),
                "CAPTURE_STREAM": self.captures.name,
                "FALLBACK": str(config.fallback).lower(),
                "ALIAS_REFRESH_S": str(ALIAS_REFRESH_S),
            },
        )
        function = self.predictor.function
        data.grant(
            function,
            Rights(
                reads=(
                    "registry/default.json",
                    "registry/*/aliases/*",
                    "registry/*/versions/*",
                    "bundles/*",
                    "feedback/*",
                ),
                writes=("captured/*", "feedback/*"),
                lists=("registry/*",),
                asks=True,  # a model need not have an alias, nor the registry a default model
            ),
        )
        self.captures.grant_put(function)
        live = lambda_.Alias(
            self,
            "Live",
            alias_name=STAGE_NAME,
            version=function.current_version,
            provisioned_concurrent_executions=config.provisioned or None,
        )
        self.api = InferenceApi(self, "Api", config=config, function=live)
        self._add_outputs()

    def _add_outputs(self) -> None:
        api = self.api.api
        CfnOutput(self, "ApiId", value=api.rest_api_id)
        CfnOutput(self, "ApiStage", value=STAGE_NAME)
        CfnOutput(self, "ApiUrl", value=api.url)
        CfnOutput(self, "ApiKeyId", value=self.api.key.key_id)

"""The managed way of captures: a Firehose stream into the data bucket."""

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesisfirehose as firehose
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from cdk.config import Config
from cdk.constructs.alarms import PERIOD
from cdk.constructs.data_bucket import DataBucket

FOLDER = "captured/"
GATHER_S = 60
"""How long the stream gathers before it writes an object: what the monitor is late by."""
GATHER_MB = 5


class CaptureStream(Construct):
    """Takes records from functions and writes them together, by the hour of their arrival.

    A record that it acknowledged lies in three places, and is tried to be delivered for a day.
    Nothing is paid while nothing is captured.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, config: Config, data: DataBucket
    ) -> None:
        super().__init__(scope, construct_id)
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("firehose.amazonaws.com"))
        data.grant_delivery(role, FOLDER)
        self._stream = firehose.CfnDeliveryStream(
            self,
            "Stream",
            delivery_stream_name=f"{config.prefix}-captures",
            delivery_stream_type="DirectPut",
            delivery_stream_encryption_configuration_input=(
                # Amazon's own key, which costs nothing.
                firehose.CfnDeliveryStream.DeliveryStreamEncryptionConfigurationInputProperty(
                    key_type="AWS_OWNED_CMK"
                )
            ),
            extended_s3_destination_configuration=(
                firehose.CfnDeliveryStream.ExtendedS3DestinationConfigurationProperty(
                    bucket_arn=data.bucket.bucket_arn,
                    role_arn=role.role_arn,
                    prefix=FOLDER + "!{timestamp:yyyy-MM-dd}/!{timestamp:HH}/",
                    # A letter after the slash: readers of hours leave it out.
                    error_output_prefix=FOLDER + "undelivered/!{firehose:error-output-type}/",
                    file_extension=".jsonl",
                    buffering_hints=firehose.CfnDeliveryStream.BufferingHintsProperty(
                        interval_in_seconds=GATHER_S, size_in_m_bs=GATHER_MB
                    ),
                )
            ),
        )
        # Firehose looks whether it may write when it is made.
        self._stream.node.add_dependency(role)

    @property
    def name(self) -> str:
        """The stream's name."""
        return self._stream.ref

    def grant_put(self, function: lambda_.Function) -> None:
        """Let a function put single records."""
        function.add_to_role_policy(
            iam.PolicyStatement(actions=["firehose:PutRecord"], resources=[self._stream.attr_arn])
        )

    def metric_age(self) -> cloudwatch.Metric:
        """Return the age in seconds of the oldest record that was not delivered yet."""
        return cloudwatch.Metric(
            namespace="AWS/Firehose",
            metric_name="DeliveryToS3.DataFreshness",
            dimensions_map={"DeliveryStreamName": self.name},
            statistic=cloudwatch.Stats.MAXIMUM,
            period=PERIOD,
        )

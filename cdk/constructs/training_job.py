"""SageMaker training jobs for candidates that are too large for a function.

A job has no container image of ours: AWS's own image downloads the package of the candidate's
function and runs the job's program in it. Nothing of a job exists, or costs anything, before the
workflow asks for one.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from aws_cdk import ArnFormat, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3_assets as assets
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from cdk.bundling import JOB_PROGRAM, Package, make_job_source
from cdk.config import PROJECT, Config
from cdk.constructs.data_bucket import DataBucket, Rights
from cdk.constructs.rules import acknowledge
from cdk.job_settings import IMAGE_PATTERN

VOLUME_GB: Final = 30
# What the job's program prints, and CloudWatch keeps.
METRICS: Final = tuple(
    {"Name": name, "Regex": rf"{name}=([0-9.e+-]+);"}
    for name in ("cross_validated_loss", "fit_seconds")
)
# https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html
_ARN = "arn:<AWS::Partition>:{}:<AWS::Region>:<AWS::AccountId>"  # as cdk-nag writes it
_LOG_GROUP = "/aws/sagemaker/TrainingJobs"
_PULL = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
_ACTIONS = ("AddTags", "CreateTrainingJob", "DescribeTrainingJob", "ListTags", "StopTrainingJob")
_START_S = 1800  # of waiting for a machine and for the image, before and beyond a job's own time


class TrainingJobs(Construct):
    """What jobs need: their code, their role, and the state that asks for one.

    Attributes
    ----------
    role : aws_cdk.aws_iam.Role
        The role of every job: as much of the data bucket as the candidate's function has.
    timeout_s : int
        How long the state waits for one job.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: Config,
        package: Package,
        data: DataBucket,
        rights: Rights,
        environment: Mapping[str, str],
    ) -> None:
        super().__init__(scope, construct_id)
        self._config = config
        self._data = data
        self._environment = environment
        self._source = assets.Asset(
            self, "Source", path=str(make_job_source(package)), asset_hash=f"job-{package.digest}"
        )
        self.role = self._make_role()
        data.grant_role(self.role, rights)
        # A job on spare machines may wait as long for one as it may then run.
        waits_s = config.job_minutes * 60 if config.job_spot else 0
        self.timeout_s = config.job_minutes * 60 + waits_s + _START_S

    def make_state(self, name: str) -> sfn.CustomState:
        """Make the state that fits ``$.candidate`` as a job and waits until it has ended."""
        task = {
            "Type": "Task",
            "Resource": f"arn:{Stack.of(self).partition}:states:::sagemaker:createTrainingJob.sync",
            "Parameters": self._request(),
            "TimeoutSeconds": self.timeout_s,
        }
        state = sfn.CustomState(self, name, state_json=task)
        # Only what is refused before there is a job is asked for again: a job's name is used once.
        state.add_retry(
            errors=["SageMaker.ResourceLimitExceededException"],
            interval=Duration.minutes(1),
            backoff_rate=1,
            max_attempts=30,
        )
        state.add_retry(
            # The second is any other answer of the API, "rate exceeded" among them.
            errors=["SageMaker.ThrottlingException", "SageMaker.AmazonSageMakerException"],
            interval=Duration.seconds(5),
            backoff_rate=2,
            max_attempts=5,
            jitter_strategy=sfn.JitterType.FULL,
        )
        return state

    def workflow_rights(self) -> list[iam.PolicyStatement]:
        """Return what the workflow's role needs to make jobs and to hear how they end.

        References
        ----------
        https://docs.aws.amazon.com/step-functions/latest/dg/connect-sagemaker.html
        """
        stack = Stack.of(self)
        jobs = stack.format_arn(
            service="sagemaker", resource="training-job", resource_name=f"{self._config.prefix}-*"
        )
        rule = stack.format_arn(
            service="events",
            resource="rule",
            resource_name="StepFunctionsGetEventsForSageMakerTrainingJobsRule",
        )
        return [
            iam.PolicyStatement(
                actions=[f"sagemaker:{action}" for action in _ACTIONS], resources=[jobs]
            ),
            iam.PolicyStatement(
                actions=["iam:PassRole"],
                resources=[self.role.role_arn],
                conditions={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
            ),
            iam.PolicyStatement(
                actions=["events:DescribeRule", "events:PutRule", "events:PutTargets"],
                resources=[rule],
            ),
        ]

    def acknowledge(self, role: iam.Role) -> None:
        """Say why the workflow's role has a pattern among its rights."""
        acknowledge(
            role,
            "AwsSolutions-IAM5[Resource::"
            f"{_ARN.format('sagemaker')}:training-job/{self._config.prefix}-*]",
            reason="A job's name is made when the workflow runs; it begins with the stack's.",
        )

    def _request(self) -> dict[str, object]:
        """Return the request of CreateTrainingJob, with the paths that Step Functions fills in."""
        config = self._config
        spot = {"EnableManagedSpotTraining": True} if config.job_spot else {}
        return {
            # At most 63 letters, digits and hyphens, which an execution's name need not be.
            "TrainingJobName.$": f"States.Format('{config.prefix}-{{}}-{{}}',"
            " States.Hash($$.Execution.Name, 'MD5'), $.candidate)",
            "RoleArn": self.role.role_arn,
            "AlgorithmSpecification": {
                "TrainingImage": self._image(),
                "TrainingInputMode": "File",
                "MetricDefinitions": list(METRICS),
            },
            "HyperParameters": {
                "sagemaker_program": JOB_PROGRAM,
                "sagemaker_submit_directory": self._source.s3_object_url,
                "bucket": self._data.bucket.bucket_name,
                "run_id.$": "$$.Execution.Name",
                "candidate.$": "$.candidate",
            },
            "Environment": dict(self._environment),
            "OutputDataConfig": {
                "S3OutputPath.$": f"States.Format('s3://{self._data.bucket.bucket_name}/runs/{{}}"
                "/candidates/{}/job', $$.Execution.Name, $.candidate)"
            },
            "ResourceConfig": {
                "InstanceCount": 1,
                "InstanceType": config.job_instance,
                "VolumeSizeInGB": VOLUME_GB,
            },
            "StoppingCondition": self._stopping_condition(),
            **spot,
            # The job reads and writes the data bucket itself, as the function does.
            "EnableNetworkIsolation": False,
            "Tags": [
                {"Key": "project", "Value": PROJECT},
                {"Key": "stage", "Value": config.stage},
                {"Key": "run", "Value.$": "$$.Execution.Name"},
                {"Key": "candidate", "Value.$": "$.candidate"},
            ],
        }

    def _stopping_condition(self) -> dict[str, int]:
        runs_s = self._config.job_minutes * 60
        waits = {"MaxWaitTimeInSeconds": 2 * runs_s} if self._config.job_spot else {}
        return {"MaxRuntimeInSeconds": runs_s, **waits}

    def _image(self) -> str:
        return self._config.job_image.replace("{region}", Stack.of(self).region)

    def _make_role(self) -> iam.Role:
        """Make the role: it may read the code, pull the image, and tell how it goes."""
        stack = Stack.of(self)
        role = iam.Role(
            self,
            "Role",
            description="Fits one candidate as a SageMaker training job",
            assumed_by=iam.ServicePrincipal(
                "sagemaker.amazonaws.com",
                conditions={"StringEquals": {"aws:SourceAccount": stack.account}},
            ),
        )
        code = self._source.bucket.arn_for_objects(self._source.s3_object_key)
        group = stack.format_arn(
            service="logs",
            resource="log-group",
            resource_name=_LOG_GROUP,
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        ours = f"{self._config.prefix}-*"
        _allow(role, ["s3:GetObject"], code)
        _allow(role, list(_PULL), self._repository())
        _allow(role, ["logs:CreateLogGroup", "logs:DescribeLogStreams"], group)
        _allow(role, ["logs:CreateLogStream", "logs:PutLogEvents"], f"{group}:log-stream:{ours}")
        # Neither metrics nor the image registry's token know resources.
        namespace = {"StringEquals": {"cloudwatch:namespace": _LOG_GROUP}}
        _allow(role, ["cloudwatch:PutMetricData"], "*", conditions=namespace)
        _allow(role, ["ecr:GetAuthorizationToken"], "*")
        for resource in ("*", f"{_ARN.format('logs')}:log-group:{_LOG_GROUP}:log-stream:{ours}"):
            acknowledge(
                role,
                f"AwsSolutions-IAM5[Resource::{resource}]",
                reason="Metrics and the registry's token know no resources; a job's log streams "
                "begin with its name, which is made when it runs.",
            )
        return role

    def _repository(self) -> str:
        found = IMAGE_PATTERN.fullmatch(self._config.job_image)
        assert found is not None  # noqa: S101 - the setting's reader has matched it
        stack = Stack.of(self)
        return stack.format_arn(
            service="ecr",
            region=found["region"].replace("{region}", stack.region),
            account=found["account"],
            resource="repository",
            resource_name=found["repository"],
        )


def _allow(
    role: iam.Role,
    actions: Sequence[str],
    resource: str,
    *,
    conditions: Mapping[str, object] | None = None,
) -> None:
    role.add_to_policy(
        iam.PolicyStatement(
            actions=list(actions), resources=[resource], conditions=dict(conditions or {})
        )
    )

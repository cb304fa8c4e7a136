"""Batch: the functions and the workflow that score whole files from the data bucket."""

from aws_cdk import CfnOutput
from constructs import Construct

from cdk.bundling import Package
from cdk.config import Config
from cdk.constructs.batch_workflow import BatchFunctions, BatchWorkflow
from cdk.constructs.data_bucket import DataBucket, Rights
from cdk.constructs.python_function import FunctionSpec, PythonFunction
from cdk.stacks.base import LoopStack

# Files that may be scored: those that were sent for it, and those that were trained on.
_FILES = ("batch/files/*", "raw/*")
_JOB = "batch/jobs/*/job.json"
_PLANS = "batch/jobs/*/plans/*"
# What is created only where nothing is is read too, to tell a lost answer from a conflict.
_PARTS = ("batch/jobs/*/parts/*", "batch/jobs/*/counts/*")
_FAULTS = "batch/jobs/*/faults/*"


class BatchStack(LoopStack):
    """Plan, score, finish, and the state machine over them; nothing runs, or costs, without a job.

    Attributes
    ----------
    workflow : BatchWorkflow
    """

    def __init__(
        self, scope: Construct, *, config: Config, package: Package, data: DataBucket
    ) -> None:
        super().__init__(scope, "batch", config=config, description="scoring of whole files")
        self._config = config
        self._package = package
        self._data = data
        functions = BatchFunctions(
            plan=self._function(
                FunctionSpec(
                    handler="lambdas.batch.plan.handler",
                    description="Cuts a stretch of a file into shards",
                    memory_mb=1024,
                    timeout_s=900,
                ),
                # The next stretch may not have been cut yet: that is asked.
                Rights(reads=(*_FILES, "bundles/*", _JOB, _PLANS), writes=(_PLANS,), asks=True),
            ),
            score=self._function(
                FunctionSpec(
                    handler="lambdas.batch.score.handler",
                    description="Scores one shard of a file",
                    memory_mb=1769,  # one core
                    timeout_s=900,
                    disk_mb=2048,  # the row groups of a shard of Parquet
                ),
                Rights(
                    reads=(*_FILES, "bundles/*", _JOB, _PLANS, *_PARTS),
                    writes=(*_PARTS, _FAULTS),
                    asks=True,
                ),
            ),
            finish=self._function(
                FunctionSpec(
                    handler="lambdas.batch.finish.handler",
                    description="Counts what was scored, and lists what was not",
                    memory_mb=512,
                    timeout_s=900,
                ),
                Rights(
                    reads=(_PLANS, "batch/jobs/*/counts/*", _FAULTS),
                    writes=("batch/jobs/*/report.json",),
                    lists=("batch/jobs/*/plans/",),
                    asks=True,
                ),
            ),
        )
        self.workflow = BatchWorkflow(self, "Batch", config=config, functions=functions)
        CfnOutput(self, "BatchStateMachineArn", value=self.workflow.state_machine.state_machine_arn)

    def _function(self, spec: FunctionSpec, rights: Rights) -> PythonFunction:
        name = spec.handler.split(".")[-2].capitalize()
        function = PythonFunction(
            self,
            name,
            config=self._config,
            package=self._package,
            spec=spec,
            environment={"BUCKET": self._data.bucket.bucket_name},
        )
        self._data.grant(function.function, rights)
        return function

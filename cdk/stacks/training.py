"""Training: the workflow from a landed file to a promoted model, and what starts it."""

from collections.abc import Mapping
from typing import Required, TypedDict

from aws_cdk import CfnOutput, Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk.bundling import Package, PackageName
from cdk.config import Config
from cdk.constructs.data_bucket import DataBucket, Rights
from cdk.constructs.python_function import FunctionSpec, PythonFunction
from cdk.constructs.training_job import TrainingJobs
from cdk.constructs.workflow import StepFunctions, TrainingWorkflow
from cdk.stacks.base import LoopStack
from core.arithmetic import pinned_variables


class _Limits(TypedDict, total=False):
    memory_mb: Required[int]
    timeout_s: Required[int]
    disk_mb: int


# By package: a new AWS account allows a function 3008 MB at most.
_LIMITS: dict[PackageName, _Limits] = {
    "tables": {"memory_mb": 2048, "timeout_s": 600, "disk_mb": 2048},
    "fit": {"memory_mb": 3008, "timeout_s": 900},
    "evaluate": {"memory_mb": 2048, "timeout_s": 600},
    "control": {"memory_mb": 512, "timeout_s": 60},
}

# Packages whose numbers decide what a bundle holds.
_COMPUTES: tuple[PackageName, ...] = ("tables", "fit", "evaluate")
# What fitting a candidate reads and writes, in a function or in a job.
_FIT = Rights(
    reads=("runs/*/spec.json", "runs/*/split.npz"),
    writes=("runs/*/candidates/*", "runs/*/times/candidate-*.json"),
)
# What a promotion writes.
_PROMOTION = (
    "registry/*/aliases/champion.json",
    "registry/*/history/champion/*",
    "registry/default.json",
)


class TrainingStack(LoopStack):
    """The steps' functions, the state machine, and the rule that starts it.

    Attributes
    ----------
    workflow : TrainingWorkflow
    """

    def __init__(
        self,
        scope: Construct,
        *,
        config: Config,
        packages: Mapping[PackageName, Package],
        data: DataBucket,
        dead_letters: sqs.IQueue,
    ) -> None:
        super().__init__(scope, "training", config=config, description="the training workflow")
        self._config = config
        self._packages = packages
        self._data = data
        self.workflow = TrainingWorkflow(
            self, "Workflow", config=config, steps=self._make_steps(), jobs=self._make_jobs()
        )
        self._start_on_landing(dead_letters)
        CfnOutput(self, "StateMachineArn", value=self.workflow.state_machine.state_machine_arn)

    @property
    def _arithmetic(self) -> dict[str, str]:
        """The variables with which any machine of the architecture computes the same numbers."""
        return pinned_variables(self._config.architecture)

    def _make_steps(self) -> StepFunctions:
        """Make one function a step, each with rights to the keys that it reads and writes."""
        return StepFunctions(
            validate=self._step(
                "validate", "tables", "Checks a landed file against its contract",
                # A file or a contract that is not there is a reason to reject, not a fault.
                Rights(reads=("raw/*", "contracts/*"), asks=True,
                       writes=("datasets/*", "quarantine/*", "runs/*/request.json",
                               "runs/*/spec.json", "runs/*/times/validate.json")),
            ),
            split=self._step(
                "split", "tables", "Splits a dataset version once for all candidates",
                Rights(reads=("datasets/*", "runs/*/spec.json"),
                       writes=("runs/*/data.json", "runs/*/split.npz", "runs/*/times/split.json")),
            ),
            candidate=self._step(
                "candidate", "fit", "Fits one candidate and exports it to ONNX", _FIT,
            ),
            evaluate=self._step(
                "evaluate", "evaluate", "Judges the best candidate and publishes it",
                # The champion, if there is one, is judged on the same holdout.
                Rights(reads=("runs/*/spec.json", "runs/*/data.json", "runs/*/split.npz",
                              "runs/*/candidates/*", "bundles/*",
                              "registry/*/aliases/champion.json", "registry/*/versions/*"),
                       writes=("runs/*/evaluation.json", "runs/*/report.json", "bundles/*",
                               "runs/*/times/evaluate.json"),
                       asks=True),
            ),
            gate=self._step(
                "gate", "control", "Compares the candidate with the champion",
                Rights(reads=("runs/*/spec.json", "runs/*/data.json", "runs/*/evaluation.json"),
                       writes=("runs/*/gate.json",)),  # and times/gate.json: * crosses folders
            ),
            register=self._step(
                "register", "control", "Gives a bundle the next version number",
                Rights(reads=("runs/*/data.json", "runs/*/evaluation.json",
                              "registry/*/versions/*"),
                       writes=("registry/*/versions/*", "runs/*/times/register.json"),
                       lists=("registry/*/versions/",)),
            ),
            promote=self._step(
                "promote", "control", "Makes a model version the champion",
                # The first time there is neither a champion nor a default model.
                Rights(reads=("runs/*/data.json", "runs/*/evaluation.json",
                              "registry/*/versions/*", *_PROMOTION),
                       writes=(*_PROMOTION, "runs/*/times/promote.json"), asks=True,
                       lists=("registry/*/versions/", "registry/*/history/champion/")),
            ),
            record=self._step(
                "record", "control", "Records how a run ended",
                Rights(writes=("runs/*/outcome.json",)),
            ),
        )  # fmt: skip

    def _make_jobs(self) -> TrainingJobs | None:
        """Make what training jobs need, where there are any."""
        if not self._config.job_cells:
            return None
        return TrainingJobs(
            self,
            "Jobs",
            config=self._config,
            package=self._packages["fit"],
            data=self._data,
            rights=_FIT,
            environment=self._arithmetic,
        )

    def _step(
        self, name: str, package: PackageName, description: str, rights: Rights
    ) -> PythonFunction:
        step = PythonFunction(
            self,
            name.capitalize(),
            config=self._config,
            package=self._packages[package],
            spec=FunctionSpec(
                handler=f"lambdas.steps.{name}.handler",
                description=description,
                **_LIMITS[package],
            ),
            environment={
                "BUCKET": self._data.bucket.bucket_name,
                **(self._arithmetic if package in _COMPUTES else {}),
            },
        )
        self._data.grant(step.function, rights)
        return step

    def _start_on_landing(self, dead_letters: sqs.IQueue) -> None:
        bucket = self._data.bucket.bucket_name
        events.Rule(
            self,
            "FileLanded",
            description="A file landed under raw/: train on it",
            event_pattern=events.EventPattern(
                source=["aws.s3"],
                detail_type=["Object Created"],
                detail={"bucket": {"name": [bucket]}, "object": {"key": [{"prefix": "raw/"}]}},
            ),
            targets=[
                targets.SfnStateMachine(
                    self.workflow.state_machine,
                    input=events.RuleTargetInput.from_object(
                        {"raw_key": events.EventField.from_path("$.detail.object.key")}
                    ),
                    dead_letter_queue=as_given(self, dead_letters),
                    retry_attempts=8,
                    max_event_age=Duration.hours(2),
                )
            ],
        )


def as_given(scope: Construct, queue: sqs.IQueue) -> sqs.IQueue:
    """Return a queue as one whose policy is not ours to change.

    The queue's own stack lets the deployment's rules write to it. A policy that named each rule
    would make that stack depend on the stacks that depend on it.
    """
    return sqs.Queue.from_queue_arn(scope, "GivenDeadLetters", queue.queue_arn)

"""The training workflow: a Step Functions state machine over the steps' functions."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from aws_cdk import Duration
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from cdk.config import Config
from cdk.constructs.python_function import PythonFunction
from cdk.constructs.removal import make_workflow_log_group
from cdk.constructs.training_job import TrainingJobs
from cdk.constructs.workflow_role import make_workflow_role

CANDIDATES_AT_ONCE = 3
JOB_WAVES = 2  # five candidates, three at once
WORKFLOW_TIMEOUT_S = 2 * 3600
# How much longer a state waits than its function may run, so that Lambda's own answer comes first.
_SLACK_S = 30

TRANSIENT = [
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
    "UnavailableError",
]
"""Faults that pass by themselves. Lambda names an exception by its class."""

# How it ends when a function's memory or time was too small; a name that Lambda does not give the
# fault any more is in nobody's way.
# https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
_TOO_SMALL = [
    "Lambda.Unknown",
    "MemoryError",
    "Runtime.ExitError",
    "Runtime.OutOfMemory",
    "Sandbox.Timedout",
    "States.Timeout",
]
_RUN_ID = "$$.Execution.Name"
_FAILURE = "$.failure"
# The execution's whole input: the first step knows what may be in it and what is meant without it.
_REQUEST = "$$.Execution.Input"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFunctions:
    """The functions that the workflow's states call."""

    validate: PythonFunction
    split: PythonFunction
    candidate: PythonFunction
    evaluate: PythonFunction
    gate: PythonFunction
    register: PythonFunction
    promote: PythonFunction
    record: PythonFunction


class TrainingWorkflow(Construct):
    """From a landed file to a promoted model, or to a recorded reason why not.

    What the business may decide (a rejected file, a refused candidate) is a result with a Choice;
    what breaks is an error, caught wherever it happens, recorded as a failed run, and ends the
    execution as failed.

    Attributes
    ----------
    state_machine : aws_cdk.aws_stepfunctions.StateMachine
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: Config,
        steps: StepFunctions,
        jobs: TrainingJobs | None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._steps = steps
        self._jobs = jobs
        self._config = config
        self._record_failure = self._make_failure_end()
        functions = [getattr(steps, field.name).function for field in fields(steps)]
        role = make_workflow_role(self, functions=functions, jobs=jobs)
        self.state_machine = sfn.StateMachine(
            self,
            "StateMachine",
            definition_body=sfn.DefinitionBody.from_chainable(self._definition()),
            # Its own additions would cover versions of the functions, which there are none of.
            role=role.without_policy_updates(),
            comment="validate, split, try candidates, evaluate, gate, register, promote",
            timeout=Duration.seconds(
                WORKFLOW_TIMEOUT_S + (JOB_WAVES * jobs.timeout_s if jobs else 0)
            ),
            tracing_enabled=True,
            logs=sfn.LogOptions(
                destination=make_workflow_log_group(self, "Logs", config=config),
                level=sfn.LogLevel.ALL,
                include_execution_data=False,
            ),
        )

    def _definition(self) -> sfn.IChainable:
        train = (
            self._task("Split", self._steps.split, "$.split", _with_run(
                {"dataset": "$.validate.dataset", "version": "$.validate.version"}))
            .next(self._candidates())
            .next(self._task("Evaluate", self._steps.evaluate, "$.evaluate", _with_run({})))
            .next(self._task("Gate", self._steps.gate, "$.gate", _with_run({})))
            .next(self._after_gate())
        )  # fmt: skip
        accepted = (
            sfn.Choice(self, "Data accepted?")
            .when(sfn.Condition.string_equals("$.validate.status", "rejected"),
                  self._end("Rejected", reason="$.validate.reason"))
            .otherwise(train)
        )  # fmt: skip
        validate = self._task("Validate", self._steps.validate, "$.validate", _with_run(
            {"request": _REQUEST}))  # fmt: skip
        return validate.next(accepted)

    def _candidates(self) -> sfn.Map:
        """Try the candidates side by side; each writes its result under the run's keys."""
        size = {"cells.$": "$.split.cells"} if self._jobs else {}
        candidates = sfn.Map(
            self,
            "Candidates",
            items_path="$.split.candidates",
            item_selector={"candidate.$": "$$.Map.Item.Value", **size},
            max_concurrency=CANDIDATES_AT_ONCE,
            result_path=sfn.JsonPath.DISCARD,
        )
        function = self._task("Candidate", self._steps.candidate, None,
                              _with_run({"candidate": "$.candidate"}), caught=False)  # fmt: skip
        candidates.item_processor(self._by_size(function, self._jobs) if self._jobs else function)
        candidates.add_catch(self._record_failure, errors=["States.ALL"], result_path=_FAILURE)
        return candidates

    def _by_size(self, function: tasks.LambdaInvoke, jobs: TrainingJobs) -> sfn.Choice:
        """Fit in a function what fits into one, and as a job what does not, or did not.

        A job that ends badly is a candidate that failed: the others may still make a good model.
        """
        job = jobs.make_state("Candidate job")
        failed = self._task("Candidate failed", self._steps.candidate, None, _with_run(
            {"candidate": "$.candidate", "failure": _FAILURE}), caught=False)  # fmt: skip
        job.add_catch(failed, errors=["States.ALL"], result_path=_FAILURE)
        function.add_catch(job, errors=_TOO_SMALL, result_path="$.too_small")
        too_large = sfn.Condition.number_greater_than("$.cells", self._config.job_cells)
        return (
            sfn.Choice(self, "Too large for a function?").when(too_large, job).otherwise(function)
        )

    def _after_gate(self) -> sfn.Choice:
        promote = (
            self._task("Register", self._steps.register, "$.register", _with_run({}))
            .next(self._task("Promote", self._steps.promote, "$.promote", _with_run(
                {"version": "$.register.version"})))
            .next(self._end("Promoted"))
        )  # fmt: skip
        return (
            sfn.Choice(self, "Gate passed?")
            .when(sfn.Condition.boolean_equals("$.gate.passed", value=True), promote)
            .otherwise(self._end("Refused", reason="$.gate.reason"))
        )

    def _end(self, outcome: str, *, reason: str = "") -> sfn.Chain:
        """Record how the run ended, and end well."""
        record = self._task(
            f"Record {outcome.lower()}",
            self._steps.record,
            "$.record",
            _with_run({"outcome": outcome.lower(), "reason": reason}),
        )
        return record.next(sfn.Succeed(self, outcome))

    def _make_failure_end(self) -> tasks.LambdaInvoke:
        """Record that the run failed, and fail; fail just so if even that cannot be recorded."""
        failed = sfn.Fail(
            self, "Failed", error_path=f"{_FAILURE}.Error", cause_path=f"{_FAILURE}.Cause"
        )
        record = self._task(
            "Record failure",
            self._steps.record,
            "$.record",
            _with_run({"outcome": "failed", "reason": _FAILURE}),
            caught=False,
        )
        record.next(failed)
        record.add_catch(failed, errors=["States.ALL"], result_path="$.unrecorded")
        return record

    def _task(
        self,
        name: str,
        step: PythonFunction,
        result_path: str | None,
        payload: Mapping[str, str],
        *,
        caught: bool = True,
    ) -> tasks.LambdaInvoke:
        task = tasks.LambdaInvoke(
            self,
            name,
            lambda_function=step.function,
            payload=sfn.TaskInput.from_object({
                key: sfn.JsonPath.string_at(value) if value.startswith("$") else value
                for key, value in payload.items()
            }),
            payload_response_only=True,
            result_path=result_path,
            retry_on_service_exceptions=False,  # the retries below include them
            task_timeout=sfn.Timeout.duration(Duration.seconds(step.spec.timeout_s + _SLACK_S)),
        )  # fmt: skip
        task.add_retry(
            errors=TRANSIENT,
            interval=Duration.seconds(2),
            backoff_rate=2,
            max_attempts=4,
            jitter_strategy=sfn.JitterType.FULL,
        )
        if caught:
            task.add_catch(self._record_failure, errors=["States.ALL"], result_path=_FAILURE)
        return task


def _with_run(payload: Mapping[str, str]) -> dict[str, str]:
    return {"run_id": _RUN_ID, **payload}

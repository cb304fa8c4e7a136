"""The batch workflow: a file is cut, its shards are scored side by side, the parts are counted."""

import json
from dataclasses import dataclass

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from cdk.config import Config
from cdk.constructs.python_function import PythonFunction
from cdk.constructs.removal import make_workflow_log_group
from cdk.constructs.rules import acknowledge
from cdk.constructs.workflow import TRANSIENT
from cdk.constructs.workflow_role import make_workflow_role

TIMEOUT_S = 24 * 3600
_SLACK_S = 30  # how much longer a state waits than its function may run
_JOB = "$$.Execution.Input.job"
_FAILURE = "$.failure"


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchFunctions:
    """The functions that the workflow's states call."""

    plan: PythonFunction
    score: PythonFunction
    finish: PythonFunction


class BatchWorkflow(Construct):
    """Plan a stretch, score its shards, go on with the next stretch, finish.

    A shard that cannot be scored is noted, and the others go on; the report lists it, and the
    execution ends as failed. The map has items in its input and no results to write, no batches
    and no tolerated failures: what every target does in the same way.

    Attributes
    ----------
    state_machine : aws_cdk.aws_stepfunctions.StateMachine
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, config: Config, functions: BatchFunctions
    ) -> None:
        super().__init__(scope, construct_id)
        self._config = config
        self._functions = functions
        self._failed = self._make_failure_end()
        role = make_workflow_role(
            self,
            functions=[
                each.function for each in (functions.plan, functions.score, functions.finish)
            ],
            jobs=None,
        )
        self.state_machine = sfn.StateMachine(
            self,
            "StateMachine",
            definition_body=sfn.DefinitionBody.from_chainable(self._definition()),
            # Its own additions would cover versions of the functions, which there are none of.
            role=role.without_policy_updates(),
            comment="cut a file into shards, score them, count the parts",
            timeout=Duration.seconds(TIMEOUT_S),
            tracing_enabled=True,
            logs=sfn.LogOptions(
                destination=make_workflow_log_group(self, "Logs", config=config),
                level=sfn.LogLevel.ALL,
                include_execution_data=False,
            ),
        )
        self._let_it_run_shards(role)

    def _definition(self) -> sfn.IChainable:
        begin = sfn.Pass(
            self, "Begin", result=sfn.Result.from_object({"first": -1}), result_path="$.plan"
        )
        plan = self._task("Plan", self._functions.plan, "$.plan",
                          {"job": _JOB, "after": "$.plan.first"})  # fmt: skip
        more = (
            sfn.Choice(self, "More of the file?")
            .when(sfn.Condition.boolean_equals("$.plan.more", value=True), plan)
            .otherwise(self._finish())
        )
        plan.next(self._shards()).next(more)
        return begin.next(plan)

    def _shards(self) -> sfn.DistributedMap:
        shards = sfn.DistributedMap(
            self,
            "Shards",
            items_path="$.plan.numbers",
            item_selector={
                "job.$": _JOB,
                "first.$": "$.plan.first",
                "number.$": "$$.Map.Item.Value",
            },
            max_concurrency=self._config.batch_at_once,
            result_path=sfn.JsonPath.DISCARD,
        )
        which = {name: f"$.{name}" for name in ("job", "first", "number")}
        score = self._task("Score", self._functions.score, "$", which, caught=False)
        note = self._task("Note failure", self._functions.score, "$",
                          {**which, "failure": _FAILURE}, caught=False)  # fmt: skip
        unnoted = sfn.Pass(self, "Not even noted", result=sfn.Result.from_object({}))
        score.add_catch(note, errors=["States.ALL"], result_path=_FAILURE)
        note.add_catch(unnoted, errors=["States.ALL"])
        shards.item_processor(score)
        shards.add_catch(self._failed, errors=["States.ALL"], result_path=_FAILURE)
        return shards

    def _finish(self) -> sfn.IChainable:
        complete = sfn.Condition.string_equals("$.report.state", "complete")
        incomplete = sfn.Fail(
            self,
            "Incomplete",
            error="Incomplete",
            cause="Some shards were not scored: report.json lists them.",
        )
        finish = self._task("Finish", self._functions.finish, "$.report", {"job": _JOB})
        return finish.next(
            sfn.Choice(self, "All scored?")
            .when(complete, sfn.Succeed(self, "Complete"))
            .otherwise(incomplete)
        )

    def _make_failure_end(self) -> tasks.LambdaInvoke:
        """Write why the file was not scored, and fail; fail just so if that cannot be written."""
        failed = sfn.Fail(
            self, "Failed", error_path=f"{_FAILURE}.Error", cause_path=f"{_FAILURE}.Cause"
        )
        record = self._task(
            "Record failure",
            self._functions.finish,
            "$.report",
            {"job": _JOB, "failure": _FAILURE},
            caught=False,
        )
        record.next(failed)
        record.add_catch(failed, errors=["States.ALL"], result_path="$.unrecorded")
        return record

    def _task(
        self,
        name: str,
        function: PythonFunction,
        result_path: str,
        payload: dict[str, str],
        *,
        caught: bool = True,
    ) -> tasks.LambdaInvoke:
        task = tasks.LambdaInvoke(
            self,
            name,
            lambda_function=function.function,
            payload=sfn.TaskInput.from_object(
                {key: sfn.JsonPath.string_at(value) for key, value in payload.items()}
            ),
            payload_response_only=True,
            result_path=result_path,
            retry_on_service_exceptions=False,  # the retries below include them
            task_timeout=sfn.Timeout.duration(Duration.seconds(function.spec.timeout_s + _SLACK_S)),
        )
        task.add_retry(
            errors=TRANSIENT,
            interval=Duration.seconds(2),
            backoff_rate=2,
            max_attempts=6,  # many shards at once may wait for one another's functions
            jitter_strategy=sfn.JitterType.FULL,
        )
        if caught:
            task.add_catch(self._failed, errors=["States.ALL"], result_path=_FAILURE)
        return task

    def _let_it_run_shards(self, role: iam.Role) -> None:
        """Let the machine start one execution of itself for each shard.

        https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html
        """
        # CDK's own, which it makes for any role and can attach only to one that it may change.
        self.state_machine.node.try_remove_child("DistributedMapPolicy")
        policy = iam.Policy(self, "ShardsPolicy", roles=[role])
        self.state_machine.grant_start_execution(policy)
        self.state_machine.grant_execution(
            policy, "states:DescribeExecution", "states:StopExecution"
        )
        acknowledge(
            policy,
            f"AwsSolutions-IAM5[Resource::{self._shards_arn()}]",
            reason="The executions of its shards get their names when they are started.",
        )

    def _shards_arn(self) -> str:
        """Return the ARN of all its executions, as cdk-nag writes it."""
        machine = self.state_machine.node.default_child
        assert isinstance(machine, sfn.CfnStateMachine)  # noqa: S101 - what CDK makes
        named = {"Fn::Split": [":", {"Ref": Stack.of(self).get_logical_id(machine)}]}
        name = json.dumps({"Fn::Select": [6, named]}, separators=(",", ":"))
        place = "<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>"
        return f"arn:{place}:execution:{name}:*"

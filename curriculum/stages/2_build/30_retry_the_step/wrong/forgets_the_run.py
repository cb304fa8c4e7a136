"""Wrong: lets the error take the place of the input."""

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

BUSY = ["Lambda.TooManyRequestsException", "Lambda.ServiceException"]


def add_machine(
    scope: Construct, train: lambda_.IFunction, record: lambda_.IFunction
) -> sfn.StateMachine:
    """Add a state machine that trains, and records what it could not."""
    step = tasks.LambdaInvoke(
        scope,
        "Train",
        lambda_function=train,
        payload_response_only=True,
        retry_on_service_exceptions=False,
    )
    write_down = tasks.LambdaInvoke(
        scope, "Record", lambda_function=record, payload_response_only=True
    )
    step.add_retry(errors=BUSY, max_attempts=3, interval=Duration.seconds(2), backoff_rate=2)
    step.add_catch(
        write_down.next(sfn.Fail(scope, "Failed", error="TrainingFailed")),
    )
    body = sfn.DefinitionBody.from_chainable(step)
    return sfn.StateMachine(scope, "Machine", definition_body=body)

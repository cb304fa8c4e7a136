"""A step of the training workflow that may fail."""

from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks


def add_machine(scope, train, record):
    """Add a state machine that trains, and return it.

    train, record  Lambda functions. The machine's input is {"run_id": "…"}; train gets it as it is

    The promise:
        busy      "Lambda.TooManyRequestsException" and "Lambda.ServiceException" pass by
                  themselves: train is tried again, 3 more times, and waits longer each time
        broken    every other error is a fault of ours or of the data and comes back every time: no
                  second try. If it goes on being busy after 4 tries, it is broken too
        recorded  when train is broken, record is called, once, with the run_id and the error:
                  {"run_id": "…", "failure": {"Error": "…", "Cause": "…"}}
        red       the execution then ends as failed: nobody shall take it for a trained model
        green     when train succeeds, the execution succeeds, and record is not called
    """
    step = tasks.LambdaInvoke(
        scope, "Train", lambda_function=train, payload_response_only=True, retry_on_service_exceptions=False
    )
    return sfn.StateMachine(scope, "Machine", definition_body=sfn.DefinitionBody.from_chainable(step))

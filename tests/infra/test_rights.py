"""Every role has the rights that are listed here, and no other."""

import re
from typing import Any, Final, get_args

import pytest

from cdk.config import Stage, Target
from tests.infra.conftest import Resource, Synthesize, Synthesized

Rights = set[tuple[str, str]]

# Every function: its own log group, and traces, which know no resources.
OWN: Final[Rights] = {
    ("logs:CreateLogStream", "<own log group>"),
    ("logs:PutLogEvents", "<own log group>"),
    ("xray:PutTelemetryRecords", "*"),
    ("xray:PutTraceSegments", "*"),
}
IMPORTS: Final = {"DataBucket": "<bucket>", "DeadLetters": "<dead letters>"}
ASKS: Final = ("s3:ListBucket", "without a prefix")


def reads(*keys: str) -> Rights:
    return {("s3:GetObject", key) for key in keys}


def writes(*keys: str) -> Rights:
    return {("s3:PutObject", key) for key in keys}


def lists(*folders: str) -> Rights:
    return {("s3:ListBucket", folder) for folder in folders}


# What is created only where nothing is, or replaced only in a known state, is read as well: so a
# lost answer is told from a conflict (feedback, bundles, versions, and what a promotion writes).
PROMOTION: Final = (
    "registry/*/aliases/champion.json",
    "registry/*/history/champion/*",
    "registry/default.json",
)
# Every step but the last writes down how long it took (the gate too: * crosses folders).
FIT: Final = reads("runs/*/spec.json", "runs/*/split.npz") | writes(
    "runs/*/candidates/*", "runs/*/times/candidate-*.json"
)
FILES: Final = ("batch/files/*", "raw/*")
PARTS: Final = ("batch/jobs/*/parts/*", "batch/jobs/*/counts/*")
RIGHTS: Final[dict[str, Rights]] = {
    # A file or a contract that is not there is a reason to reject, and asked for.
    "Validate": reads("raw/*", "contracts/*")
    | writes("datasets/*", "quarantine/*", "runs/*/request.json", "runs/*/spec.json",
             "runs/*/times/validate.json")
    | {ASKS},
    "Split": reads("datasets/*", "runs/*/spec.json")
    | writes("runs/*/data.json", "runs/*/split.npz", "runs/*/times/split.json"),
    "Candidate": FIT,
    # The champion is judged on the same holdout; there need not be one, hence the question.
    "Evaluate": reads(
        "runs/*/spec.json", "runs/*/data.json", "runs/*/split.npz", "runs/*/candidates/*",
        "registry/*/aliases/champion.json", "registry/*/versions/*", "bundles/*",
    )
    | writes("runs/*/evaluation.json", "runs/*/report.json", "bundles/*",
             "runs/*/times/evaluate.json")
    | {ASKS},
    "Gate": reads("runs/*/spec.json", "runs/*/data.json", "runs/*/evaluation.json")
    | writes("runs/*/gate.json"),
    "Register": reads("runs/*/data.json", "runs/*/evaluation.json", "registry/*/versions/*")
    | writes("registry/*/versions/*", "runs/*/times/register.json")
    | lists("registry/*/versions/"),
    # At first there is no champion and no default model, hence the question.
    "Promote": reads(
        "runs/*/data.json", "runs/*/evaluation.json", "registry/*/versions/*", *PROMOTION
    )
    | writes(*PROMOTION, "runs/*/times/promote.json")
    | lists("registry/*/versions/", "registry/*/history/champion/")
    | {ASKS},
    "Record": writes("runs/*/outcome.json"),
    # Serves every model of the registry; a name that is not there is asked for.
    "Predictor": reads(
        "registry/default.json", "registry/*/aliases/*", "registry/*/versions/*", "bundles/*",
        "feedback/*",
    )
    | writes("captured/*", "feedback/*")
    | lists("registry/*")
    | {ASKS, ("firehose:PutRecord", "<CapturesStream>")},
    # A model that was registered and never promoted has no champion, hence the question.
    "Monitor": reads(
        "registry/*/aliases/champion.json", "registry/*/versions/*", "bundles/*", "captured/*",
        "feedback/*",
    )
    | writes("monitor/*")
    | lists("registry/*", "captured/*", "feedback/*")
    | {ASKS, ("sqs:SendMessage", "<dead letters>")},
    # What was not cut or scored yet is asked for.
    "Plan": reads(*FILES, "bundles/*", "batch/jobs/*/job.json", "batch/jobs/*/plans/*")
    | writes("batch/jobs/*/plans/*")
    | {ASKS},
    "Score": reads(*FILES, "bundles/*", "batch/jobs/*/job.json", "batch/jobs/*/plans/*", *PARTS)
    | writes(*PARTS, "batch/jobs/*/faults/*")
    | {ASKS},
    "Finish": reads("batch/jobs/*/plans/*", "batch/jobs/*/counts/*", "batch/jobs/*/faults/*")
    | writes("batch/jobs/*/report.json")
    | lists("batch/jobs/*/plans/")
    | {ASKS},
}  # fmt: skip
# https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html#using-iam-s3
STREAM: Final[Rights] = {
    *((f"s3:{action}", "captured/*") for action in (
        "AbortMultipartUpload", "GetObject", "PutObject")),
    *((f"s3:{action}", "<bucket>") for action in (
        "GetBucketLocation", "ListBucket", "ListBucketMultipartUploads")),
}  # fmt: skip
# https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html and xray-iam.html
WORKFLOW: Final[Rights] = {
    *(("lambda:InvokeFunction", f"<{step}>") for step in (
        "Candidate", "Evaluate", "Gate", "Promote", "Record", "Register", "Split", "Validate")),
    *((f"logs:{action}", "*") for action in (
        "CreateLogDelivery", "DeleteLogDelivery", "DescribeLogGroups", "DescribeResourcePolicies",
        "GetLogDelivery", "ListLogDeliveries", "PutResourcePolicy", "UpdateLogDelivery")),
    *((f"xray:{action}", "*") for action in (
        "GetSamplingRules", "GetSamplingTargets", "PutTelemetryRecords", "PutTraceSegments")),
}  # fmt: skip
BATCH: Final[Rights] = {right for right in WORKFLOW if right[0] != "lambda:InvokeFunction"} | {
    ("lambda:InvokeFunction", f"<{step}>") for step in ("Plan", "Score", "Finish")
}
# https://docs.aws.amazon.com/step-functions/latest/dg/connect-sagemaker.html
WORKFLOW_WITH_JOBS: Final[Rights] = {
    *((f"sagemaker:{action}", "sagemaker:training-job/closed-loop-{stage}-*") for action in (
        "AddTags", "CreateTrainingJob", "DescribeTrainingJob", "ListTags", "StopTrainingJob")),
    ("iam:PassRole to sagemaker.amazonaws.com", "<JobsRole>"),
    *((f"events:{action}", "events:rule/StepFunctionsGetEventsForSageMakerTrainingJobsRule")
      for action in ("DescribeRule", "PutRule", "PutTargets")),
}  # fmt: skip
# As much of the data bucket as the candidate's function, the code, the image, and its own logs.
JOB: Final[Rights] = FIT | {
    ("s3:GetObject", "<assets>/{digest}.gz"),
    *((f"ecr:{action}", "ecr:repository/pytorch-training") for action in (
        "BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer")),
    ("ecr:GetAuthorizationToken", "*"),
    ("cloudwatch:PutMetricData in /aws/sagemaker/TrainingJobs", "*"),
    *((f"logs:{action}", "logs:log-group:/aws/sagemaker/TrainingJobs") for action in (
        "CreateLogGroup", "DescribeLogStreams")),
    *((f"logs:{action}",
       "logs:log-group:/aws/sagemaker/TrainingJobs:log-stream:closed-loop-{stage}-*")
      for action in ("CreateLogStream", "PutLogEvents")),
}  # fmt: skip


@pytest.fixture(
    params=[(target, stage) for target in get_args(Target) for stage in get_args(Stage)],
    ids="-".join,
)
def deployment(request: pytest.FixtureRequest, synthesize: Synthesize) -> Synthesized:
    target, stage = request.param
    return synthesize(target, stage)


def rights_of(statement: dict[str, Any], function: str) -> Rights:
    """Return a statement as pairs of an action and what it is for."""
    assert statement["Effect"] == "Allow"
    actions = as_list(statement["Action"])
    condition = statement.get("Condition")
    if condition == {"Null": {"s3:prefix": "true"}}:
        return {(action, "without a prefix") for action in actions}
    if condition:
        ((operator, values),) = condition.items()
        ((name, value),) = values.items()
        if operator == "StringLike":
            assert name == "s3:prefix"
            return {(action, one) for action in actions for one in as_list(value)}
        assert operator == "StringEquals"
        words = {"iam:PassedToService": "to", "cloudwatch:namespace": "in"}
        actions = [f"{action} {words[name]} {value}" for action in actions]
    resources = [name_of(one, function) for one in as_list(statement["Resource"])]
    return {(action, one) for action in actions for one in resources}


def name_of(resource: Any, function: str) -> str:  # noqa: ANN401 - a template's value
    """Return a key, or what a template's reference means."""
    if resource == "*":
        return "*"
    if "Fn::Join" in resource:
        first, *rest = resource["Fn::Join"][1]
        if first == "arn:":
            return name_of_arn(rest)
        assert "ExportsOutputFnGetAttDataBucket" in first["Fn::ImportValue"]
        return "".join(rest).removeprefix("/")
    if "Fn::ImportValue" in resource:
        (known,) = (name for name in IMPORTS if name in resource["Fn::ImportValue"])
        return IMPORTS[known]
    logical_id = str(resource.get("Ref") or resource["Fn::GetAtt"][0])
    if logical_id.startswith(f"{function}Logs"):
        return "<own log group>"
    return f"<{re.sub('[0-9A-F]{8}$', '', logical_id.partition('Function')[0])}>"


def name_of_arn(parts: list[Any]) -> str:
    """Return the service and the resource of an ARN, which is this account's or AWS's own."""
    text = "".join(part if isinstance(part, str) else "@" for part in parts)
    _, service, _, _, resource = text.split(":", 4)
    if service == "s3":
        return "<assets>/{digest}" + resource[resource.index(".") :]
    return f"{service}:{resource}"


def as_list(value: Any) -> list[Any]:  # noqa: ANN401 - a template's value
    return value if isinstance(value, list) else [value]


def statements(resource: Resource) -> list[dict[str, Any]]:
    properties = resource["Properties"]
    inline = [policy["PolicyDocument"] for policy in properties.get("Policies", ())]
    documents = inline or [properties["PolicyDocument"]]
    return [statement for document in documents for statement in document["Statement"]]


@pytest.mark.parametrize("function", RIGHTS)
def test_a_function_has_exactly_its_rights(deployment: Synthesized, function: str) -> None:
    (policy,) = (
        resource
        for logical_id, resource in deployment.resources("AWS::IAM::Policy").items()
        if logical_id.startswith(f"{function}RoleDefaultPolicy")
    )
    found = set().union(*(rights_of(one, function) for one in statements(policy)))
    assert found == RIGHTS[function] | OWN


def test_the_stream_has_exactly_its_rights(deployment: Synthesized) -> None:
    (policy,) = (
        resource
        for logical_id, resource in deployment.resources("AWS::IAM::Policy").items()
        if logical_id.startswith("CapturesRole")
    )
    found = set().union(*(rights_of(one, "Captures") for one in statements(policy)))
    assert found == STREAM


def for_stage(rights: Rights, deployment: Synthesized) -> Rights:
    return {(action, one.replace("{stage}", deployment.config.stage)) for action, one in rights}


def test_the_workflow_has_exactly_its_rights(deployment: Synthesized) -> None:
    (role,) = (
        resource
        for logical_id, resource in deployment.resources("AWS::IAM::Role").items()
        if logical_id.startswith("WorkflowRole")
    )
    found = set().union(*(rights_of(one, "Workflow") for one in statements(role)))
    jobs = for_stage(WORKFLOW_WITH_JOBS, deployment) if deployment.config.job_cells else set()
    assert found == WORKFLOW | jobs


def test_the_batch_workflow_has_exactly_its_rights(deployment: Synthesized) -> None:
    (role,) = (
        resource
        for logical_id, resource in deployment.resources("AWS::IAM::Role").items()
        if logical_id.startswith("BatchRole")
    )
    assert set().union(*(rights_of(one, "Batch") for one in statements(role))) == BATCH


def test_the_batch_workflow_may_run_itself_and_no_other(deployment: Synthesized) -> None:
    (policy,) = (
        resource
        for logical_id, resource in deployment.resources("AWS::IAM::Policy").items()
        if logical_id.startswith("BatchShardsPolicy")
    )
    (machine,) = deployment.resources("AWS::StepFunctions::StateMachine", "batch")
    start, watch = statements(policy)
    assert (start["Action"], start["Resource"]) == ("states:StartExecution", {"Ref": machine})
    assert watch["Action"] == ["states:DescribeExecution", "states:StopExecution"]
    *_, name, rest = watch["Resource"]["Fn::Join"][1]
    assert name == {"Fn::Select": [6, {"Fn::Split": [":", {"Ref": machine}]}]}
    assert rest == ":*"


def test_a_job_has_the_candidates_rights_and_what_sagemaker_needs(synthesize: Synthesize) -> None:
    for stage in get_args(Stage):
        deployment = synthesize("aws", stage)
        (policy,) = (
            resource
            for logical_id, resource in deployment.resources("AWS::IAM::Policy").items()
            if logical_id.startswith("JobsRole")
        )
        found = set().union(*(rights_of(one, "Jobs") for one in statements(policy)))
        assert found == for_stage(JOB, deployment)


def test_a_jobs_role_is_for_sagemaker_in_this_account_alone(synthesize: Synthesize) -> None:
    (role,) = (
        resource["Properties"]
        for logical_id, resource in synthesize("aws", "dev").resources("AWS::IAM::Role").items()
        if logical_id.startswith("JobsRole")
    )
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "sagemaker.amazonaws.com"}
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    }


def test_nobody_else_has_rights_but_the_rule_that_starts_the_workflow(
    deployment: Synthesized,
) -> None:
    known = (*RIGHTS, "Captures", *(("Jobs",) if deployment.config.job_cells else ()))
    others = {
        logical_id: policy
        for logical_id, policy in deployment.resources("AWS::IAM::Policy").items()
        if not logical_id.startswith((*(f"{name}Role" for name in known), "BatchShardsPolicy"))
    }
    (policy,) = others.values()
    (statement,) = statements(policy)
    (machine,) = deployment.resources("AWS::StepFunctions::StateMachine", "training")
    assert statement["Action"] == "states:StartExecution"
    assert statement["Resource"] == {"Ref": machine}
    with_inline = {
        logical_id
        for logical_id, role in deployment.resources("AWS::IAM::Role").items()
        if "Policies" in role["Properties"]
    }
    assert len(with_inline) == 2  # of the two workflows


def test_managed_policies_are_only_those_that_services_demand(deployment: Synthesized) -> None:
    managed = {
        logical_id.rstrip("0123456789ABCDEF")
        for logical_id, role in deployment.resources("AWS::IAM::Role").items()
        if role["Properties"].get("ManagedPolicyArns")
    }
    # API Gateway's role for its logs; the role of CDK's own function that empties a bucket.
    emptied = deployment.config.target == "aws" and not deployment.config.is_prod
    helper = {"CustomS3AutoDeleteObjectsCustomResourceProviderRole"} if emptied else set()
    assert managed == {"ApiCloudWatchRole"} | helper

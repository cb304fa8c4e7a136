"""Nothing stands in the templates for show: everything is used by something."""

from collections.abc import Iterator
from typing import Any, get_args

import pytest

from cdk.config import Stage, Target
from tests.infra.conftest import ROOT, STACKS, Synthesize, Synthesized

# What uses a thing of each kind; to be its policy, or to be an output, is no use.
USERS = {
    "AWS::S3::Bucket": {"AWS::Lambda::Function", "AWS::Events::Rule"},
    "AWS::SQS::Queue": {"AWS::Lambda::Function", "AWS::Events::Rule", "AWS::CloudWatch::Alarm"},
    "AWS::SNS::Topic": {"AWS::CloudWatch::Alarm"},
    "AWS::KMS::Key": {"AWS::SNS::Topic"},
    "AWS::Logs::LogGroup": {
        "AWS::Lambda::Function", "AWS::StepFunctions::StateMachine", "AWS::ApiGateway::Stage",
    },
    "AWS::Lambda::Function": {
        "AWS::StepFunctions::StateMachine", "AWS::Lambda::Alias", "AWS::Events::Rule",
        "Custom::S3AutoDeleteObjects",
    },
    "AWS::Lambda::Alias": {"AWS::ApiGateway::Method"},
    "AWS::Lambda::Version": {"AWS::Lambda::Alias"},
    # Training is started by a rule; batch by people, and then by itself, for each shard.
    "AWS::StepFunctions::StateMachine": {"AWS::Events::Rule", "AWS::IAM::Policy"},
    "AWS::IAM::Role": {
        "AWS::Lambda::Function", "AWS::StepFunctions::StateMachine", "AWS::Events::Rule",
        "AWS::ApiGateway::Account", "AWS::KinesisFirehose::DeliveryStream",
    },
    "AWS::KinesisFirehose::DeliveryStream": {"AWS::Lambda::Function"},
    "AWS::CloudWatch::Alarm": {"AWS::CloudWatch::Dashboard"},
    "AWS::ApiGateway::RestApi": {"AWS::ApiGateway::Stage"},
    "AWS::ApiGateway::Stage": {"AWS::ApiGateway::UsagePlan"},
    "AWS::ApiGateway::UsagePlan": {"AWS::ApiGateway::UsagePlanKey"},
    "AWS::ApiGateway::ApiKey": {"AWS::ApiGateway::UsagePlanKey"},
}  # fmt: skip
# What does something by itself, or only says something about another thing.
ACTIVE = {
    "AWS::Events::Rule", "AWS::CloudWatch::Dashboard", "AWS::ApiGateway::Method",
    "AWS::ApiGateway::Account", "AWS::ApiGateway::Deployment", "AWS::ApiGateway::GatewayResponse",
    "AWS::ApiGateway::Resource", "AWS::ApiGateway::UsagePlanKey", "AWS::CDK::Metadata",
    "AWS::IAM::Policy", "AWS::Lambda::Permission", "AWS::S3::BucketPolicy",
    "AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy", "Custom::S3AutoDeleteObjects",
}  # fmt: skip
SENT_BY_SERVICES = {"AWS/Lambda", "AWS/ApiGateway", "AWS/SQS", "AWS/States", "AWS/Firehose"}


@pytest.fixture(
    params=[(target, stage) for target in get_args(Target) for stage in get_args(Stage)],
    ids="-".join,
)
def deployment(request: pytest.FixtureRequest, synthesize: Synthesize) -> Synthesized:
    target, stage = request.param
    return synthesize(target, stage)


def all_resources(deployment: Synthesized) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (stack, logical_id): resource
        for stack in STACKS
        for logical_id, resource in deployment.templates[stack]["Resources"].items()
    }


def references(deployment: Synthesized, stack: str, value: object) -> Iterator[tuple[str, str]]:
    """Yield the stack and the logical id of whatever a template's value refers to."""
    if isinstance(value, list):
        for one in value:
            yield from references(deployment, stack, one)
    if not isinstance(value, dict):
        return
    for name, inner in value.items():
        if name == "Ref" and isinstance(inner, str):
            yield stack, inner
        elif name == "Fn::GetAtt":
            yield stack, inner[0]
        elif name == "Fn::ImportValue":
            yield from exported(deployment, inner)
        else:
            yield from references(deployment, stack, inner)


def exported(deployment: Synthesized, name: str) -> Iterator[tuple[str, str]]:
    for stack in STACKS:
        for output in deployment.templates[stack].get("Outputs", {}).values():
            if output.get("Export", {}).get("Name") == name:
                yield from references(deployment, stack, output["Value"])


def users(deployment: Synthesized) -> dict[tuple[str, str], set[str]]:
    """Return, for each resource, the types of those that refer to it."""
    resources = all_resources(deployment)
    found: dict[tuple[str, str], set[str]] = {place: set() for place in resources}
    for place, resource in resources.items():
        for target in references(deployment, place[0], resource.get("Properties", {})):
            if target in found and target != place:
                found[target].add(resource["Type"])
    return found


def test_everything_is_used_by_what_it_is_for(deployment: Synthesized) -> None:
    resources = all_resources(deployment)
    for place, types in users(deployment).items():
        kind = resources[place]["Type"]
        assert kind in ACTIVE or types & USERS[kind], f"nothing uses {place}"


def test_every_bucket_and_every_dead_letter_queue_is_named_to_its_writers(
    deployment: Synthesized,
) -> None:
    for place, resource in all_resources(deployment).items():
        if resource["Type"] == "AWS::Lambda::Function" and "Environment" in resource["Properties"]:
            assert "BUCKET" in resource["Properties"]["Environment"]["Variables"], place
        if resource["Type"] == "AWS::Events::Rule":
            for target in resource["Properties"]["Targets"]:
                assert target["DeadLetterConfig"], place


def test_every_alarm_watches_what_somebody_sends(deployment: Synthesized) -> None:
    sources = read_sources("core", "lambdas")
    resources = all_resources(deployment)
    for (stack, _), resource in resources.items():
        if resource["Type"] != "AWS::CloudWatch::Alarm":
            continue
        properties = resource["Properties"]
        if properties["Namespace"] == "ClosedLoop":
            assert f'"{properties["MetricName"]}"' in sources
            continue
        assert properties["Namespace"] in SENT_BY_SERVICES
        watched = list(references(deployment, stack, properties["Dimensions"]))
        names = {dimension["Name"] for dimension in properties["Dimensions"]}
        assert watched or names == {"ApiName"}, properties["AlarmName"]


def test_every_execution_that_does_not_succeed_is_watched(deployment: Synthesized) -> None:
    resources = all_resources(deployment)
    machines = {place for place, one in resources.items() if one["Type"].endswith("::StateMachine")}
    watched = {
        (machine, resource["Properties"]["MetricName"])
        for (stack, _), resource in resources.items()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
        for machine in references(deployment, stack, resource["Properties"]["Dimensions"])
        if machine in machines
    }
    endings = ("ExecutionsFailed", "ExecutionsTimedOut")
    assert watched == {(machine, ending) for machine in machines for ending in endings}
    assert len(machines) == 2


def read_sources(*folders: str) -> str:
    files = [file for folder in folders for file in (ROOT / folder).rglob("*.py")]
    return "\n".join(file.read_text() for file in files)

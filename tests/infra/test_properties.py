"""The properties that matter, in every target and stage."""

import json
import re
from typing import Any, get_args

import pytest

from cdk.config import Stage, Target
from tests.infra.conftest import STACKS, Resource, Synthesize, Synthesized

ALARMS = {
    "inference-errors", "inference-latency", "inference-throttles", "api-5xx",
    "training-failures", "dead-letters", "drift", "live-quality", "capture-failures",
    "monitor-errors", "workflow-failures", "workflow-timeouts", "undelivered-captures",
    "batch-failures", "batch-timeouts",
}  # fmt: skip
OUTPUTS = {
    "storage": {"DataBucketName"},
    "training": {"StateMachineArn"},
    "inference": {"ApiId", "ApiStage", "ApiUrl", "ApiKeyId"},
    "monitoring": {"AlarmTopicArn", "MonitorFunctionName"},
}
HANDLERS = {
    "lambdas.steps.validate.handler", "lambdas.steps.split.handler",
    "lambdas.steps.candidate.handler", "lambdas.steps.evaluate.handler",
    "lambdas.steps.gate.handler", "lambdas.steps.register.handler",
    "lambdas.steps.promote.handler", "lambdas.steps.record.handler",
    "lambdas.inference.handler.handler", "lambdas.monitor.handler.handler",
    "lambdas.batch.plan.handler", "lambdas.batch.score.handler", "lambdas.batch.finish.handler",
}  # fmt: skip


DEPLOYMENTS = [(target, stage) for target in get_args(Target) for stage in get_args(Stage)]


@pytest.fixture(params=DEPLOYMENTS, ids="-".join)
def deployment(request: pytest.FixtureRequest, synthesize: Synthesize) -> Synthesized:
    target, stage = request.param
    return synthesize(target, stage)


def only(resources: dict[str, Resource]) -> Resource:
    (resource,) = resources.values()
    return resource


def our_functions(deployment: Synthesized) -> dict[str, Resource]:
    """Return the functions that run our code; CDK's own helper is none of them."""
    return {
        logical_id: resource
        for logical_id, resource in deployment.resources("AWS::Lambda::Function").items()
        if resource["Properties"]["Handler"].startswith("lambdas.")
    }


def statements(resource: Resource) -> list[dict[str, Any]]:
    document = resource["Properties"]["PolicyDocument"]
    return [s | {"Action": as_list(s["Action"])} for s in document["Statement"]]


def as_list(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_rule_packs_find_nothing_when_synthesized(deployment: Synthesized) -> None:
    assert deployment.findings == ()


def test_data_bucket_is_versioned_encrypted_private_and_speaks_when_objects_land(
    deployment: Synthesized,
) -> None:
    properties = only(deployment.resources("AWS::S3::Bucket"))["Properties"]
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert "BucketEncryption" in properties
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert properties["NotificationConfiguration"] == {
        "EventBridgeConfiguration": {"EventBridgeEnabled": True}
    }
    rules = {rule["Id"]: rule for rule in properties["LifecycleConfiguration"]["Rules"]}
    assert rules["captured"]["Prefix"] == "captured/"
    assert rules["runs"]["Prefix"] == "runs/"
    assert "NoncurrentVersionExpiration" in rules["old-versions"]
    assert "AbortIncompleteMultipartUpload" in rules["incomplete-uploads"]


@pytest.mark.parametrize("kind", ["S3::Bucket", "SQS::Queue", "SNS::Topic"])
def test_refuses_plain_http_when_policy_is_read(deployment: Synthesized, kind: str) -> None:
    policies = deployment.resources(f"AWS::{kind}Policy")
    assert len(policies) == len(deployment.resources(f"AWS::{kind}"))
    for policy in policies.values():
        assert any(
            s["Effect"] == "Deny"
            and s["Condition"].get("Bool", {}).get("aws:SecureTransport") == "false"
            for s in statements(policy)
        )


def test_stateful_things_are_kept_when_prod_and_destroyed_when_dev(
    deployment: Synthesized,
) -> None:
    kept = "Retain" if deployment.config.is_prod else "Delete"
    for kind in ("S3::Bucket", "SQS::Queue", "Logs::LogGroup", "KMS::Key"):
        for resource in deployment.resources(f"AWS::{kind}").values():
            assert resource["DeletionPolicy"] == kept
            assert resource["UpdateReplacePolicy"] == kept


def test_stacks_are_protected_when_prod(deployment: Synthesized) -> None:
    manifest = json.loads((deployment.folder / "manifest.json").read_text())
    for stack in STACKS:
        properties = manifest["artifacts"][f"{deployment.config.prefix}-{stack}"]["properties"]
        assert properties.get("terminationProtection", False) is deployment.config.is_prod


def test_objects_are_removed_by_a_function_only_when_dev_on_aws(deployment: Synthesized) -> None:
    expected = deployment.config.target == "aws" and not deployment.config.is_prod
    assert bool(deployment.resources("Custom::S3AutoDeleteObjects")) is expected
    helpers = len(deployment.resources("AWS::Lambda::Function")) - len(our_functions(deployment))
    assert helpers == int(expected)


def test_every_handler_has_one_function(deployment: Synthesized) -> None:
    handlers = [f["Properties"]["Handler"] for f in our_functions(deployment).values()]
    assert sorted(handlers) == sorted(HANDLERS)


def test_every_function_has_its_own_role_and_log_group(deployment: Synthesized) -> None:
    functions = our_functions(deployment).values()
    roles = {json.dumps(f["Properties"]["Role"]) for f in functions}
    groups = {json.dumps(f["Properties"]["LoggingConfig"]["LogGroup"]) for f in functions}
    assert len(roles) == len(groups) == len(functions)


def test_every_log_group_forgets(deployment: Synthesized) -> None:
    for group in deployment.resources("AWS::Logs::LogGroup").values():
        assert group["Properties"]["RetentionInDays"] == deployment.config.log_retention_days


def test_state_machines_log_where_no_policy_fills_up(deployment: Synthesized) -> None:
    for stack in ("training", "batch"):
        (machine,) = deployment.resources("AWS::StepFunctions::StateMachine", stack).values()
        (destination,) = machine["Properties"]["LoggingConfiguration"]["Destinations"]
        group = destination["CloudWatchLogsLogGroup"]["LogGroupArn"]["Fn::GetAtt"][0]
        name = deployment.resources("AWS::Logs::LogGroup", stack)[group]["Properties"][
            "LogGroupName"
        ]
        start, guid = name["Fn::Join"][1]
        assert start.startswith("/aws/vendedlogs/states/")
        # Prod keeps the group of a stack that is gone: a new one must have another name.
        assert guid == {"Fn::Select": [2, {"Fn::Split": ["/", {"Ref": "AWS::StackId"}]}]}


def test_every_alarm_tells_the_topic_when_it_begins_and_ends(deployment: Synthesized) -> None:
    (topic,) = deployment.resources("AWS::SNS::Topic")
    alarms = deployment.resources("AWS::CloudWatch::Alarm")
    names = {alarm["Properties"]["AlarmName"] for alarm in alarms.values()}
    assert names == {f"closed-loop-{deployment.config.stage}-{slug}" for slug in ALARMS}
    for alarm in alarms.values():
        properties = alarm["Properties"]
        assert properties["AlarmActions"] == properties["OKActions"] == [{"Ref": topic}]
        assert properties["Period"] == 60
        assert properties["TreatMissingData"] in {"notBreaching", "ignore"}
        assert "Metrics" not in properties  # no local cloud knows metric math


def test_own_metrics_are_watched_by_stage(deployment: Synthesized) -> None:
    watched = {
        alarm["Properties"]["MetricName"]: alarm["Properties"]["Dimensions"]
        for alarm in deployment.resources("AWS::CloudWatch::Alarm").values()
        if alarm["Properties"]["Namespace"] == "ClosedLoop"
    }
    dimensions = [{"Name": "Stage", "Value": deployment.config.stage}]
    names = ("TrainingFailures", "Drift", "LiveQuality", "CaptureFailures")
    assert watched == dict.fromkeys(names, dimensions)


def test_topic_lets_alarms_of_this_account_publish(deployment: Synthesized) -> None:
    policy = only(deployment.resources("AWS::SNS::TopicPolicy"))
    (statement,) = [s for s in statements(policy) if s["Effect"] == "Allow"]
    assert statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert "aws:SourceAccount" in statement["Condition"]["StringEquals"]


def test_key_is_asked_for_everywhere_but_health(deployment: Synthesized) -> None:
    paths = {
        logical_id: resource["Properties"]["PathPart"]
        for logical_id, resource in deployment.resources("AWS::ApiGateway::Resource").items()
    }
    asked = {
        paths[method["Properties"]["ResourceId"]["Ref"]]: method["Properties"]["ApiKeyRequired"]
        for method in deployment.resources("AWS::ApiGateway::Method").values()
    }
    assert asked == {"health": False, "{proxy+}": True}


def test_api_is_throttled_logged_and_traced(deployment: Synthesized) -> None:
    stage = only(deployment.resources("AWS::ApiGateway::Stage"))["Properties"]
    assert stage["StageName"] == "live"
    assert stage["TracingEnabled"] is True
    assert "body" not in stage["AccessLogSetting"]["Format"].lower()
    assert stage["MethodSettings"][0]["ThrottlingRateLimit"] == deployment.config.throttle_rate
    plan = only(deployment.resources("AWS::ApiGateway::UsagePlan"))["Properties"]
    assert plan["Quota"] == {"Limit": deployment.config.daily_quota, "Period": "DAY"}
    assert plan["Throttle"]["BurstLimit"] == deployment.config.throttle_burst


def test_gateway_words_what_it_refuses_as_the_function_does(deployment: Synthesized) -> None:
    statuses = {}
    for response in deployment.resources("AWS::ApiGateway::GatewayResponse").values():
        properties = response["Properties"]
        statuses[properties["ResponseType"]] = properties.get("StatusCode")
        (template,) = properties["ResponseTemplates"].values()
        error = json.loads(template)["error"]
        assert set(error) == {"code", "message", "details"}
    assert statuses["MISSING_AUTHENTICATION_TOKEN"] == "404"
    # Whatever else goes wrong between gateway and function: 500 and 502 stay what they are.
    assert "DEFAULT_5XX" in statuses
    assert statuses["DEFAULT_5XX"] is None


def test_api_calls_the_published_version(deployment: Synthesized) -> None:
    alias = only(deployment.resources("AWS::Lambda::Alias"))["Properties"]
    assert alias["Name"] == "live"
    (version,) = deployment.resources("AWS::Lambda::Version")
    assert alias["FunctionVersion"] == {"Fn::GetAtt": [version, "Version"]}
    (alias_id,) = deployment.resources("AWS::Lambda::Alias")
    for method in deployment.resources("AWS::ApiGateway::Method").values():
        assert alias_id in json.dumps(method["Properties"]["Integration"]["Uri"])


def test_every_queue_is_written_and_watched(deployment: Synthesized) -> None:
    assert len(deployment.resources("AWS::SQS::Queue")) == 1
    targets = [
        target
        for rule in deployment.resources("AWS::Events::Rule").values()
        for target in rule["Properties"]["Targets"]
    ]
    assert len(targets) == 2
    for target in targets:
        assert "Fn::ImportValue" in target["DeadLetterConfig"]["Arn"]


def test_landed_file_starts_the_workflow_with_its_key(deployment: Synthesized) -> None:
    rule = only(deployment.resources("AWS::Events::Rule", "training"))["Properties"]
    assert rule["EventPattern"]["detail"]["object"] == {"key": [{"prefix": "raw/"}]}
    transformer = rule["Targets"][0]["InputTransformer"]
    ((name, path),) = transformer["InputPathsMap"].items()
    assert path == "$.detail.object.key"
    assert transformer["InputTemplate"] == f'{{"raw_key":<{name}>}}'


def test_outputs_are_the_agreed_ones(deployment: Synthesized) -> None:
    for stack, names in OUTPUTS.items():
        outputs = deployment.templates[stack]["Outputs"]
        assert {name for name in outputs if not name.startswith("ExportsOutput")} == names


def test_everything_taggable_is_tagged(deployment: Synthesized) -> None:
    tagged = list(our_functions(deployment).values())
    for kind in ("AWS::S3::Bucket", "AWS::SNS::Topic", "AWS::SQS::Queue", "AWS::IAM::Role"):
        tagged += [
            resource
            for logical_id, resource in deployment.resources(kind).items()
            if not logical_id.startswith("CustomS3AutoDelete")
        ]
    for resource in tagged:
        tags = {tag["Key"]: tag["Value"] for tag in resource["Properties"]["Tags"]}
        assert tags["project"] == "closed-loop"
        assert tags["stage"] == deployment.config.stage


@pytest.mark.parametrize("stage", get_args(Stage))
def test_local_clouds_get_the_same_templates(synthesize: Synthesize, stage: Stage) -> None:
    assert synthesize("local", stage).templates == synthesize("localstack", stage).templates


def test_predictor_starts_from_a_snapshot_when_prod_on_aws(synthesize: Synthesize) -> None:
    for deployment in (synthesize("aws", "prod"), synthesize("aws", "dev", snap_start="true")):
        restored = [
            function["Properties"]["Handler"]
            for function in our_functions(deployment).values()
            if "SnapStart" in function["Properties"]
        ]
        assert restored == ["lambdas.inference.handler.handler"]
        (function,) = (
            each["Properties"]
            for each in our_functions(deployment).values()
            if "SnapStart" in each["Properties"]
        )
        assert function["SnapStart"] == {"ApplyOn": "PublishedVersions"}
        assert function["EphemeralStorage"] == {"Size": 512}  # SnapStart takes no more
        assert not deployment.findings
        # A warning that a person need not heed hides those that they should.
        report = json.loads((deployment.folder / "validation-report.json").read_text())
        assert not [each for each in report["pluginReports"] if each["violations"]]
        # One version at a time: each one's snapshot is paid for.
        (version,) = deployment.resources("AWS::Lambda::Version").values()
        assert version.get("DeletionPolicy", "Delete") == "Delete"


def test_functions_are_kept_started_when_asked_for(synthesize: Synthesize) -> None:
    deployment = synthesize("aws", "prod", provisioned="2")
    alias = only(deployment.resources("AWS::Lambda::Alias"))["Properties"]
    assert alias["ProvisionedConcurrencyConfig"] == {"ProvisionedConcurrentExecutions": 2}
    for function in our_functions(deployment).values():
        assert "SnapStart" not in function["Properties"]
    assert not deployment.findings


def test_prod_gets_the_same_templates_when_on_aws_but_for_training_jobs(
    synthesize: Synthesize,
) -> None:
    local, aws = synthesize("local", "prod"), synthesize("aws", "prod", snap_start="false")
    assert local.templates == synthesize("aws", "prod", job_cells=0, snap_start="false").templates
    for stack in ("storage", "inference", "batch", "monitoring"):
        assert local.templates[stack] == aws.templates[stack]
    ours, theirs = (each.templates["training"]["Resources"] for each in (local, aws))
    added = {name for name in theirs if name not in ours}
    changed = {name for name in ours if ours[name] != theirs[name]}
    assert {re.sub(r"[0-9A-F]{8}$", "", name) for name in added} == {
        "JobsRole", "JobsRoleDefaultPolicy",
    }  # fmt: skip
    assert {re.sub(r"[0-9A-F]{8}$", "", name) for name in changed} == {
        "WorkflowRole", "WorkflowStateMachine",
    }  # fmt: skip


def test_what_computes_a_bundle_computes_alike_on_any_machine(deployment: Synthesized) -> None:
    for function in our_functions(deployment).values():
        variables = function["Properties"]["Environment"]["Variables"]
        computes = function["Properties"]["Handler"] in {
            f"lambdas.steps.{step}.handler"
            for step in ("validate", "split", "candidate", "evaluate")
        }
        assert ("OPENBLAS_CORETYPE" in variables) is computes

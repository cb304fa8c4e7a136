from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk.config import Config, read_config, setting_names
from cdk.host import Host
from cdk.setting import SettingError

HOST = Host(python="3.11", architecture="arm64")


def read(context: dict[str, object] | None = None, **environment: str) -> Config:
    return read_config(context or {}, environment, host=HOST)


def test_defaults_fit_the_local_machine_when_nothing_is_given() -> None:
    config = read()
    assert (config.target, config.stage) == ("local", "dev")
    assert (config.python, config.architecture) == (HOST.python, HOST.architecture)
    assert config.prefix == "closed-loop-dev"
    assert not config.is_prod


def test_defaults_fit_lambda_when_target_is_aws() -> None:
    config = read({"target": "aws"})
    assert (config.python, config.architecture) == ("3.12", "x86_64")


def test_defaults_fit_this_machine_when_localstack_runs_on_it() -> None:
    config = read({"target": "localstack"})
    assert (config.python, config.architecture) == (HOST.python, HOST.architecture)
    assert config.runs_here


def test_defaults_fit_lambdas_images_when_the_localstack_is_the_persons_own() -> None:
    config = read({"target": "localstack"}, LOOP_LOCALSTACK_ENDPOINT="http://127.0.0.1:4566")
    assert (config.python, config.architecture) == ("3.12", HOST.architecture)
    assert not config.runs_here


def test_a_localstack_of_ones_own_matters_only_to_its_target() -> None:
    for target, runs_here in (("local", True), ("aws", False)):
        config = read({"target": target}, LOOP_LOCALSTACK_ENDPOINT="http://127.0.0.1:4566")
        assert config.runs_here is runs_here


def test_runtime_is_the_running_one_when_aws_can_run_it() -> None:
    host = Host(python="3.13", architecture="arm64")
    assert read_config({"target": "aws"}, {}, host=host).python == "3.13"


def test_prod_keeps_logs_longer_and_has_a_key() -> None:
    config = read({"stage": "prod"})
    assert config.log_retention_days > read().log_retention_days
    assert config.alarm_key


def test_context_wins_when_environment_says_otherwise() -> None:
    assert read({"stage": "prod"}, LOOP_STAGE="dev").stage == "prod"


def test_environment_counts_when_context_is_silent() -> None:
    assert read(LOOP_STAGE="prod", LOOP_LOG_RETENTION_DAYS="30").log_retention_days == 30


def test_numbers_and_flags_are_read_when_context_has_json_types() -> None:
    config = read(
        {"monitor_every_minutes": 1, "capture_share": 0.5, "alarm_key": True, "fallback": True}
    )
    assert config.monitor_every_minutes == 1
    assert config.capture_share == 0.5
    assert config.fallback
    assert config.alarm_key


def test_cannot_be_changed_when_read() -> None:
    with pytest.raises(FrozenInstanceError):
        read().stage = "prod"  # type: ignore[misc]


def test_keys_of_cdk_are_left_alone() -> None:
    context: dict[str, object] = {
        "@aws-cdk/core:stackRelativeExports": True,
        "aws:cdk:enable-path-metadata": True,
        "aws-cdk:enableDiffNoFail": "true",
        "cdk-migrate": True,
    }
    assert read(context) == read()


@pytest.mark.parametrize("key", ["stgae", "Stage", "profile", "LOOP_STAGE"])
def test_rejects_an_unknown_context_key(key: str) -> None:
    with pytest.raises(SettingError, match=rf"^setting {key} \(-c {key}\) is 'x': there is no"):
        read({key: "x"})


def test_rejects_a_misspelt_variable() -> None:
    with pytest.raises(SettingError, match="Did you mean LOOP_STAGE") as refusal:
        read(LOOP_STAEG="prod")
    assert str(refusal.value).startswith("setting staeg (LOOP_STAEG) is 'prod': there is no")


def test_variables_of_other_parts_are_left_alone() -> None:
    others = (
        "LOOP_HOME",
        "LOOP_USER",
        "LOOP_WORKSPACE",
        "LOOP_FUNCTION_PYTHON",
        "LOOP_LOCALSTACK_PYTHON",
    )
    assert read_config({}, dict.fromkeys(others, "x"), host=HOST) == read()


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("target", "gcp", "allowed are local, localstack, aws"),
        ("stage", "production", "allowed are dev, prod"),
        ("region", "Frankfurt", "allowed are names of AWS regions, such as eu-central-1"),
        ("architecture", "amd64", "allowed are arm64, x86_64"),
        ("python", "3.14", "allowed are 3.11, 3.12, 3.13"),
        ("log_retention_days", "8", "allowed are 1, 3, 5, 7, 14"),
        ("monitor_every_minutes", "0", "allowed are whole numbers from 1 to 1440"),
        ("monitor_window_minutes", "1.5", "allowed are whole numbers"),
        ("capture_share", "1.1", "allowed are numbers from 0 to 1"),
        ("throttle_rate", "-1", "allowed are whole numbers from 1 to 10000"),
        ("throttle_burst", "many", "allowed are whole numbers"),
        ("daily_quota", "1e3", "allowed are whole numbers"),
        ("inference_memory_mb", "128", "allowed are whole numbers from 512 to 3008"),
        ("snap_start", "on", "allowed are true, false"),
        ("provisioned", "-1", "allowed are whole numbers from 0 to 1000"),
        ("alarm_key", "yes", "allowed are true, false"),
        ("localstack_endpoint", "4566", "allowed are addresses like http://127.0.0.1:4566"),
    ],
)
def test_rejects_a_value_that_is_not_allowed(name: str, value: str, allowed: str) -> None:
    variable = f"LOOP_{name.upper()}"
    with pytest.raises(SettingError) as refusal:
        read_config({}, {variable: value}, host=HOST)
    message = str(refusal.value)
    assert message.startswith(f"setting {name} ({variable}) is {value!r}: {allowed}")
    assert "\n" not in message


def test_rejects_an_old_runtime_when_target_is_aws() -> None:
    with pytest.raises(SettingError, match=r"need 3\.12 or 3\.13"):
        read({"target": "aws", "python": "3.11"})


@pytest.mark.parametrize(("name", "value"), [("python", "3.12"), ("architecture", "x86_64")])
def test_rejects_another_machine_when_target_is_local(name: str, value: str) -> None:
    with pytest.raises(SettingError, match="runs functions on this machine"):
        read({name: value})


@given(name=st.sampled_from(setting_names()), value=st.text())
def test_any_text_is_read_or_refused_in_one_line(name: str, value: str) -> None:
    message = ""
    try:
        read({name: value})
    except SettingError as refusal:
        message = str(refusal)
    assert len(message.splitlines()) <= 1
    assert message == "" or message.startswith(f"setting {name} (-c {name}) is ")


X86 = Host(python="3.12", architecture="x86_64")


def test_predictor_starts_from_a_snapshot_by_default_when_prod_on_aws() -> None:
    starts = {
        (target, stage): read_config({"target": target, "stage": stage}, {}, host=X86).snap_start
        for target in ("local", "localstack", "aws")
        for stage in ("dev", "prod")
    }
    assert [each for each, snapshot in starts.items() if snapshot] == [("aws", "prod")]
    kept = read_config({"target": "aws", "stage": "prod", "provisioned": "1"}, {}, host=X86)
    assert (kept.snap_start, kept.provisioned) == (False, 1)


@pytest.mark.parametrize(("name", "value"), [("snap_start", "true"), ("provisioned", "1")])
@pytest.mark.parametrize("target", ["local", "localstack"])
def test_rejects_functions_that_are_kept_started_when_not_on_aws(
    target: str, name: str, value: str
) -> None:
    with pytest.raises(SettingError, match="only the target aws keeps functions started"):
        read_config({"target": target, name: value}, {}, host=X86)


def test_rejects_a_snapshot_of_a_function_that_is_kept_started() -> None:
    asked = {"target": "aws", "snap_start": "true", "provisioned": "1"}
    with pytest.raises(SettingError, match="leave one of the two out"):
        read_config(asked, {}, host=X86)


def test_jobs_are_made_on_aws_alone_when_nothing_is_said() -> None:
    config = read_config({"target": "aws"}, {}, host=X86)
    assert (config.job_cells, config.job_instance, config.job_spot) == (
        5_000_000,
        "ml.m5.xlarge",
        False,
    )
    assert "cpu-py312" in config.job_image
    for target in ("local", "localstack"):
        assert read_config({"target": target}, {}, host=X86).job_cells == 0


@pytest.mark.parametrize("given", [{"architecture": "arm64"}, {"python": "3.13"}])
def test_there_are_no_jobs_when_no_known_image_could_run_them(given: dict[str, object]) -> None:
    assert read_config({"target": "aws", **given}, {}, host=X86).job_cells == 0


def test_jobs_run_another_python_when_an_image_is_named() -> None:
    image = "210987654321.dkr.ecr.{region}.amazonaws.com/ours:py313"
    config = read_config({"target": "aws", "python": "3.13", "job_image": image}, {}, host=X86)
    assert (config.job_cells, config.job_image) == (5_000_000, image)


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"target": "local"}, "the target local has no SageMaker training jobs, so only 0 works"),
        ({"target": "aws", "architecture": "arm64"}, "SageMaker's instances for training are x86"),
        ({"target": "aws", "python": "3.13"}, "no image with Python 3.13 and SageMaker's training"),
        ({"target": "aws", "job_image": "python:3.12"}, "allowed are images in ECR with a tag"),
        ({"target": "aws", "job_instance": "m5.large"}, "allowed are SageMaker's instance types"),
        ({"target": "aws", "job_minutes": 1}, "allowed are whole numbers from 5 to 1440"),
    ],
)
def test_rejects_jobs_that_could_not_run(settings: dict[str, object], line: str) -> None:
    with pytest.raises(SettingError, match=line) as refusal:
        read_config({"job_cells": 1, **settings}, {}, host=X86)
    assert "\n" not in str(refusal.value)


def test_no_jobs_can_be_asked_for_anywhere() -> None:
    for target in ("local", "localstack", "aws"):
        assert read_config({"target": target, "job_cells": 0}, {}, host=X86).job_cells == 0

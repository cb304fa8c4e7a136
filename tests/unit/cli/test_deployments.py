import json
import os

import pytest
from botocore.exceptions import NoCredentialsError, NoRegionError

from cdk.toolkit import Toolkit, ToolkitError
from cli.home import load_deployed
from core.errors import LoopError
from tests.unit.cli.bench import Bench


def test_deploy_starts_the_cloud_and_remembers_the_target(bench: Bench) -> None:
    result = bench.loop("deploy")

    assert result.exit_code == 0, result.output
    assert bench.cloud.starts == 1
    assert bench.toolkit.did == ["deploy"]
    assert bench.toolkit.context == {"target": "local", "stage": "dev"}
    deployed = load_deployed(bench.world.home)
    assert (deployed.target, deployed.stage) == ("local", "dev")
    assert os.environ["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"


def test_deploy_elsewhere_says_where_commands_go_from_now_on(bench: Bench) -> None:
    assert "Commands speak to" not in bench.loop("deploy").stdout
    told = " ".join(bench.loop("deploy", "--target", "localstack").stdout.split())
    assert "Commands speak to localstack, stage dev, from now on" in told
    assert "make up" in told


def test_deploy_does_nothing_when_nothing_has_changed(bench: Bench) -> None:
    bench.loop("deploy")
    result = bench.loop("deploy")

    assert bench.toolkit.did == ["deploy"]
    assert "nothing to deploy" in result.stderr


def test_deploy_deploys_when_a_stack_is_gone(bench: Bench) -> None:
    bench.loop("deploy")
    del bench.world.formation.stacks["closed-loop-dev-training"]
    bench.loop("deploy")

    assert bench.toolkit.did == ["deploy", "deploy"]


def test_deploy_deploys_when_it_is_told_to(bench: Bench) -> None:
    bench.loop("deploy")
    bench.loop("deploy", "--again")

    assert bench.toolkit.did == ["deploy", "deploy"]


def test_deploy_deploys_again_when_the_last_one_failed(bench: Bench) -> None:
    bench.toolkit.fail = LoopError("cdk deploy failed")
    assert bench.loop("deploy").exit_code == 1
    bench.toolkit.fail = None
    assert bench.loop("deploy").exit_code == 0

    assert bench.toolkit.did == ["deploy", "deploy"]


def test_account_is_prepared_once(bench: Bench) -> None:
    del bench.world.formation.stacks["CDKToolkit"]
    bench.loop("deploy")

    assert bench.toolkit.did == ["bootstrap 000000000000 us-east-1", "deploy"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--target", "mars"), "local, localstack, aws"),
        (("--stage", "test"), "dev, prod"),
    ],
)
def test_rejects_an_unknown_target_or_stage(
    arguments: tuple[str, ...], said: str, bench: Bench
) -> None:
    result = bench.loop("deploy", *arguments)

    assert result.exit_code == 2
    assert said in result.stderr
    assert bench.cloud.starts == 0


@pytest.mark.parametrize("command", [("up",), ("deploy",), ("destroy", "--yes")])
def test_an_interrupted_deployment_says_to_go_on(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    def interrupt(**_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(bench.world, "connect", interrupt)
    told = bench.loop(*command).stderr.splitlines()[-1]
    assert told == "Interrupted. Run the same command again to go on."


def test_destroy_asks_and_forgets_the_fingerprint(bench: Bench) -> None:
    bench.loop("deploy")
    refused = bench.loop("destroy")
    assert refused.exit_code == 2
    assert "loop destroy --yes" in refused.stderr
    done = bench.loop("destroy", "--yes", "--json")
    assert json.loads(done.stdout)["destroyed"] == {"target": "local", "stage": "dev"}

    assert bench.toolkit.did == ["deploy", "destroy"]
    assert load_deployed(bench.world.home).fingerprints == {}


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (NoRegionError(), "Stopped: No AWS region is set.\nNext: export AWS_REGION="),
        (NoCredentialsError(), "Stopped: No AWS credentials were found.\nNext: aws configure"),
    ],
)
def test_destroy_says_at_once_that_aws_is_not_set_up(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, fault: Exception, told: str
) -> None:
    def refuse(**_: object) -> None:
        raise fault

    monkeypatch.setattr(bench.world.formation, "describe_stacks", refuse)
    result = bench.loop("destroy", "--target", "aws", "--yes")

    assert told in result.stderr
    assert bench.toolkit.did == []


def test_rejects_destroying_prod_without_really(bench: Bench) -> None:
    result = bench.loop("destroy", "--stage", "prod", "--yes")

    assert result.exit_code == 2
    assert "--really" in result.stderr
    assert bench.toolkit.did == []


def test_destroy_of_prod_lifts_the_protection_that_cdk_stops_at(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    formation = bench.world.formation
    prod = {f"closed-loop-prod-{part}" for part in ("storage", "inference")}
    formation.stacks |= dict.fromkeys(prod, "CREATE_COMPLETE")
    formation.protected = {*prod, "closed-loop-dev-storage", "somebody-elses"}
    seen: list[set[str]] = []
    monkeypatch.setattr(bench.toolkit, "destroy", lambda: seen.append({*formation.protected}))
    result = bench.loop("destroy", "--stage", "prod", "--yes", "--really")

    assert result.exit_code == 0, result.output
    assert seen == [{"closed-loop-dev-storage", "somebody-elses"}]
    assert "Kept, for you to delete: the data bucket" in result.stdout


def test_deploy_says_what_a_failure_means_when_the_cloud_knows_it(bench: Bench) -> None:
    bench.toolkit.fail = ToolkitError("cdk deploy failed. Its last lines:\n  a known fault")
    result = bench.loop("deploy", "--again")

    assert result.exit_code == 1
    assert "Known here." in result.stderr
    assert "Next: begin anew" in result.stderr
    assert "last lines" not in result.stderr


def test_deploy_shows_cdks_last_lines_when_the_cloud_does_not_know_the_failure(
    bench: Bench,
) -> None:
    bench.toolkit.fail = ToolkitError("cdk deploy failed. Its last lines:\n  something else")

    assert "something else" in bench.loop("deploy", "--again").stderr


def test_toolkit_double_has_the_toolkits_face() -> None:
    for name in ("bootstrap", "deploy", "destroy", "version"):
        assert callable(getattr(Toolkit, name))

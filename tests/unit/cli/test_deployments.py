import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from botocore.exceptions import NoCredentialsError, NoRegionError
from typer.testing import CliRunner, Result

from cdk.toolkit import Toolkit, ToolkitError
from cli.home import Deployed, choose_place, load_deployed, save_deployed
from cli.main import app
from cli.session import Session
from cli.targets import aws_environment
from core import keys
from core.errors import InvalidInputError, LoopError
from tests.fixtures.bundles import make_champion
from tests.unit.cli.doubles import FakeCloud, World
from training.data.simulator import contract
from training.data.validate import validate_raw


class FakeToolkit:
    """Deploys by writing down that it did; `fail` makes it raise."""

    def __init__(self) -> None:
        self.did: list[str] = []
        self.context: dict[str, str] = {}
        self.environment: dict[str, str] = {}
        self.fail: LoopError | None = None

    def make(
        self, *, context: dict[str, str], environment: dict[str, str], **_arguments: object
    ) -> "FakeToolkit":
        self.context, self.environment = context, environment
        return self

    def bootstrap(self, *, account: str, region: str) -> None:
        self.did.append(f"bootstrap {account} {region}")

    def deploy(self, *, outputs_file: Path) -> None:
        assert outputs_file.name == "outputs.json"
        self.did.append("deploy")
        if self.fail:
            raise self.fail

    def destroy(self) -> None:
        self.did.append("destroy")

    def version(self) -> str:
        return "2.0.0"


class Bench:
    """A world with a cloud to start and a toolkit that deploys."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.cloud = FakeCloud()
        self.toolkit = FakeToolkit()

    def session(self) -> Session:
        return replace(
            self.world.session(),
            open_cloud=lambda _home, **_arguments: self.cloud,
            make_toolkit=cast("Any", self.toolkit.make),
        )

    def loop(self, *arguments: str) -> Result:
        return CliRunner().invoke(app, list(arguments), obj=self.session(), prog_name="loop")


@pytest.fixture(autouse=True)
def own_environment() -> Iterator[None]:
    """Commands set this process's environment: give it back afterwards."""
    before = dict(os.environ)
    for name in ("LOOP_TARGET", "LOOP_STAGE", "AWS_PROFILE"):
        os.environ.pop(name, None)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def bench(world: World) -> Bench:
    return Bench(world)


@pytest.fixture
def trained(world: World) -> None:
    def run(run_id: str, raw_key: str) -> None:
        made = validate_raw(world.memory, raw_key=raw_key, contract=contract())
        body = world.memory.get(keys.dataset_data(made.dataset, made.version)).body
        champion = make_champion(world.memory, contract(), run_id=run_id)
        world.memory.put(keys.dataset_data(made.dataset, champion.dataset_version), body)

    world.on_run = run


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


@pytest.mark.usefixtures("trained")
def test_up_ends_with_a_prediction(bench: Bench) -> None:
    result = bench.loop("up")

    assert result.exit_code == 0, result.output
    assert "Yes (No 25.0%, Yes 75.0%)" in result.stdout
    assert "brier score 0.150" in result.stdout
    assert "best possible" in result.stdout
    assert "http://127.0.0.1:4566/api/live" in result.stdout
    assert len(list(bench.world.memory.list("raw/"))) == 1


@pytest.mark.usefixtures("trained")
def test_up_again_only_predicts(bench: Bench) -> None:
    bench.loop("up")
    document = json.loads(bench.loop("up", "--json").stdout)

    assert document["answer"]["predictions"][0]["prediction"] == "Yes"
    assert document["model"]["best_possible"].keys() == {"brier_score"}
    assert bench.toolkit.did == ["deploy"]
    assert len(bench.world.states.executions) == 1


def test_up_starts_training_by_hand_when_the_event_never_comes(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.landing._EVENT_WITHIN_S", 0.0)
    bench.world.events_arrive = False
    bench.loop("up")

    assert len(bench.world.states.executions) == 1


@pytest.mark.parametrize("command", [("up",), ("deploy",), ("destroy", "--yes")])
def test_an_interrupted_deployment_says_to_go_on(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    def interrupt(**_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(bench.world, "connect", interrupt)
    told = bench.loop(*command).stderr.splitlines()[-1]
    assert told == "Interrupted. Run the same command again to go on."


def test_an_interrupted_up_says_to_go_on_while_its_run_is_followed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("cli.workflow.Workflow.follow", interrupt)
    told = bench.loop("up").stderr.splitlines()[-1]
    assert told == "Interrupted. Run the same command again to go on."


def test_up_trains_again_when_the_last_run_was_interrupted(bench: Bench) -> None:
    bench.world.outcome = {"outcome": "failed", "reason": "the cloud was stopped"}
    first = bench.loop("up")
    assert first.exit_code == 1
    assert "the cloud was stopped" in first.stderr
    bench.loop("up")

    assert len(bench.world.states.executions) == 2
    assert len(list(bench.world.memory.list("raw/"))) == 1


def test_down_stops_the_cloud(bench: Bench) -> None:
    bench.cloud.is_running = True

    assert "its data are kept" in bench.loop("down").stdout
    assert "Nothing was running" in bench.loop("down").stdout
    assert bench.loop("down", "--quiet").output == ""
    assert json.loads(bench.loop("down", "--json").stdout) == {"stopped": False}


def test_down_stops_whatever_runs_on_this_computer(bench: Bench) -> None:
    clouds = {"ministack": FakeCloud(), "localstack": FakeCloud(is_running=True)}
    clouds["localstack"].keeps_data = False
    session = replace(bench.session(), open_cloud=lambda _home, *, emulator: clouds[emulator])
    done = CliRunner().invoke(app, ["down"], obj=session, prog_name="loop")

    assert done.exit_code == 0, done.output
    assert not clouds["localstack"].is_running
    assert "its stacks and data are gone" in done.stdout
    assert "make up" not in done.stdout


def test_rejects_stopping_aws(bench: Bench) -> None:
    assert "loop destroy" in bench.loop("down", "--target", "aws").stderr


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


def test_damaged_memory_is_nothing_known(tmp_path: Path) -> None:
    save_deployed(tmp_path, Deployed(target="aws", stage="prod"))
    assert load_deployed(tmp_path).target == "aws"
    (tmp_path / "deployed.json").write_text("{")

    assert load_deployed(tmp_path) == Deployed()


def test_aws_never_gets_the_emulators_address() -> None:
    environment = {
        "AWS_PROFILE": "mine",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:4566",
        "AWS_ENDPOINT_URL_S3": "https://s3.example.com",
    }
    assert aws_environment(environment) == {
        "AWS_PROFILE": "mine",
        "AWS_ENDPOINT_URL_S3": "https://s3.example.com",
    }


@pytest.mark.parametrize("name", ["LOOP_REGION", "AWS_REGION", "AWS_DEFAULT_REGION"])
def test_region_is_known_to_every_library_however_it_was_set(name: str) -> None:
    environment = aws_environment({name: "eu-west-1"})

    assert environment["AWS_REGION"] == "eu-west-1"
    assert environment["AWS_DEFAULT_REGION"] == "eu-west-1"


def test_rejects_the_emulators_credentials_on_aws() -> None:
    with pytest.raises(InvalidInputError, match="test value"):
        aws_environment({"AWS_ACCESS_KEY_ID": "test"})


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


def test_down_says_so_when_nothing_is_kept(bench: Bench) -> None:
    bench.cloud.is_running, bench.cloud.keeps_data = True, False
    told = bench.loop("down", "--target", "localstack").stdout

    assert "its stacks and data are gone" in told
    assert "loop deploy --target localstack" in told


def test_doctor_finds_everything_in_order(bench: Bench) -> None:
    bench.cloud.is_running = True
    result = bench.loop("doctor", "--json")

    document = json.loads(result.stdout)
    by_check = {finding["check"]: finding for finding in document["findings"]}
    assert by_check["Python"]["verdict"] == "ok"
    assert by_check["stacks"]["verdict"] == "ok"
    assert by_check["not in the local cloud"]["detail"] == "Nothing of note."


def test_doctor_names_the_mend_when_a_stack_is_gone(bench: Bench) -> None:
    bench.cloud.is_running = True
    del bench.world.formation.stacks["closed-loop-dev-training"]
    result = bench.loop("doctor")

    assert result.exit_code == 1
    assert "make up" in result.stdout


def test_toolkit_double_has_the_toolkits_face() -> None:
    for name in ("bootstrap", "deploy", "destroy", "version"):
        assert callable(getattr(Toolkit, name))


@pytest.mark.parametrize(
    ("target", "stage", "place"),
    [
        (None, None, ("aws", "prod")),
        ("local", None, ("local", "dev")),
        (None, "dev", ("aws", "dev")),
    ],
)
def test_remembered_stage_belongs_to_its_target(
    target: str | None, stage: str | None, place: tuple[str, str]
) -> None:
    assert choose_place(target, stage, Deployed(target="aws", stage="prod")) == place


def test_environment_chooses_the_place_over_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOP_TARGET", "localstack")
    monkeypatch.setenv("LOOP_STAGE", "prod")
    assert choose_place(None, None, Deployed()) == ("localstack", "prod")

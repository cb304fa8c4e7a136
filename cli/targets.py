"""Where a deployment lives: the local cloud, LocalStack or AWS, and how programs reach it."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from cdk.local.cloud import State
from cdk.local.emulators import open_cloud
from cli.home import StageName, TargetName
from cli.system import AwsClient, ClientFactory, System
from core.errors import InvalidInputError, UnavailableError
from core.store import ObjectStore

_REGION_NAMES = ("LOOP_REGION", "AWS_REGION", "AWS_DEFAULT_REGION")
_WHY_NOT: Final[Mapping[State, str]] = {
    "not running": "Nothing is running: the local cloud is stopped.",
    "starting": "The local cloud is still starting.",
}


def connect(*, target: TargetName, stage: StageName, home: Path) -> System:
    """Open the system on a target; never starts or deploys anything.

    Raises
    ------
    UnavailableError
        When the local cloud does not answer, or AWS is not configured.
    """
    if target == "aws":
        _forget_emulators()
        return System(
            target=target,
            stage=stage,
            clients=_aws_client_factory(),
            open_store=_open_aws_bucket,
            api_url=lambda _api, _stage, url: url,
        )
    emulator = "ministack" if target == "local" else "localstack"
    cloud = open_cloud(home, emulator=emulator)  # type: ignore[arg-type]
    running = cloud.running()
    if running is None:
        raise UnavailableError(
            _WHY_NOT.get(cloud.health().state, "The local cloud runs and does not answer."),
            next_step="make up" if target == "local" else "loop deploy --target localstack",
        )
    use_environment(running.environment_over(os.environ))
    return System(
        target=target,
        stage=stage,
        clients=_aws_client_factory(),
        open_store=_open_bucket,
        api_url=lambda api, api_stage, _url: running.api_url(api, api_stage),
    )


def use_environment(environment: Mapping[str, str]) -> None:
    """Make this process's environment exactly the given one.

    boto3 and obstore both read it: two libraries can then never speak to two clouds.
    """
    for name in set(os.environ) - set(environment):
        del os.environ[name]
    os.environ.update(environment)


def aws_environment(base: Mapping[str, str]) -> dict[str, str]:
    """Return the person's own environment without any way to an emulator.

    Raises
    ------
    InvalidInputError
        When the credentials are an emulator's.
    """
    if base.get("AWS_ACCESS_KEY_ID") == "test":
        raise InvalidInputError(
            "AWS_ACCESS_KEY_ID is the emulators' test value, and the target is aws.",
            next_step="unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY, then set AWS_PROFILE",
        )
    environment = {name: value for name, value in base.items() if not _leads_home(name, value)}
    # boto3 reads the one name, everything else the other.
    region = next((base[name] for name in _REGION_NAMES if base.get(name)), None)
    if region:
        environment |= {"AWS_REGION": region, "AWS_DEFAULT_REGION": region}
    return environment


def _leads_home(name: str, value: str) -> bool:
    return name.startswith("AWS_ENDPOINT_URL") and urlsplit(value).hostname in {
        "127.0.0.1",
        "localhost",
        "::1",
    }


def _forget_emulators() -> None:
    use_environment(aws_environment(os.environ))


def _aws_client_factory() -> ClientFactory:
    def make(service: str) -> AwsClient:
        import boto3  # noqa: PLC0415 - slow to load, and not every command needs it
        from botocore.config import Config  # noqa: PLC0415

        settings = Config(
            connect_timeout=5, read_timeout=60, retries={"mode": "standard", "max_attempts": 3}
        )
        return boto3.client(service, config=settings)  # type: ignore[call-overload]

    return make


def _open_bucket(bucket: str) -> ObjectStore:
    from core.store import open_bucket  # noqa: PLC0415 - slow to load, and not every command needs it

    return open_bucket(bucket)


def _open_aws_bucket(bucket: str) -> ObjectStore:
    from obstore.auth.boto3 import Boto3CredentialProvider  # noqa: PLC0415

    from core.store import open_bucket  # noqa: PLC0415 - slow to load, and not every command needs it

    return open_bucket(bucket, credentials=Boto3CredentialProvider())

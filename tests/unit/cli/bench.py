"""A cloud to start, and a toolkit that deploys, without either."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from typer.testing import CliRunner, Result

from cli.main import app
from cli.session import Session
from tests.unit.cli.doubles import FakeCloud, World

if TYPE_CHECKING:
    from core.errors import LoopError


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

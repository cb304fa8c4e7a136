"""Synthesized deployments, one per target and stage, shared by the whole session."""

import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks, ServerlessChecks

from cdk.bundling import RECIPES, Package, PackageName
from cdk.config import Config, Stage, Target, read_config
from cdk.host import Host
from cdk.stacks.deployment import add_deployment

ROOT = Path(__file__).resolve().parents[2]
STACKS = ("storage", "training", "inference", "batch", "monitoring")
# One fixed machine: templates must not depend on the one that runs the tests.
HOST = Host(python="3.12", architecture="x86_64")

Template = dict[str, Any]
Resource = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Synthesized:
    """What one synthesis gave: templates by stack, and what the rule packs found."""

    config: Config
    templates: dict[str, Template]
    findings: tuple[str, ...]
    folder: Path

    def resources(self, kind: str, *stacks: str) -> dict[str, Resource]:
        """Return the resources of one type, by logical id."""
        return {
            logical_id: resource
            for stack in stacks or STACKS
            for logical_id, resource in self.templates[stack].get("Resources", {}).items()
            if resource["Type"] == kind
        }


Synthesize = Callable[..., Synthesized]


@pytest.fixture(scope="session")
def synthesize(tmp_path_factory: pytest.TempPathFactory) -> Synthesize:
    """Return a function that synthesizes a deployment, once in a session.

    It takes the target, the stage, and settings by name.
    """
    folder = tmp_path_factory.mktemp("infra")
    context = json.loads((ROOT / "cdk.json").read_text())["context"]

    @cache
    def run(target: Target, stage: Stage, **settings: object) -> Synthesized:
        config = read_config({"target": target, "stage": stage, **settings}, {}, host=HOST)
        named = "".join(f"-{name}-{value}" for name, value in settings.items())
        app = App(context=context, outdir=str(folder / f"{target}-{stage}{named}"))
        Validations.of(app).add_plugins(AwsSolutionsChecks(app), ServerlessChecks(app))
        add_deployment(app, config=config, packages=stub_packages(folder))
        folder_out = Path(app.outdir)
        findings: tuple[str, ...] = ()
        try:
            app.synth()
        except RuntimeError:  # the packs found something, and wrote down what
            findings = _read_findings(folder_out)
        return Synthesized(config, _read_templates(config, folder_out), findings, folder_out)

    return run


def stub_packages(folder: Path) -> dict[PackageName, Package]:
    """Return packages that hold nothing: infrastructure does not look into them."""
    packages: dict[PackageName, Package] = {}
    for name in RECIPES:
        path = folder / f"{name}.zip"
        if not path.exists():
            with zipfile.ZipFile(path, "w") as bundle:
                bundle.writestr("nothing.txt", name)
        packages[name] = Package(path=path, digest=name.encode().hex().ljust(64, "0"))
    return packages


def _read_templates(config: Config, folder: Path) -> dict[str, Template]:
    return {
        stack: json.loads((folder / f"{config.prefix}-{stack}.template.json").read_text())
        for stack in STACKS
    }


def _read_findings(folder: Path) -> tuple[str, ...]:
    """Return every finding as "rule at construct"."""
    report = json.loads((folder / "validation-report.json").read_text())
    return tuple(
        f"{violation['ruleName']} at {construct['constructPath']}"
        for plugin in report["pluginReports"]
        for violation in plugin["violations"]
        for construct in violation["violatingConstructs"]
    )

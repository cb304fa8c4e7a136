"""The five stacks of one deployment, and what they give one another."""

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import App, Tags

from cdk.bundling import Package, PackageName
from cdk.config import PROJECT, Config
from cdk.stacks.batch import BatchStack
from cdk.stacks.inference import InferenceStack
from cdk.stacks.monitoring import MonitoringStack
from cdk.stacks.storage import StorageStack
from cdk.stacks.training import TrainingStack


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """The stacks, in the order in which they are deployed."""

    storage: StorageStack
    training: TrainingStack
    inference: InferenceStack
    batch: BatchStack
    monitoring: MonitoringStack


def add_deployment(
    app: App, *, config: Config, packages: Mapping[PackageName, Package]
) -> Deployment:
    """Add a deployment's stacks to an app.

    Parameters
    ----------
    app : aws_cdk.App
    config : Config
        Names, sizes and protection.
    packages : mapping of PackageName to Package
        The built Lambda packages.
    """
    storage = StorageStack(app, config=config)
    training = TrainingStack(
        app,
        config=config,
        packages=packages,
        data=storage.data,
        dead_letters=storage.dead_letters,
    )
    inference = InferenceStack(app, config=config, package=packages["inference"], data=storage.data)
    batch = BatchStack(app, config=config, package=packages["batch"], data=storage.data)
    monitoring = MonitoringStack(
        app,
        config=config,
        package=packages["control"],
        storage=storage,
        training=training,
        inference=inference,
        batch=batch,
    )
    Tags.of(app).add("project", PROJECT)
    Tags.of(app).add("stage", config.stage)
    return Deployment(
        storage=storage,
        training=training,
        inference=inference,
        batch=batch,
        monitoring=monitoring,
    )

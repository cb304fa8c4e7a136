"""Synthesises the learner's alarm as the monitoring stack does, and returns what was made."""

from types import ModuleType
from typing import Any

from aws_cdk import CfnResource, Stack
from aws_cdk import aws_apigateway as apigateway
from constructs import Construct

from cdk.config import read_config
from cdk.constructs.alarms import AlarmTopic
from cdk.constructs.loop_alarms import LoopMetrics
from cdk.constructs.own_alarm import Use
from cdk.host import Host
from curriculum.material.synthesis import make_once, synthesise

_HOST = Host(python="3.12", architecture="x86_64")


def drive(learner: ModuleType, _minutes: object) -> list[dict[str, Any]]:
    """Return type and properties of each resource that the learner added."""
    return make_once(learner, make_alarm)


def make_alarm(learner: ModuleType) -> list[dict[str, Any]]:
    """Make a small stack with the system's own topic and metrics, and let the learner add to it."""
    new: set[str] = set()

    def build(stack: Stack) -> None:
        config = read_config({"target": "local", "stage": "dev"}, {}, host=_HOST)
        topic = AlarmTopic(stack, "Alarms", config=config)
        api = apigateway.RestApi(stack, "Api", deploy=False, cloud_watch_role=False)
        api.root.add_method("POST")
        # Of the system's metrics those of the API alone: the rest would be the whole system.
        metrics = object.__new__(LoopMetrics)
        object.__setattr__(metrics, "config", config)
        object.__setattr__(metrics, "api", api)
        before = {each.node.path for each in list_resources(stack)}
        learner.add_alarm(Construct(stack, "Learner"), Use(topic=topic, metrics=metrics))
        new.update(
            str(stack.resolve(each.logical_id))
            for each in list_resources(stack)
            if each.node.path not in before
        )

    found = synthesise(build)["Resources"]
    return [
        {"type": found[name]["Type"], "properties": found[name].get("Properties", {})}
        for name in sorted(new)
    ]


def list_resources(stack: Stack) -> list[CfnResource]:
    """Return all that is in a stack."""
    return [each for each in stack.node.find_all() if isinstance(each, CfnResource)]

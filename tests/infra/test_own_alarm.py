import json
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Stack

from cdk.config import read_config
from cdk.constructs.alarms import AlarmTopic
from cdk.constructs.loop_alarms import LoopMetrics
from cdk.constructs.own_alarm import add_own_alarm
from core.parts import PartError
from tests.fixtures.own_parts import Parts
from tests.infra.conftest import HOST


class Bench:
    """A stack with a topic, and metrics of which the own ones are used alone."""

    def __init__(self, folder: Path) -> None:
        self.app = App(outdir=str(folder / "out"))
        self.stack = Stack(self.app, "Bench")
        config = read_config({"target": "local", "stage": "dev"}, {}, host=HOST)
        self.topic = AlarmTopic(self.stack, "Alarms", config=config)
        self.metrics = object.__new__(LoopMetrics)
        object.__setattr__(self.metrics, "config", config)

    def add(self) -> list[Any]:
        return list(add_own_alarm(self.stack, topic=self.topic, metrics=self.metrics))

    def resources(self) -> dict[str, Any]:
        self.app.synth()
        template = json.loads((Path(self.app.outdir) / "Bench.template.json").read_text())
        return {each["Type"]: each for each in template["Resources"].values()}


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Parts:
    return Parts(tmp_path / "parts", monkeypatch)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_the_learners_alarm_speaks_to_the_topic_both_ways(own: Parts, bench: Bench) -> None:
    own.good("alarm")
    assert len(bench.add()) == 1
    alarm = bench.resources()["AWS::CloudWatch::Alarm"]["Properties"]
    assert alarm["AlarmName"] == "closed-loop-dev-captures-stopped"
    assert (alarm["Namespace"], alarm["MetricName"]) == ("ClosedLoop", "CapturedRows")
    assert alarm["Dimensions"] == [{"Name": "Stage", "Value": "dev"}]
    assert alarm["AlarmActions"] == alarm["OKActions"] != []


def test_without_the_part_nothing_is_added(bench: Bench) -> None:
    assert bench.add() == []
    assert "AWS::CloudWatch::Alarm" not in bench.resources()
    assert bench.stack.node.try_find_child("Learner") is None


def test_plain_constructs_may_be_used_too(own: Parts, bench: Bench) -> None:
    own.write(
        "alarm",
        """
        from aws_cdk import aws_cloudwatch as cloudwatch

        def add_alarm(scope, use):
            cloudwatch.Alarm(scope, "Mine", metric=use.metric("Drift", "Maximum"), threshold=0.1,
                             alarm_name=f"{use.prefix}-mine-{use.stage}", evaluation_periods=1)
        """,
    )
    assert bench.add() == []
    alarm = bench.resources()["AWS::CloudWatch::Alarm"]["Properties"]
    assert alarm["AlarmName"] == "closed-loop-dev-mine-dev"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("def add_alarm(scope, use):\n    use.no()", "Your part alarm broke at line 2: Attribute"),
        ("import no_such_thing", "Your part alarm cannot be loaded at line 1: it imports"),
        ("def add(scope, use): ...", "Your part alarm has no function 'add_alarm'."),
        (
            (
                "def add_alarm(scope, use):\n"
                "    for _ in range(2):\n"
                "        use.add('a', metric=use.metric('Drift', 'Maximum'), at_least=1,"
                " description='')"
            ),
            "already a Construct with name 'a'",
        ),
        (
            (
                "from aws_cdk import aws_sqs\n"
                "def add_alarm(scope, use): aws_sqs.Queue(scope, 'Queue')"
            ),
            "Your part alarm makes an AWS::SQS::Queue; it may make what begins with",
        ),
        (
            (
                "from aws_cdk import Stack, aws_sqs\n"
                "def add_alarm(scope, use): aws_sqs.Queue(Stack.of(scope), 'Queue')"
            ),
            "Your part alarm makes an AWS::SQS::Queue;",
        ),
    ],
)
def test_a_part_that_breaks_the_synthesis_is_one_sentence(
    own: Parts, bench: Bench, code: str, said: str
) -> None:
    own.write("alarm", code)
    with pytest.raises(PartError) as raised:
        bench.add()
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)

"""Monitoring: the scheduled monitor, the alarms, their topic, and the dashboard."""

from aws_cdk import CfnOutput, Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk.bundling import Package
from cdk.config import Config
from cdk.constructs.alarms import AlarmTopic
from cdk.constructs.data_bucket import DataBucket, Rights
from cdk.constructs.loop_alarms import LoopMetrics, add_alarms
from cdk.constructs.loop_dashboard import make_dashboard
from cdk.constructs.own_alarm import add_own_alarm
from cdk.constructs.python_function import FunctionSpec, PythonFunction
from cdk.stacks.base import LoopStack
from cdk.stacks.batch import BatchStack
from cdk.stacks.inference import InferenceStack
from cdk.stacks.storage import StorageStack
from cdk.stacks.training import TrainingStack


class MonitoringStack(LoopStack):
    """What watches the loop."""

    def __init__(
        self,
        scope: Construct,
        *,
        config: Config,
        package: Package,
        storage: StorageStack,
        training: TrainingStack,
        inference: InferenceStack,
        batch: BatchStack,
    ) -> None:
        super().__init__(
            scope, "monitoring", config=config, description="the monitor, alarms and dashboard"
        )
        queue = sqs.Queue.from_queue_arn(self, "DeadLetters", storage.dead_letters.queue_arn)
        monitor = self._make_monitor(config, package, storage.data, queue)
        metrics = LoopMetrics(
            config=config,
            predictor=inference.predictor.function,
            monitor=monitor.function,
            api=inference.api.api,
            captures=inference.captures,
            dead_letters=storage.dead_letters,
            workflow=training.workflow.state_machine,
            batch=batch.workflow.state_machine,
        )
        alarm_topic = AlarmTopic(self, "Alarms", config=config)
        alarms = add_alarms(alarm_topic, metrics=metrics)
        alarms += add_own_alarm(self, topic=alarm_topic, metrics=metrics)
        make_dashboard(self, metrics=metrics, alarms=alarms)
        CfnOutput(self, "AlarmTopicArn", value=alarm_topic.topic.topic_arn)
        CfnOutput(self, "MonitorFunctionName", value=monitor.function.function_name)

    def _make_monitor(
        self, config: Config, package: Package, data: DataBucket, dead_letters: sqs.IQueue
    ) -> PythonFunction:
        """Make the function that compares live traffic with the reference profile."""
        monitor = PythonFunction(
            self,
            "Monitor",
            config=config,
            package=package,
            spec=FunctionSpec(
                handler="lambdas.monitor.handler.handler",
                description="Measures drift and live quality of each model's champion",
                memory_mb=1024,
                timeout_s=300,
            ),
            environment={
                "BUCKET": data.bucket.bucket_name,
                "WINDOW_MINUTES": str(config.monitor_window_minutes),
            },
            dead_letters=dead_letters,
        )
        data.grant(
            monitor.function,
            Rights(
                reads=(
                    "registry/*/aliases/champion.json",
                    "registry/*/versions/*",
                    "bundles/*",
                    "captured/*",
                    "feedback/*",
                ),
                writes=("monitor/*",),
                lists=("registry/*", "captured/*", "feedback/*"),
                asks=True,  # a registered model need not have a champion
            ),
        )
        events.Rule(
            self,
            "MonitorSchedule",
            description="Look at live traffic",
            schedule=events.Schedule.rate(Duration.minutes(config.monitor_every_minutes)),
            targets=[
                targets.LambdaFunction(
                    monitor.function,
                    dead_letter_queue=dead_letters,
                    retry_attempts=2,
                    # The next look comes soon enough; an old one is of no use.
                    max_event_age=Duration.minutes(max(config.monitor_every_minutes, 1)),
                )
            ],
        )
        return monitor

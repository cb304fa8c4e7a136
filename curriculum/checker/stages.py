"""The six stages: one turn of the circle, each about one component of the deployed system."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Stage:
    """One of the six stages.

    Attributes
    ----------
    place
        The component of the deployed system that it is about, in a word or two.
    component
        The same, with its parts.
    to_come
        What later releases bring exercises about.
    """

    number: int
    title: str
    place: str
    learns: str
    component: str
    to_come: tuple[str, ...] = ()


STAGES: Final = (
    Stage(
        1,
        "Foundations",
        "storage",
        "data cleaning, feature understanding, splitting, bias in data, evaluation basics",
        "storage: data bucket, data contract, quarantine, dataset versions",
    ),
    Stage(
        2,
        "Build",
        "training",
        "baselines, pipelines, features, tuning, cross-validation, reproducibility",
        "training: the training workflow and its jobs",
    ),
    Stage(
        3,
        "Evaluate",
        "gate and registry",
        "metrics beyond accuracy, calibration, slices, fairness, comparing models",
        "evaluation gate and registry",
    ),
    Stage(
        4,
        "Deploy",
        "inference",
        "API, packaging, latency and throughput, infrastructure as code, A/B and shadow",
        "inference: API Gateway and Lambda",
        (
            "an API that says what is wrong",
            "packages and containers",
            "half the bits: fp16 and int8",
            "queues: latency against throughput",
            "A/B and shadow tests",
            "who may do what: least privilege",
        ),
    ),
    Stage(
        5,
        "Operate",
        "monitoring",
        "monitoring, alarms, objectives, drift, fallbacks, incidents, cost",
        "monitoring: metrics, alarms, dashboard, drift monitor",
        (
            "speed, memory and quality on one dashboard",
            "what a point of recall is worth in money",
            "drift that matters, and drift that does not",
            "failing smoothly",
            "Prometheus and Grafana",
            "incidents: detect, localise, explain, mend",
        ),
    ),
    Stage(
        6,
        "Improve",
        "feedback",
        "feedback, concept drift, retraining, champion and challenger, rollback, governance",
        "the feedback path and the retraining trigger",
        (
            "implicit and explicit feedback",
            "concept drift",
            "hard negatives",
            "when to retrain",
            "a human in the loop",
            "who answers for it: governance of data and process",
        ),
    ),
)

"""All settings of a deployment: one frozen object, read in one place.

Every setting can be given as CDK context (``-c stage=prod``) or as an environment variable
(``LOOP_STAGE=prod``); context wins. Nothing here asks AWS for anything, so synthesis works offline.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, cast

from cdk import job_settings
from cdk.host import Architecture, Host
from cdk.setting import (
    Raw,
    address,
    find_given,
    flag,
    one_of,
    refuse_unknown,
    region,
    retention,
    share,
    whole_number,
)

Target = Literal["local", "localstack", "aws"]
Stage = Literal["dev", "prod"]
PythonVersion = Literal["3.11", "3.12", "3.13"]

PROJECT = "closed-loop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """One deployment's settings.

    Attributes
    ----------
    target : {"local", "localstack", "aws"}
        Where it runs. It decides how packages are built and, by the default of `job_cells`, whether
        there are training jobs; never what else the templates mean.
    stage : {"dev", "prod"}
        ``dev`` is destroyed with its data; ``prod`` keeps its data and is protected.
    region : str
        AWS region; empty leaves it to the AWS profile in use.
    architecture : {"arm64", "x86_64"}
        Processor of the functions.
    python : {"3.11", "3.12", "3.13"}
        Runtime of the functions.
    log_retention_days : int
        How long log groups keep events.
    monitor_every_minutes : int
        How often the monitor function looks at live traffic.
    monitor_window_minutes : int
        How far back it looks.
    capture_share : float
        Share of predictions that is captured, 0 to 1.
    fallback : bool
        Whether the baseline's prior answers, marked as such, for a model that cannot be loaded.
    throttle_rate : int
        Requests per second that the API accepts in the long run.
    throttle_burst : int
        Requests that it accepts at once.
    daily_quota : int
        Requests per day and API key.
    inference_memory_mb : int
        Memory of the inference function; AWS gives processor time in proportion (1769 is one core).
    snap_start : bool
        Start the inference function from a snapshot of itself, taken when it was deployed. Only
        AWS does that, for 3.12 and later; see docs/decisions/0022 for the price.
    provisioned : int
        Inference functions that are kept started, at an hourly price; 0 keeps none.
    batch_at_once : int
        Shards of a batch job that are scored at the same time. A new AWS account runs ten functions
        at once, and the endpoint needs some of them.
    alarm_key : bool
        Encrypt alarm messages with a KMS key of our own (about one US dollar a month).
    job_cells : int
        Rows times features of a run above which its candidates are fitted as SageMaker training
        jobs and no more as functions; 0 makes no jobs, and nothing that jobs need.
    job_image : str
        Container image of the jobs, in ECR: the Python of the functions and SageMaker's training
        toolkit. ``{region}`` stands for the stack's region.
    job_instance : str
        Machine that one job runs on.
    job_spot : bool
        Use spare machines, at about a third of the price; a job may wait for one, or lose it.
    job_minutes : int
        How long a job may run.
    localstack_endpoint : str
        A LocalStack of the person's own, in Docker; empty for the one that runs on this machine.
    """

    target: Target
    stage: Stage
    region: str
    architecture: Architecture
    python: PythonVersion
    log_retention_days: int
    monitor_every_minutes: int
    monitor_window_minutes: int
    capture_share: float
    fallback: bool
    throttle_rate: int
    throttle_burst: int
    daily_quota: int
    inference_memory_mb: int
    snap_start: bool
    provisioned: int
    batch_at_once: int
    alarm_key: bool
    job_cells: int
    job_image: str
    job_instance: str
    job_spot: bool
    job_minutes: int
    localstack_endpoint: str

    @property
    def is_prod(self) -> bool:
        """Whether data outlive the stacks."""
        return self.stage == "prod"

    @property
    def runs_here(self) -> bool:
        """Whether functions run in this machine's Python, and not in Lambda's own images."""
        return not _in_lambda(self.target, self.localstack_endpoint)

    @property
    def prefix(self) -> str:
        """What the names of stacks and alarms begin with."""
        return f"{PROJECT}-{self.stage}"


def read_config(
    context: Mapping[str, object], environment: Mapping[str, str], *, host: Host | None = None
) -> Config:
    """Read the settings from CDK context and environment.

    Parameters
    ----------
    context : mapping of str to object
        CDK context, all of it; keys of CDK's own are left alone.
    environment : mapping of str to str
        Environment variables; only those named after a setting are looked at.
    host : Host, optional
        The building machine; by default this one.

    Returns
    -------
    Config

    Raises
    ------
    SettingError
        A context key is unknown, or a value is not allowed. One line: the setting, how it was
        given, its value, and what is allowed.
    """
    host = host or Host.this()
    refuse_unknown(context, environment, names=_READERS)
    given = find_given(context, environment, names=_READERS)
    defaults = _defaults(given, host)
    values = {
        name: _READERS[name](given[name]) if name in given else defaults[name]
        for name in setting_names()
    }
    config = Config(**cast("dict[str, Any]", values))
    _refuse_impossible(config, given, host)
    return config


def setting_names() -> tuple[str, ...]:
    """Return the names of all settings, in the order of :class:`Config`."""
    return tuple(field.name for field in fields(Config))


def _defaults(given: Mapping[str, Raw], host: Host) -> dict[str, object]:
    target = _target(given["target"]) if "target" in given else "local"
    endpoint = address(given["localstack_endpoint"]) if "localstack_endpoint" in given else ""
    in_lambda = _in_lambda(target, endpoint)
    prod = _stage(given["stage"]) == "prod" if "stage" in given else False
    # Lambda runs Python 3.11 on Amazon Linux 2, whose C library is older than the wheels need.
    python = "3.12" if in_lambda and host.python == "3.11" else host.python
    return {
        "target": "local",
        "stage": "dev",
        "region": "",
        # On arm64 Lambda hides the processor's features from onnxruntime, which warns and
        # falls back to slower kernels.
        "architecture": "x86_64" if target == "aws" else host.architecture,
        "python": python,
        "log_retention_days": 90 if prod else 14,
        "monitor_every_minutes": 5,
        "monitor_window_minutes": 60,
        "capture_share": 1.0,
        "fallback": False,
        "throttle_rate": 50,
        "throttle_burst": 100,
        "daily_quota": 100_000,
        "inference_memory_mb": 1769,
        # Lambda does one or the other.
        "snap_start": prod and target == "aws" and "provisioned" not in given,
        "provisioned": 0,
        "batch_at_once": 4,
        "alarm_key": prod,
        **job_settings.defaults(given, target=target, python=python),
        "localstack_endpoint": "",
    }


def _refuse_impossible(config: Config, given: Mapping[str, Raw], host: Host) -> None:
    """Refuse what each setting allows but the target cannot run."""
    job_settings.refuse_impossible(
        given,
        target=config.target,
        architecture=config.architecture,
        python=config.python,
        image=config.job_image,
    )
    _refuse_starts(config, given)
    if not config.runs_here:
        if config.python == "3.11":
            raise given["python"].refuse(
                "in Lambda the packages need 3.12 or 3.13 (Lambda's 3.11 has too old a C library)"
            )
        return
    for name, ours in (("python", host.python), ("architecture", host.architecture)):
        if getattr(config, name) != ours:
            raise given[name].refuse(
                f"the target {config.target} runs functions on this machine, so only {ours} works"
            )


def _refuse_starts(config: Config, given: Mapping[str, Raw]) -> None:
    """Refuse ways to start the inference function that the target does not have."""
    for name in ("snap_start", "provisioned"):
        if getattr(config, name) and config.target != "aws":
            raise given[name].refuse("only the target aws keeps functions started")
    if config.snap_start and config.provisioned:
        raise given["snap_start"].refuse(
            "a function that is kept started is not restored: leave one of the two out"
        )


def _in_lambda(target: str, localstack_endpoint: str) -> bool:
    return target == "aws" or (target == "localstack" and bool(localstack_endpoint))


_target = one_of("local", "localstack", "aws")
_stage = one_of("dev", "prod")

_READERS: dict[str, Callable[[Raw], object]] = {
    "target": _target,
    "stage": _stage,
    "region": region,
    "architecture": one_of("arm64", "x86_64"),
    "python": one_of("3.11", "3.12", "3.13"),
    "log_retention_days": retention,
    # EventBridge accepts rates of whole minutes; a day is the longest that makes sense here.
    "monitor_every_minutes": whole_number(1, 1440),
    "monitor_window_minutes": whole_number(1, 1440),
    "capture_share": share,
    "fallback": flag,
    "throttle_rate": whole_number(1, 10_000),
    "throttle_burst": whole_number(1, 5_000),
    "daily_quota": whole_number(1, 100_000_000),
    "inference_memory_mb": whole_number(512, 3008),
    "snap_start": flag,
    "provisioned": whole_number(0, 1000),
    "batch_at_once": whole_number(1, 1000),
    "alarm_key": flag,
    **job_settings.READERS,
    "localstack_endpoint": address,
}

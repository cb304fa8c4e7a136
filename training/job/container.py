"""A SageMaker training job that fits one candidate of one run.

SageMaker hands a job its settings as files and takes its end as an exit status and a file, all
under ``/opt/ml`` [1]_. What is fitted, and what is written about it, is the Lambda step's: the
objects under ``runs/{run_id}/candidates/{candidate}/``. The result is the last of them, so a job
that is killed leaves nothing that a later step would take for one.

References
----------
.. [1] https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo.html
"""

import json
import signal
import sys
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from core.errors import IntegrityError, InvalidInputError, LoopError
from core.store import ObjectStore, open_bucket
from training.data.runs import CandidateResult
from training.model.fit import fit_and_export

ROOT_VARIABLE = "SAGEMAKER_BASE_DIR"  # as SageMaker's own training toolkit calls it
DEFAULT_ROOT = "/opt/ml"
MAX_FAILURE_CHARACTERS = 1024  # SageMaker shows no more of it
STOPPED = 128 + signal.SIGTERM


class Stopped(BaseException):
    """SageMaker ends the job: somebody stopped it, its time is up, or its spot instance is gone.

    No fault that a library on the way may catch, hence no `Exception`.
    """


@dataclass(frozen=True, slots=True)
class JobRequest:
    """What a job is to fit, and where.

    Attributes
    ----------
    bucket : str
        The data bucket.
    run_id, candidate : str
        As the Lambda step has them.
    """

    bucket: str
    run_id: str
    candidate: str


@dataclass(frozen=True, slots=True)
class Container:
    """The folder that a job shares with SageMaker.

    Attributes
    ----------
    root : Path
        ``/opt/ml``, but for tests.
    """

    root: Path

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Container":
        """Return the container that an environment names, ``/opt/ml`` if it names none."""
        return cls(Path(environment.get(ROOT_VARIABLE) or DEFAULT_ROOT))

    def read_request(self) -> JobRequest:
        """Read the job's settings.

        Raises
        ------
        InvalidInputError
            If one is missing, or the job was given instances or channels that it would not use.
        IntegrityError
            If a file of SageMaker's is no JSON object.
        """
        if channels := self._read_config("inputdataconfig"):
            raise InvalidInputError(
                f"The job has {len(channels)} input channels, and reads the run's files from the"
                " data bucket itself: leave InputDataConfig out."
            )
        hosts = self._read_config("resourceconfig").get("hosts")
        if isinstance(hosts, list) and len(hosts) > 1:
            raise InvalidInputError(
                f"The job has {len(hosts)} instances, and a candidate is fitted on one: set"
                " InstanceCount to 1."
            )
        given = self._read_config("hyperparameters")
        return JobRequest(
            bucket=_read_text(given, "bucket"),
            run_id=_read_text(given, "run_id"),
            candidate=_read_text(given, "candidate"),
        )

    def write_failure(self, sentence: str) -> None:
        """Leave the sentence that ``DescribeTrainingJob`` answers as FailureReason."""
        path = self.root / "output" / "failure"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(sentence[:MAX_FAILURE_CHARACTERS], encoding="utf-8")

    def _read_config(self, name: str) -> dict[str, object]:
        path = self.root / "input" / "config" / f"{name}.json"
        try:
            found = json.loads(path.read_bytes())
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise IntegrityError(f"SageMaker's file {name}.json is no JSON.") from error
        if not isinstance(found, dict):
            raise IntegrityError(f"SageMaker's file {name}.json holds no JSON object.")
        return found


def run_job(environment: Mapping[str, str]) -> int:
    """Run the job that the container describes; return its exit status.

    A candidate that these rows do not allow is a result like any other, and status 0. Everything
    else leaves its one sentence in the ``failure`` file.
    """
    container = Container.of(environment)
    try:
        with _stopped_by_sigterm():
            request = container.read_request()
            _fit(open_bucket(request.bucket), request)
    except Stopped:
        return _fail(container, "The job was stopped before the candidate was fitted.", STOPPED)
    except LoopError as error:
        return _fail(container, str(error), error.exit_code)
    except MemoryError:
        sentence = "The instance has too little memory: choose a larger one (setting job_instance)."
        return _fail(container, sentence, 1)
    except Exception as error:  # the border of the program  # noqa: BLE001
        # The message of a library's error may quote a cell; where it happened does not.
        sys.stderr.writelines(traceback.format_tb(error.__traceback__))
        return _fail(container, f"{type(error).__name__}: the job's log says where.", 1)
    return 0


def _fit(store: ObjectStore, request: JobRequest) -> CandidateResult:
    started = time.monotonic()
    result = fit_and_export(store, run_id=request.run_id, candidate=request.candidate)
    # One line, which the MetricDefinitions of the request read numbers from.
    measured = {"fit_seconds": time.monotonic() - started}
    if result.cross_validated_loss is not None:
        measured["cross_validated_loss"] = result.cross_validated_loss
    numbers = " ".join(f"{name}={value:.6g};" for name, value in measured.items())
    sys.stdout.write(f"{result.candidate} {result.status} {numbers}\n")
    sys.stdout.flush()
    return result


def _fail(container: Container, sentence: str, status: int) -> int:
    sys.stderr.write(f"{sentence}\n")
    container.write_failure(sentence)
    return status


@contextmanager
def _stopped_by_sigterm() -> Iterator[None]:
    """Raise `Stopped` on SIGTERM: SageMaker sends it 120 seconds before it kills."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise Stopped

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _read_text(given: Mapping[str, object], name: str) -> str:
    """Return a hyperparameter; SageMaker's SDK writes each as JSON, its API as it is."""
    value = given.get(name)
    if isinstance(value, str) and value.startswith('"'):
        try:
            value = json.loads(value)
        except ValueError:
            value = None
    if not isinstance(value, str) or not value:
        raise InvalidInputError(f"The job has no hyperparameter {name!r}.")
    return value

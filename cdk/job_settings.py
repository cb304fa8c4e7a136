"""The settings of training jobs: what is meant without them, and what no target can run.

SageMaker is on AWS alone, and its instances for training have x86_64 processors. A job unpacks the
very package that the candidate's function has, so its image must hold the same Python.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from cdk.setting import Raw, flag, whole_number

CELLS: Final = 5_000_000
"""Rows times features up to which candidates keep within a function's 15 minutes.

The slowest, the forest, takes about 25 seconds of one core for one fit of so many: eight fits and
the 300 seconds of a thorough search make eight or nine minutes. Memory is no matter before that.
"""

# AWS's deep-learning container: Ubuntu 22.04, Python 3.12.10, SageMaker's training toolkit.
# https://github.com/aws/deep-learning-containers/blob/master/pytorch/training/docker/2.9/py3/Dockerfile.cpu
IMAGE: Final = (
    "763104351884.dkr.ecr.{region}.amazonaws.com"
    "/pytorch-training:2.9.0-cpu-py312-ubuntu22.04-sagemaker"
)
IMAGE_PYTHON: Final = "3.12"

IMAGE_PATTERN: Final = re.compile(
    r"(?P<account>[0-9]{12})\.dkr\.ecr\.(?P<region>\{region\}|[a-z0-9-]+)\.amazonaws\.com(\.cn)?"
    r"/(?P<repository>[a-z0-9._/-]+)(:[A-Za-z0-9._-]+|@sha256:[0-9a-f]{64})"
)
_INSTANCE = re.compile(r"ml\.[a-z0-9-]+\.[a-z0-9]+")


def defaults(given: Mapping[str, Raw], *, target: str, python: str) -> dict[str, object]:
    """Return what holds where nothing was given: jobs where the default image can run them."""
    architecture = str(given["architecture"].value) if "architecture" in given else "x86_64"
    python = str(given["python"].value) if "python" in given else python
    fits = "job_image" in given or python == IMAGE_PYTHON
    possible = target == "aws" and architecture == "x86_64" and fits
    return {
        "job_cells": CELLS if possible else 0,
        "job_image": IMAGE if python == IMAGE_PYTHON else "",
        "job_instance": "ml.m5.xlarge",
        "job_spot": False,
        "job_minutes": 120,
    }


def refuse_impossible(
    given: Mapping[str, Raw], *, target: str, architecture: str, python: str, image: str
) -> None:
    """Refuse jobs that the target, the processor or the image could not run."""
    raw = given.get("job_cells")
    if raw is None or str(raw.value) == "0":
        return
    if target != "aws":
        raise raw.refuse(f"the target {target} has no SageMaker training jobs, so only 0 works")
    if architecture != "x86_64":
        raise raw.refuse(
            f"SageMaker's instances for training are x86_64, and the functions are {architecture}:"
            " set architecture to x86_64, or job_cells to 0"
        )
    if not image:
        raise raw.refuse(
            f"no image with Python {python} and SageMaker's training toolkit is known: name one"
            f" with job_image, set python to {IMAGE_PYTHON}, or job_cells to 0"
        )


def _image(raw: Raw) -> str:
    text = str(raw.value)
    if not IMAGE_PATTERN.fullmatch(text):
        raise raw.refuse(f"allowed are images in ECR with a tag or a digest, such as {IMAGE}")
    return text


def _instance(raw: Raw) -> str:
    text = str(raw.value)
    if not _INSTANCE.fullmatch(text):
        raise raw.refuse("allowed are SageMaker's instance types, such as ml.m5.xlarge")
    return text


READERS: Final[dict[str, Callable[[Raw], object]]] = {
    "job_cells": whole_number(0, 999_999_999),
    "job_image": _image,
    "job_instance": _instance,
    "job_spot": flag,
    # A day is SageMaker's own limit where none is given.
    "job_minutes": whole_number(5, 1440),
}

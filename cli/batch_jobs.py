"""Batch jobs on the cloud: files in the data bucket that functions score shard by shard."""

import hashlib
import json
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from cli.system import AwsClient, System
from core import keys
from core.batch import Job, JobReport
from core.counted import counted
from core.errors import InvalidInputError, LoopError, NotFoundError

POLL_S = 1.0
_COUNT_EVERY = 5  # polls between two counts of what is done
_BLOCK_BYTES = 4 * 1024 * 1024
_READABLE = (keys.BATCH_FILES, "raw/")
_ADDRESS = re.compile(r"s3://([^/]+)/(.+)")


class BatchJobs:
    """The batch jobs of one deployment.

    Parameters
    ----------
    system : System
    """

    def __init__(self, system: System) -> None:
        self._system = system
        self.bucket = system.output("DataBucketName")
        self._machine = system.output("BatchStateMachineArn")

    def find_key(self, address: str) -> str:
        """Return the key of an address such as ``s3://bucket/key``.

        Raises
        ------
        InvalidInputError
            If the functions may not read there, with what to do instead.
        """
        found = _ADDRESS.fullmatch(address)
        if not found or found[1] != self.bucket or not found[2].startswith(_READABLE):
            raise InvalidInputError(
                f"The functions that score may read only s3://{self.bucket}/{keys.BATCH_FILES}… and"
                f" s3://{self.bucket}/raw/….",
                next_step=f"aws s3 cp {address} s3://{self.bucket}/{keys.BATCH_FILES}"
                if found
                else "Name a bucket and a key: loop batch s3://BUCKET/KEY",
            )
        return found[2]

    def upload(self, path: Path) -> str:
        """Put a file where the functions may read it, unless it is there; return its key."""
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while block := file.read(_BLOCK_BYTES):
                digest.update(block)
        key = keys.batch_file(digest.hexdigest(), path.name)
        if self._describe(key) is None:
            self._s3.upload_file(str(path), self.bucket, key)
        return key

    def make(self, key: str, *, model: str, version: int, bundle_id: str) -> Job:
        """Write down what is to be scored; the same file and version are the same job.

        Raises
        ------
        NotFoundError
            If there is no such object.
        """
        found = self._describe(key)
        if found is None:
            raise NotFoundError(
                f"There is no object s3://{self.bucket}/{key}.", next_step="check the address"
            )
        job = Job(
            key=key,
            etag=found["ETag"],
            size_bytes=found["ContentLength"],
            model=model,
            version=version,
            bundle_id=bundle_id,
        )
        self._system.store.create(keys.batch_job(job.job_id, "job.json"), job.to_json())
        return job

    def start(self, job_id: str) -> str | None:
        """Start a job, or find it running; return its execution, None if it is complete."""
        report = self.report(job_id)
        if running := self.running(job_id):
            return running
        if report is not None and report.state == "complete":
            return None
        # A name is used once: a job that is started again goes on with what is missing.
        started = self._states.start_execution(
            stateMachineArn=self._machine,
            name=f"{job_id}-{time.time_ns() // 1_000_000}",
            input=json.dumps({"job": job_id}),
        )
        return str(started["executionArn"])

    def running(self, job_id: str) -> str | None:
        """Return the execution of a job that has not ended; None if there is none."""
        listed = self._states.list_executions(
            stateMachineArn=self._machine, statusFilter="RUNNING", maxResults=1000
        )
        arns = (str(execution["executionArn"]) for execution in listed["executions"])
        return next((arn for arn in arns if arn.rpartition(":")[2].startswith(job_id)), None)

    def follow(self, job_id: str, arn: str, report: Callable[[str], None]) -> None:
        """Wait until an execution has ended, and tell how far it is.

        Raises
        ------
        LoopError
            If it ended without its own report.
        """
        told, poll = "", 0
        while (found := self._states.describe_execution(executionArn=arn))["status"] == "RUNNING":
            if poll % _COUNT_EVERY == 0 and (line := self._progress(job_id)) != told:
                report(line)
                told = line
            poll += 1
            time.sleep(POLL_S)
        ended = self.report(job_id)
        is_told = ended is not None and ended.state != "complete"
        if found["status"] != "SUCCEEDED" and not is_told:
            raise LoopError(
                f"The job {job_id} ended {found['status']}: {found.get('cause') or 'no cause'}",
                next_step="the same command again goes on where it was; loop logs",
            )

    def report(self, job_id: str) -> JobReport | None:
        """Return how a job ended, None if it did not yet."""
        try:
            body = self._system.store.get(keys.batch_job(job_id, "report.json")).body
        except NotFoundError:
            return None
        return JobReport.model_validate_json(body)

    def job(self, job_id: str) -> Job:
        """Return a job by its name; `NotFoundError` if there is none."""
        try:
            return Job.from_json(self._system.store.get(keys.batch_job(job_id, "job.json")).body)
        except NotFoundError:
            raise NotFoundError(
                f"There is no batch job {job_id}.", next_step="loop batches"
            ) from None

    def list(self) -> list[str]:
        """Return the names of all jobs."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=keys.BATCH_JOBS, Delimiter="/"
        )
        return [
            str(each["Prefix"]).split("/")[-2]
            for page in pages
            for each in page.get("CommonPrefixes", ())
        ]

    def count(self, job_id: str) -> tuple[int, int]:
        """Return how many shards are scored, and how many are known yet."""
        done = sum(1 for _ in self._system.store.list(keys.batch_folder(job_id, "counts")))
        plans = self._system.store.list(keys.batch_folder(job_id, "plans"))
        bodies = (self._system.store.get(info.key).body for info in plans)
        return done, sum(len(json.loads(body)["shards"]) for body in bodies)

    def answer(self, job_id: str) -> str:
        """Return the address of the folder of a job's parts."""
        return f"s3://{self.bucket}/{keys.batch_folder(job_id, 'parts')}"

    def fetch(self, job_id: str, folder: Path) -> None:
        """Copy a job's parts into a folder."""
        for info in self._system.store.list(keys.batch_folder(job_id, "parts")):
            part = self._system.store.get(info.key).body
            (folder / info.key.rpartition("/")[2]).write_bytes(part)

    def _progress(self, job_id: str) -> str:
        done, known = self.count(job_id)
        return (
            f"scored: {done} of {counted(known, 'part')}"
            if known
            else "cutting the file into parts"
        )

    def _describe(self, key: str) -> dict[str, Any] | None:
        from botocore.exceptions import ClientError  # noqa: PLC0415 - slow to load

        try:
            found: dict[str, Any] = self._s3.head_object(Bucket=self.bucket, Key=key)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in {"404", "NoSuchKey", "NotFound"}:
                return None
            raise
        return found

    @property
    def _s3(self) -> AwsClient:
        return self._system.client("s3")

    @property
    def _states(self) -> AwsClient:
        return self._system.client("stepfunctions")


def parts_beside(to: Path) -> "tempfile.TemporaryDirectory[str]":
    """Return a folder for parts, on the disk of the file that is made of them."""
    return tempfile.TemporaryDirectory(prefix=f".{to.name}.", dir=to.parent)


def describe_jobs(jobs: BatchJobs) -> Iterator[dict[str, Any]]:
    """Yield what is known of each job."""
    for job_id in jobs.list():
        yield describe_job(jobs, job_id)


def describe_job(jobs: BatchJobs, job_id: str) -> dict[str, Any]:
    """Return what is known of a job: what it scores, and how far it is or how it ended."""
    job, report = jobs.job(job_id), jobs.report(job_id)
    found: dict[str, Any] = {
        "job": job_id,
        "file": f"s3://{jobs.bucket}/{job.key}",
        "model": job.model,
        "model_version": job.version,
        "answer": jobs.answer(job_id),
    }
    if jobs.running(job_id):
        done, known = jobs.count(job_id)
        return found | {"state": "running", "scored": done, "shards": known}
    if report is None:
        return found | {"state": "not started"}
    return found | report.model_dump()

"""What was served reaches the bucket, through the stream or around it."""

from functools import partial
from typing import Any

from core import keys
from core.events import parse_lines, time_of
from tests.e2e.system import LiveSystem, wait_for
from training.data.simulator import DATASET

STREAM = "closed-loop-dev-captures"


def find_capture(system: LiveSystem, prediction_id: str) -> str | None:
    """Return the key of the object that holds a prediction."""
    s3 = system.aws("s3")
    bucket = system.outputs["DataBucketName"]
    hour = keys.captured_hour(time_of(prediction_id))
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=hour):
        for listed in page.get("Contents", ()):
            body = s3.get_object(Bucket=bucket, Key=listed["Key"])["Body"].read()
            if parse_lines(body, of={prediction_id})[0]:
                return str(listed["Key"])
    return None


def predict(system: LiveSystem) -> str:
    example = system.http.get("/openapi.json").json()["components"]["schemas"]["Record"]
    [prediction] = system.predict(DATASET, [example["examples"][0]])
    return str(prediction["prediction_id"])


def test_prediction_comes_into_the_bucket_through_the_stream(system: LiveSystem) -> None:
    # A stream that was not there a moment ago is tried again after a while.
    def look() -> str | None:
        found = partial(find_capture, system, predict(system))
        key = wait_for(found, within_s=30, what="a captured prediction")
        return key if f"/{STREAM}-" in key else None

    assert wait_for(look, within_s=60, what="a prediction captured through the stream")


def test_prediction_is_kept_and_answered_while_there_is_no_stream(system: LiveSystem) -> None:
    firehose = system.aws("firehose")
    stream = firehose.describe_delivery_stream(DeliveryStreamName=STREAM)[
        "DeliveryStreamDescription"
    ]
    firehose.delete_delivery_stream(DeliveryStreamName=STREAM)
    try:
        prediction_id = predict(system)
        key = wait_for(
            partial(find_capture, system, prediction_id), within_s=30, what="a captured prediction"
        )
    finally:
        firehose.create_delivery_stream(
            DeliveryStreamName=STREAM,
            DeliveryStreamType="DirectPut",
            ExtendedS3DestinationConfiguration=_read_destination(stream),
        )
    assert key == keys.captured(time_of(prediction_id), prediction_id)


def _read_destination(stream: dict[str, Any]) -> dict[str, Any]:
    found = stream["Destinations"][0]["ExtendedS3DestinationDescription"]
    names = ("BucketARN", "RoleARN", "Prefix", "ErrorOutputPrefix", "BufferingHints")
    return {name: found[name] for name in names}

"""Requests of the Open Inference Protocol."""

import math
from collections.abc import Mapping
from typing import Any

from tests.unit.inference.service import Reply, Service

INFER = "/v2/models/subscriptions/infer"


MARKER = "private-marker-7391"


SCORE = 1 / (1 + math.exp(-1.515))


def column(name: str, datatype: str, *data: object) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": [len(data)], "data": list(data)}


def make_tensors() -> list[dict[str, Any]]:
    return [
        column("age", "FP64", 40),
        column("plan", "BYTES", "pro"),
        column("usage", "FP32", 10.5),
        column("active", "BOOL", *[True]),
    ]


def ask(service: Service, inputs: object, **more: object) -> Reply:
    return service.post(INFER, {"inputs": inputs, **more})


def outputs(reply: Reply) -> dict[str, Any]:
    assert reply.status == 200, reply.text
    return {output["name"]: output["data"] for output in reply.json["outputs"]}


def send_bytes(
    service: Service, content: Mapping[str, object], *parts: bytes, size: str | None = None
) -> tuple[dict[str, Any], bytes]:
    return service.post_bytes(INFER, content, *parts, size=size)


AGE = column("age", "FP64", 40)

"""What a user of tritonclient writes; it runs in the clients' own environment.

Prints what the client got as one JSON document. Argument: the server's address without its
scheme.
"""

import json
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

MODEL = "subscriptions"
ROWS = {
    "age": np.array([[40], [200]], np.int64),
    "plan": np.array([["pro"], ["basic"]], np.object_),
    "usage": np.array([[10.5], [np.nan]], np.float32),
    "active": np.array([[True], [False]]),
}
GRAPH = {
    "numeric": np.array([[40, 10.5, 1], [200, np.nan, 0]], np.float32),
    "strings": np.array([[b"pro"], [b"basic"]], np.object_),
}


def make_inputs(tensors: dict[str, Any], **how: bool) -> list[Any]:
    inputs = []
    for name, values in tensors.items():
        made = triton.InferInput(name, list(values.shape), np_to_triton_dtype(values.dtype))
        made.set_data_from_numpy(values, **how)
        inputs.append(made)
    return inputs


def read(result: triton.InferResult) -> dict[str, Any]:
    found = {}
    for output in result.get_response()["outputs"]:
        values = result.as_numpy(output["name"]).tolist()
        found[output["name"]] = [v.decode() if isinstance(v, bytes) else v for v in values]
    return {"id": result.get_response().get("id"), "outputs": found}


def fail(call: Callable[[], object]) -> dict[str, str]:
    try:
        call()
    except InferenceServerException as error:
        return {"status": str(error.status()), "message": str(error.message())}
    return {}


def main(address: str) -> dict[str, Any]:
    client = triton.InferenceServerClient(address)
    asked = triton.InferRequestedOutput
    return {
        "live": client.is_server_live(),
        "ready": client.is_server_ready(),
        "model_ready": client.is_model_ready(MODEL, "1"),
        "other_ready": client.is_model_ready("nothing"),
        "server": client.get_server_metadata(),
        "model": client.get_model_metadata(MODEL),
        "defaults": read(client.infer(MODEL, make_inputs(ROWS), request_id="7")),
        "graph": read(client.infer(MODEL, make_inputs(GRAPH), model_version="1")),
        "json_in": read(client.infer(MODEL, make_inputs({"age": ROWS["age"]}, binary_data=False))),
        "json_out": read(
            client.infer(
                MODEL,
                make_inputs(ROWS),
                outputs=[asked("probabilities", binary_data=False), asked("prediction")],
            )
        ),
        "asynchronous": read(client.async_infer(MODEL, make_inputs(ROWS)).get_result()),
        "refused": fail(lambda: client.infer(MODEL, make_inputs({"plan": ROWS["plan"]}))),
        "unknown": fail(lambda: client.infer("nothing", make_inputs(ROWS))),
        "unknown_version": fail(lambda: client.get_model_metadata(MODEL, "9")),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(sys.argv[1])))

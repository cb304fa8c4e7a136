"""One prediction by tritonclient from a record; it runs in the clients' own environment.

Arguments: the server's address without its scheme, headers as JSON, the model, the record as JSON.
Prints the outputs as JSON.
"""

import json
import sys
from typing import Any

import numpy as np
import tritonclient.http as triton
from tritonclient.utils import np_to_triton_dtype


def make_input(name: str, value: Any) -> Any:  # noqa: ANN401 - the client has no types
    kind = {bool: np.bool_, str: np.object_}.get(type(value), np.float64)
    values = np.array([[value]], kind)
    made = triton.InferInput(name, [1, 1], np_to_triton_dtype(values.dtype))
    made.set_data_from_numpy(values)
    return made


def main(address: str, headers: str, model: str, record: str) -> dict[str, Any]:
    client = triton.InferenceServerClient(address, connection_timeout=60, network_timeout=60)
    known = [(name, value) for name, value in json.loads(record).items() if value is not None]
    result = client.infer(
        model, [make_input(*each) for each in known], headers=json.loads(headers), request_id="1"
    )
    outputs = result.get_response()["outputs"]
    assert all("binary_data_size" in output["parameters"] for output in outputs)
    found = {output["name"]: result.as_numpy(output["name"]).tolist() for output in outputs}
    return {
        name: [each.decode() if isinstance(each, bytes) else each for each in values]
        for name, values in found.items()
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(*sys.argv[1:])))

"""Run an exported graph as serving runs it."""

import statistics
import time

import numpy as np
from numpy.typing import NDArray

from core.errors import IntegrityError
from core.inputs import CodedInputs, ModelInputs
from core.onnx_runtime import onnxruntime as ort

_ROWS_AT_ONCE = 5_000  # a text of a thousand words makes as many strings of each of them
_WARM_UP = 10
_CALLS = 100


class Graph:
    """An ONNX graph that is ready to answer.

    Parameters
    ----------
    body : bytes
        The graph, from a source whose hash was checked.

    Attributes
    ----------
    takes_codes : bool
        Whether it is fed `CodedInputs`, as one for batch scoring may be.
    """

    def __init__(self, body: bytes) -> None:
        options = ort.SessionOptions()
        # One thread adds numbers in one order: the same rows give the same answers.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        try:
            self._session = ort.InferenceSession(
                body, sess_options=options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            # onnxruntime's own faults share no base class but Exception.
            raise IntegrityError("The exported graph does not load.") from error
        self.body = body
        self._inputs = [value.name for value in self._session.get_inputs()]
        self.takes_codes = "codes" in self._inputs
        self._output = self._session.get_outputs()[0].name

    def predict(self, inputs: ModelInputs | CodedInputs) -> NDArray[np.float64]:
        """Return probabilities of shape (n, n_classes), or predictions of shape (n, 1)."""
        starts = range(0, len(inputs), _ROWS_AT_ONCE)
        parts = [self._run(inputs, slice(start, start + _ROWS_AT_ONCE)) for start in starts]
        return np.concatenate(parts).astype(np.float64)

    def measure_latency(self, inputs: ModelInputs) -> float:
        """Return the median time for the first row alone, in milliseconds; n is at least 1."""
        times = []
        for _ in range(_WARM_UP + _CALLS):
            began = time.perf_counter()
            self._run(inputs, slice(0, 1))
            times.append(time.perf_counter() - began)
        return 1000 * statistics.median(times[_WARM_UP:])

    def _run(self, inputs: ModelInputs | CodedInputs, rows: slice) -> NDArray[np.float32]:
        fed = inputs.feed(rows)
        answers = self._session.run([self._output], {name: fed[name] for name in self._inputs})
        return np.asarray(answers[0], dtype=np.float32)

"""From model inputs to answers, through one compiled ONNX graph."""

from collections.abc import Sequence
from threading import Timer
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.errors import IntegrityError
from core.inputs import CodedInputs, Encoder, ModelInputs, code_inputs
from core.onnx_runtime import onnxruntime
from core.promises import Bundle
from lambdas.inference.deadline import check_deadline
from lambdas.inference.graph import check_graph

if TYPE_CHECKING:
    from core.contract import Contract
    from core.manifest import Manifest

_NUMERIC = ("numeric", "tensor(float)")
_STRINGS = ("strings", "tensor(string)")
_CODES = ("codes", "tensor(int64)")
# Between two looks at the clock. What a graph for batch scoring computes of more rows does not stay
# in a core's own caches, and cores share the next; of fewer, calls cost more than their rows.
_ROWS_AT_ONCE = 300
_PROBE_S = 5.0


class Predictor:
    """A compiled model.

    Parameters
    ----------
    bundle : Bundle
        A verified bundle.
    for_batch : bool
        Whether its graph may take `CodedInputs`.

    Attributes
    ----------
    takes_codes : bool
        Whether it does.

    Raises
    ------
    IntegrityError
        If onnxruntime cannot compile the graph, or the graph does not take and give what the
        contract needs.
    """

    def __init__(self, bundle: Bundle, *, for_batch: bool = False) -> None:
        self._read(bundle.manifest)
        check_graph(bundle.graph)
        self._session = _compile(bundle.graph)
        self._inputs = tuple(node.name for node in self._session.get_inputs())
        self.takes_codes = for_batch and _CODES[0] in self._inputs
        texts = _CODES if self.takes_codes else _STRINGS
        self._output = _check_interface(self._session, bundle.manifest.contract, texts)
        self._check_answer()

    def _read(self, manifest: "Manifest") -> None:
        self.manifest = manifest
        self.encoder = Encoder(manifest.contract)

    def score(self, inputs: ModelInputs | CodedInputs) -> NDArray[np.float32]:
        """Run the graph on every row.

        Parameters
        ----------
        inputs : ModelInputs or CodedInputs
            The latter if it takes codes.

        Returns
        -------
        float32 array of shape (n_rows, n_classes), or (n_rows, 1) for a regression
            Probabilities in the order of the contract's classes, or predictions; not finite
            where the arithmetic of the model overflows.

        Raises
        ------
        LateError
            If the request's time is over before the last row.
        """
        rows = len(inputs)
        if rows <= _ROWS_AT_ONCE:
            return self._run(inputs.feed())
        parts = []
        for start in range(0, rows, _ROWS_AT_ONCE):
            check_deadline()
            parts.append(self._run(inputs.feed(slice(start, start + _ROWS_AT_ONCE))))
        return np.concatenate(parts)

    def _run(self, fed: dict[str, NDArray[Any]]) -> NDArray[np.float32]:
        [scores] = self._session.run([self._output], {name: fed[name] for name in self._inputs})
        found: NDArray[np.float32] = scores
        if len(found) != len(fed[self._inputs[0]]):
            raise IntegrityError("The graph answers another number of rows than it was asked.")
        return found

    def decide(self, rows: Sequence[Sequence[float]]) -> list[str] | list[float]:
        """Return the class of each row of scores at the threshold, or a regression's number."""
        classes = self.manifest.contract.classes
        if not classes:
            return [row[0] for row in rows]
        threshold = self.manifest.decision_threshold
        if threshold is None:
            return [classes[row.index(max(row))] for row in rows]
        negative, positive = classes
        return [positive if row[1] >= threshold else negative for row in rows]

    def _check_answer(self) -> None:
        """Answer two rows, for the shape of it and to warm the session up."""
        contract = self.manifest.contract
        rows = ModelInputs(
            np.zeros((2, len(contract.numeric_columns)), np.float32),
            np.full((2, len(contract.string_columns)), "", np.object_),
        )
        fed = (code_inputs(rows, contract) if self.takes_codes else rows).feed()
        # A graph may hold loops, and need not come to an end.
        options = onnxruntime.RunOptions()
        timer = Timer(_PROBE_S, setattr, (options, "terminate", True))
        timer.start()
        try:
            named = {name: fed[name] for name in self._inputs}
            [scores] = self._session.run([self._output], named, options)
        except Exception as error:  # onnxruntime's errors have no other base in common
            raise IntegrityError(
                f"onnxruntime cannot run the graph ({type(error).__name__})."
            ) from error
        finally:
            timer.cancel()
        if scores.shape != (2, len(contract.classes) or 1):
            raise IntegrityError("The graph's output has not the shape that its contract needs.")


def _compile(graph: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    # A function has one or two shares of a core and one request at a time: a pool of threads
    # would only wait for itself.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # What `check_graph` looked at; not onnxruntime's own format, if the bytes could be that too.
    options.add_session_config_entry("session.load_model_format", "ONNX")
    try:
        return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors have no other base in common
        raise IntegrityError(
            f"onnxruntime cannot load the graph ({type(error).__name__})."
        ) from error


def _check_interface(
    session: onnxruntime.InferenceSession, contract: "Contract", texts: tuple[str, str]
) -> str:
    """Check names, types and widths; a width may be left open, and is seen when the graph runs."""
    widths = {_NUMERIC: len(contract.numeric_columns), texts: len(contract.string_columns)}
    wanted = {name: width for name, width in widths.items() if width}
    found = {
        (node.name, node.type): node.shape[-1] if node.shape else None
        for node in session.get_inputs()
    }
    if found.keys() != wanted.keys() or any(
        width != wanted[name] for name, width in found.items() if isinstance(width, int)
    ):
        raise IntegrityError("The graph's inputs are not the ones that its contract needs.")
    output = "probabilities" if contract.classes else "prediction"
    if [(node.name, node.type) for node in session.get_outputs()] != [(output, "tensor(float)")]:
        raise IntegrityError("The graph's output is not the one that its contract needs.")
    return output

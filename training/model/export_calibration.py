"""A calibration as ONNX operators, appended to the graph of the model that it calibrates."""

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

from training.model.maps import Calibration, Map, Sigmoid, Steps

Part = tuple[list[NodeProto], list[TensorProto]]


def export_calibration(calibration: Calibration, *, source: str, output: str) -> Part:
    """Repeat `Calibration.apply` in ONNX operators.

    Parameters
    ----------
    source : str
        Name of the graph's uncalibrated probabilities, float of shape [N, n_classes].
    output : str
        Name that the calibrated ones get.

    Returns
    -------
    tuple of list of NodeProto and list of TensorProto
        Nodes in order, and their constants. All names begin with ``calibrated_``.
    """
    if len(calibration.maps) == 1:
        nodes, constants = _export_column(calibration.maps[0], 1, source)
        one = _constant("calibrated_one", np.ones(1, np.float32))
        nodes += [
            helper.make_node("Sub", [one.name, "calibrated_1"], ["calibrated_0"]),
            helper.make_node("Concat", ["calibrated_0", "calibrated_1"], [output], axis=1),
        ]
        return nodes, [*constants, one]
    nodes, constants = [], []
    for place, each in enumerate(calibration.maps):
        more_nodes, more_constants = _export_column(each, place, source)
        nodes += more_nodes
        constants += more_constants
    columns = [f"calibrated_{place}" for place in range(len(calibration.maps))]
    axis = _constant("calibrated_axis", np.array([1], np.int64))
    nodes += [
        helper.make_node("Concat", columns, ["calibrated_all"], axis=1),
        helper.make_node("ReduceSum", ["calibrated_all", axis.name], ["calibrated_sum"]),
        helper.make_node("Div", ["calibrated_all", "calibrated_sum"], [output]),
    ]
    return nodes, [*constants, axis]


def _export_column(each: Map, place: int, source: str) -> Part:
    """Map one column of shape [N, 1] to ``calibrated_{place}``."""
    name = f"calibrated_{place}"
    chosen = _constant(f"{name}_place", np.array([place], np.int64))
    gather = helper.make_node("Gather", [source, chosen.name], [f"{name}_raw"], axis=1)
    export = _export_sigmoid if isinstance(each, Sigmoid) else _export_steps
    nodes, constants = export(each, name)  # type: ignore[arg-type]
    return [gather, *nodes], [chosen, *constants]


def _export_sigmoid(sigmoid: Sigmoid, name: str) -> Part:
    edge = np.float32(sigmoid.edge)
    numbers = {
        "low": edge,
        "high": np.float32(1) - edge,
        "one": np.float32(1),
        "slope": np.float32(sigmoid.slope),
        "offset": np.float32(sigmoid.offset),
    }
    constants = [_constant(f"{name}_{k}", np.array([v], np.float32)) for k, v in numbers.items()]
    steps = [
        ("Max", ["raw", "low"], "floored"),
        ("Min", ["floored", "high"], "held"),
        ("Sub", ["one", "held"], "rest"),
        # log p - log(1 - p), not log(p / (1 - p)): the quotient loses digits beside 1.
        ("Log", ["held"], "log"),
        ("Log", ["rest"], "log_rest"),
        ("Sub", ["log", "log_rest"], "odds"),
        ("Mul", ["odds", "slope"], "steep"),
        ("Add", ["steep", "offset"], "moved"),
    ]
    nodes = [
        helper.make_node(kind, [f"{name}_{part}" for part in taken], [f"{name}_{made}"])
        for kind, taken, made in steps
    ]
    return [*nodes, helper.make_node("Sigmoid", [f"{name}_moved"], [name])], constants


def _export_steps(steps: Steps, name: str) -> Part:
    """Add up what each stretch between two knots contributes; no comparison, so nothing flips."""
    stretches = np.diff(steps.knots)
    slopes = (np.diff(steps.levels) / stretches).astype(np.float32).reshape(-1, 1)
    constants = [
        _constant(f"{name}_from", steps.knots[:-1].astype(np.float32)),
        _constant(f"{name}_to", steps.knots[1:].astype(np.float32)),
        _constant(f"{name}_slopes", slopes),
        _constant(f"{name}_base", steps.levels[:1].astype(np.float32)),
    ]
    nodes = [
        helper.make_node("Max", [f"{name}_raw", f"{name}_from"], [f"{name}_floored"]),
        helper.make_node("Min", [f"{name}_floored", f"{name}_to"], [f"{name}_held"]),
        helper.make_node("Sub", [f"{name}_held", f"{name}_from"], [f"{name}_lengths"]),
        helper.make_node("MatMul", [f"{name}_lengths", f"{name}_slopes"], [f"{name}_rise"]),
        helper.make_node("Add", [f"{name}_rise", f"{name}_base"], [name]),
    ]
    return nodes, constants


def _constant(name: str, array: NDArray[np.generic]) -> TensorProto:
    return numpy_helper.from_array(array, name=name)

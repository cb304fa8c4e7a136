"""The files that make a bundle a model of MLflow too, in its ONNX and python_function flavours.

They are written without MLflow, which no function could hold, and say nothing about when or where:
the same model gives the same bytes. https://mlflow.org/docs/latest/ml/model/ describes the format.
"""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from core.contract import Contract


GRAPH: Final = "model.onnx"
MLMODEL: Final = "MLmodel"
_EXAMPLE: Final = "input_example.json"
_NEEDED: Final = ("numpy", "onnx", "onnxruntime")


def describe_mlflow_model(
    contract: "Contract", *, graph_sha256: str, python: str, packages: Mapping[str, str]
) -> dict[str, bytes]:
    """Return the files that belong beside ``model.onnx``, by name.

    Parameters
    ----------
    contract : Contract
        Names the columns of the tensors and gives an example of each.
    graph_sha256 : str
        Names the model, as MLflow wants it: two models with equal graphs are the same.
    python : str
        Minor version of the interpreter that the packages were locked for, as in ``"3.12"``.
    packages : mapping of str to str
        Versions; what scoring needs is taken from them.
    """
    requirements = ["mlflow>=3"]
    requirements += [f"{name}=={packages[name]}" for name in _NEEDED if name in packages]
    onnx: dict[str, object] = {"data": GRAPH, "providers": ["CPUExecutionProvider"]}
    if "onnx" in packages:
        onnx["onnx_version"] = packages["onnx"]
    flavours = {
        "onnx": onnx,
        "python_function": {
            "data": GRAPH,
            "env": {"conda": "conda.yaml", "virtualenv": "python_env.yaml"},
            "loader_module": "mlflow.onnx",
            "python_version": python,
        },
    }
    mlmodel = {
        "flavors": flavours,
        "metadata": {"model": contract.dataset, "task": contract.task},
        "model_uuid": graph_sha256[:32],
        "saved_input_example_info": {"artifact_path": _EXAMPLE, "type": "ndarray"},
        "signature": _describe_signature(contract),
    }
    conda = {
        "channels": ["conda-forge"],
        "dependencies": [f"python={python}", "pip", {"pip": requirements}],
        "name": "mlflow-env",
    }
    python_env = {
        "build_dependencies": ["pip"],
        "dependencies": ["-r requirements.txt"],
        "python": python,
    }
    return {
        MLMODEL: _write_yaml(mlmodel),
        "conda.yaml": _write_yaml(conda),
        "python_env.yaml": _write_yaml(python_env),
        "requirements.txt": "".join(f"{line}\n" for line in requirements).encode(),
        _EXAMPLE: json.dumps(_make_example(contract), sort_keys=True).encode(),
    }


def _describe_signature(contract: "Contract") -> dict[str, str | None]:
    inputs = [("numeric", "float32", len(contract.numeric_columns))]
    inputs += [("strings", "object", len(contract.string_columns))]
    if contract.task == "regression":
        output = ("prediction", "float32", 1)
    else:
        output = ("probabilities", "float32", len(contract.classes))
    return {
        "inputs": json.dumps([_describe_tensor(*each) for each in inputs if each[2]]),
        "outputs": json.dumps([_describe_tensor(*output)]),
        "params": None,
    }


def _describe_tensor(name: str, dtype: str, width: int) -> dict[str, object]:
    return {
        "name": name,
        "type": "tensor",
        "tensor-spec": {"dtype": dtype, "shape": [-1, width]},
    }


def _make_example(contract: "Contract") -> dict[str, list[list[float]] | list[list[str]]]:
    """One row that the contract allows, of nobody in particular."""
    found: dict[str, list[list[float]] | list[list[str]]] = {}
    if contract.numeric_columns:
        found["numeric"] = [[float(c.minimum or 0.0) for c in contract.numeric_columns]]
    if contract.string_columns:
        found["strings"] = [[(c.categories or ("",))[0] for c in contract.string_columns]]
    return found


def _write_yaml(content: Mapping[str, object]) -> bytes:
    return ("\n".join(_list_lines(content)) + "\n").encode()


def _list_lines(content: object, indent: str = "") -> list[str]:
    """Write mappings and lists as blocks, and whatever else as JSON, which YAML contains."""
    lines = []
    if isinstance(content, Mapping):
        for key, value in content.items():
            if isinstance(value, Mapping | list):
                lines += [f"{indent}{key}:", *_list_lines(value, indent + "  ")]
            else:
                lines.append(f"{indent}{key}: {json.dumps(value, ensure_ascii=False)}")
        return lines
    for value in content if isinstance(content, list) else ():
        inner = _list_lines(value, indent + "  ") if isinstance(value, Mapping) else []
        text = inner[0].strip() if inner else json.dumps(value, ensure_ascii=False)
        lines += [f"{indent}- {text}", *inner[1:]]
    return lines

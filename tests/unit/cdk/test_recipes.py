from pathlib import PurePosixPath

import pytest

from cdk.bundling.recipes import RECIPES, PackageName, is_dropped


@pytest.mark.parametrize(
    "path",
    [
        "numpy/linalg/tests/test_linalg.py",
        "numpy/_core/include/numpy/arrayobject.h",
        "numpy/_core/lib/libnpymath.a",
        "pydantic-2.14.3.dist-info/RECORD",
        "numpy/__init__.pyi",
        "bin/f2py",
    ],
)
def test_left_out_of_every_package(path: str) -> None:
    assert all(is_dropped(PurePosixPath(path), recipe) for recipe in RECIPES.values())


@pytest.mark.parametrize(
    "path",
    [
        "numpy/testing/__init__.py",
        "numpy.libs/libscipy_openblas64_.so",
        "pydantic-2.14.3.dist-info/METADATA",
        "opentelemetry_api-1.45.2.dist-info/entry_points.txt",
        "onnxruntime/capi/onnxruntime_pybind11_state.so",
        "sklearn/metrics/__init__.py",
    ],
)
def test_kept_in_every_package(path: str) -> None:
    assert not any(is_dropped(PurePosixPath(path), recipe) for recipe in RECIPES.values())


@pytest.mark.parametrize(
    ("path", "without", "with_it"),
    [
        ("onnxruntime/capi/libonnxruntime.so.1.31.1", "inference", "fit"),
        ("google/protobuf/message.py", "evaluate", "fit"),
        ("onnx/backend/test/runner/__init__.py", "fit", "evaluate"),
    ],
)
def test_left_out_only_where_nothing_needs_it(
    path: str, without: PackageName, with_it: PackageName
) -> None:
    assert is_dropped(PurePosixPath(path), RECIPES[without])
    assert not is_dropped(PurePosixPath(path), RECIPES[with_it])

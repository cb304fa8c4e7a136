"""Tensors in JSON and in bytes are read alike, and none of them makes a fault."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.inference.protocols.tensors import DATATYPES, read_bytes, read_json, write_bytes

NUMPY_TYPES = {
    "BOOL": "?", "FP16": "<f2", "FP32": "<f4", "FP64": "<f8",
    "INT8": "<i1", "INT16": "<i2", "INT32": "<i4", "INT64": "<i8",
    "UINT8": "<u1", "UINT16": "<u2", "UINT32": "<u4", "UINT64": "<u8",
}  # fmt: skip


@pytest.mark.parametrize("datatype", NUMPY_TYPES)
def test_json_and_bytes_are_read_alike(datatype: str) -> None:
    data = np.array([0, 1, 1, 0], NUMPY_TYPES[datatype])
    assert read_bytes(datatype, (4,), data.tobytes()) == read_json(datatype, (4,), data.tolist())


@given(st.lists(st.text(min_size=1), min_size=1, max_size=10))
def test_texts_come_back_when_they_go_as_bytes(texts: list[str]) -> None:
    assert read_bytes("BYTES", (len(texts),), write_bytes(texts)) == texts


@given(st.binary(max_size=40), st.integers(1, 5))
def test_no_bytes_make_a_fault(data: bytes, count: int) -> None:
    for datatype in DATATYPES:
        try:
            values = read_bytes(datatype, (count,), data)
        except ValueError:
            continue
        assert len(values) == count

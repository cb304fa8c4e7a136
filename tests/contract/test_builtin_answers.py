"""Every row of every built-in data set, asked in every protocol: scikit-learn's own answers."""

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from core import keys
from core.contract import Contract
from core.inputs import ModelInputs
from core.registry import Registry
from core.store import open_memory
from lambdas.inference.registry import in_full
from tests.unit.inference.service import Service
from tests.unit.training.worlds import land
from training.data.arrays import join_inputs, load_split, unpack_arrays
from training.data.builtin import DESCRIPTIONS, builtin
from training.run import run_training

ROWS_AT_ONCE = 500

pytestmark = pytest.mark.build


@dataclass
class Trained:
    """A service with a trained model, its data set's rows, and scikit-learn's answers to them."""

    service: Service
    contract: Contract
    inputs: ModelInputs
    answers: NDArray[np.float64]
    tolerance: float

    def chunks(self) -> Iterator[tuple[ModelInputs, NDArray[np.float64]]]:
        for start in range(0, len(self.inputs), ROWS_AT_ONCE):
            part = slice(start, start + ROWS_AT_ONCE)
            inputs = ModelInputs(self.inputs.numeric[part], self.inputs.strings[part])
            yield inputs, self.answers[part]

    def post(self, path: str, content: object) -> Any:  # noqa: ANN401 - JSON
        reply = self.service.post(path, content)
        assert reply.status == 200, reply.text
        return reply.json

    def assert_equal(self, found: object, expected: NDArray[np.float64]) -> None:
        np.testing.assert_allclose(
            np.asarray(found, np.float64).reshape(expected.shape),
            expected,
            rtol=self.tolerance,
            atol=self.tolerance,
        )


@pytest.fixture(scope="module", params=sorted(DESCRIPTIONS))
def trained(request: pytest.FixtureRequest) -> Trained:
    landed = builtin(request.param)
    store = open_memory()
    key = land(store, landed.csv, landed.contract)
    assert run_training(store, raw_key=key, run_id="r").outcome == "promoted"
    version = Registry(store).version(landed.name, 1)
    split = load_split(store, "r", landed.contract)
    key = keys.run_candidate("r", version.candidate, "holdout.npz")
    answers = unpack_arrays(store.get(key).body, key=key)
    service = Service(store, share=0.0, refresh_s=3600.0)
    return Trained(
        service,
        landed.contract,
        join_inputs(split.training.inputs, split.holdout.inputs),
        np.concatenate([answers["training_scores"], answers["scores"]]).astype(np.float64),
        in_full(service.models.get().predictor.manifest).parity.tolerance,
    )


def make_records(contract: Contract, inputs: ModelInputs) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = [{} for _ in range(len(inputs))]
    for place, column in enumerate(contract.numeric_columns):
        for record, value in zip(records, inputs.numeric[:, place].tolist(), strict=True):
            if not math.isnan(value):
                record[column.name] = bool(value) if column.kind == "boolean" else value
    for place, column in enumerate(contract.string_columns):
        for record, text in zip(records, inputs.strings[:, place].tolist(), strict=True):
            record[column.name] = text or None
    return records


def test_native_protocol_gives_scikit_learns_answers(trained: Trained) -> None:
    for inputs, expected in trained.chunks():
        body = {"records": make_records(trained.contract, inputs)}
        answers = trained.post("/v1/predict", body)["predictions"]
        classes = trained.contract.classes
        found = [
            [row["probability"][name] for name in classes] if classes else row["prediction"]
            for row in answers
        ]
        trained.assert_equal(found, expected)


def test_scoring_protocol_gives_scikit_learns_answers(trained: Trained) -> None:
    for inputs, expected in trained.chunks():
        numeric = [[None if math.isnan(x) else x for x in row] for row in inputs.numeric.tolist()]
        tensors = {"numeric": numeric, "strings": inputs.strings.tolist()}
        body = {"inputs": {name: rows for name, rows in tensors.items() if rows[0]}}
        [found] = trained.post("/invocations", body)["predictions"].values()
        trained.assert_equal(found, expected)


def test_inference_protocol_gives_scikit_learns_answers(trained: Trained) -> None:
    output = "probabilities" if trained.contract.classes else "prediction"
    for inputs, expected in trained.chunks():
        tensors = [
            ("numeric", "FP32", inputs.numeric, inputs.numeric.astype("<f4").tobytes()),
            ("strings", "BYTES", inputs.strings, write_texts(inputs.strings)),
        ]
        given = [
            {
                "name": name,
                "datatype": datatype,
                "shape": list(values.shape),
                "parameters": {"binary_data_size": len(data)},
            }
            for name, datatype, values, data in tensors
            if values.shape[1]
        ]
        parts = [data for *_, values, data in tensors if values.shape[1]]
        body = {"inputs": given, "outputs": [{"name": output}]}
        path = f"/v2/models/{trained.contract.dataset}/infer"
        answer, _ = trained.service.post_bytes(path, body, *parts)
        [found] = answer["outputs"]
        trained.assert_equal(found["data"], expected)


def write_texts(strings: NDArray[np.object_]) -> bytes:
    encoded = [text.encode() for text in strings.ravel().tolist()]
    return b"".join(struct.pack("<I", len(text)) + text for text in encoded)

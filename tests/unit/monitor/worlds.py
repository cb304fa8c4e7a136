"""A bucket with champions and traffic, for the monitor's tests."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import numpy as np

from core import keys
from core.contract import Contract
from core.events import Capture, Feedback, to_lines
from core.store import ObjectStore
from tests.fixtures.bundles import CATEGORIES

NOW = datetime.now(UTC)
WINDOW = timedelta(minutes=60)


def make_id(at: datetime, number: int) -> str:
    milliseconds = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    return f"{milliseconds:012x}7000{0x8000000000000000 + number:016x}"


def make_captures(
    contract: Contract,
    rows: int,
    *,
    version: int = 1,
    at: datetime = NOW - timedelta(minutes=5),
    seed: int = 0,
    usage_shift: float = 0.0,
) -> list[Capture]:
    """Draw what `tests.fixtures.bundles.make_inputs` draws, as served rows."""
    rng = np.random.default_rng(seed)
    return [
        Capture(
            prediction_id=make_id(at, seed * 1_000_000 + row),
            model=contract.dataset,
            model_version=version,
            served_at=at,
            features={
                "age": float(rng.uniform(0, 100)),
                "plan": str(rng.choice(CATEGORIES)),
                "usage": float(rng.uniform(0, 100)) + usage_shift,
                "active": bool(rng.integers(0, 2)),
            },
            **_answer(contract, float(rng.random())),
        )
        for row in range(rows)
    ]


def _answer(contract: Contract, score: float) -> Mapping[str, object]:
    if contract.task == "regression":
        return {"probabilities": None, "prediction": score}
    rest = (1 - score) / (len(contract.classes) - 1)
    probabilities = dict.fromkeys(contract.classes, rest) | {contract.classes[-1]: score}
    return {"probabilities": probabilities, "prediction": contract.classes[-1]}


def land_captures(store: ObjectStore, captures: list[Capture], *, request_id: str = "r-1") -> None:
    first = captures[0]
    request_id = f"{first.model}-{request_id}"
    store.put(keys.captured(first.served_at, request_id), to_lines(captures))


def land_feedback(store: ObjectStore, capture: Capture, outcome: str | float) -> None:
    feedback = Feedback(
        prediction_id=capture.prediction_id,
        model=capture.model,
        outcome=outcome,
        observed_at=NOW,
    )
    key = keys.feedback(capture.model, capture.served_at, capture.prediction_id)
    store.create(key, feedback.model_dump_json().encode())

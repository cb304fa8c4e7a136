"""Judges `measure`: on bills that are predicted well, beside the point, and with one great miss."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curriculum.checker.bench import Bench, Case, plain
from curriculum.checker.results import Failure
from curriculum.material.agreement import Mistake, compare_fields
from curriculum.material.bills import bills

ROWS = 200
Array = NDArray[np.float64]
WHERE = {
    "bias": "The mean of predicted less actual, with its sign.",
    "mae": "The mean distance, in euros.",
    "rmse": "The root of the mean of the squares.",
    "r2": "1 - squared error of the model / squared error of the mean of `actual`.",
    "mape": "Each error by its own bill, then the mean.",
    "wape": "All errors by all bills, once.",
    "cost": "Each euro at its own price: one for too low, another for too high.",
}


def prepare(bench: Bench) -> list[Case]:
    """Make predictions that are good, shifted, wild in one place, and about bills of zero."""
    chance = np.random.default_rng([bench.seed, 304])
    made = bills(ROWS, seed=bench.seed)
    y = made.y.astype(np.float64)
    missed = made.mean.copy()
    missed[int(chance.integers(ROWS))] += 2000.0
    free = y.copy()
    free[chance.choice(ROWS, 12, replace=False)] = 0.0
    same = np.full(ROWS, 29.9)
    return [
        Case("predictions of the next bill", (y, made.mean, 3.0, 1.0)),
        Case("predictions that are all 30 euros too high", (y, made.mean + 30.0, 1.0, 4.0)),
        Case("predictions of which one is 2,000 euros off", (y, missed, 1.0, 1.0)),
        Case("bills of which some are zero", (free, made.mean, 2.0, 1.0)),
        Case("customers who all pay the same", (same, same + chance.normal(0, 2, ROWS), 1.0, 2.0)),
        Case("customers who pay nothing", (np.zeros(ROWS), np.full(ROWS, 1.5), 1.0, 2.0)),
    ]


def work_out(actual: Array, predicted: Array, too_low: float, too_high: float) -> dict[str, Any]:
    """Return the right answer, bill by bill."""
    rows = list(zip(actual.tolist(), predicted.tolist(), strict=True))
    count, total = len(rows), sum(a for a, _ in rows)
    middle = total / count
    squared = sum((p - a) ** 2 for a, p in rows)
    spread = sum((a - middle) ** 2 for a, _ in rows)
    far = sum(abs(p - a) for a, p in rows)
    differ = len({a for a, _ in rows}) > 1
    return {
        "bias": sum(p - a for a, p in rows) / count,
        "mae": far / count,
        "rmse": (squared / count) ** 0.5,
        "r2": 1 - squared / spread if differ else None,
        "mape": sum(abs(p - a) / a for a, p in rows) / count if all(a for a, _ in rows) else None,
        "wape": far / total if total else None,
        "cost": sum(too_low * max(a - p, 0) + too_high * max(p - a, 0) for a, p in rows) / count,
    }


def judge(case: Case, answer: object) -> Failure | None:
    """Compare field by field; well-known mistakes get their own words."""
    actual, predicted, too_low, too_high = case.arguments
    right = work_out(actual, predicted, too_low, too_high)
    turned = work_out(actual, predicted, too_high, too_low)
    kept = actual > 0
    mistakes = [
        Mistake("bias", -right["bias"], "Predicted less actual: above zero when it says too much."),
        Mistake(
            "mae",
            abs(right["bias"]),
            "This is the size of the bias: errors of opposite sign cancel in it. Lose the signs "
            "before you take the mean.",
        ),
        Mistake(
            "rmse",
            right["mae"],
            "The root comes last: squares, their mean, then the root. The root of one square is "
            "the distance again.",
        ),
        Mistake(
            "rmse", right["rmse"] ** 2, "Square euros: take the root, so that people can read."
        ),
        Mistake("cost", turned["cost"], "The prices of too low and too high have changed places."),
    ]
    if right["r2"] is not None:
        mistakes.append(
            Mistake(
                "r2",
                float(np.corrcoef(actual, predicted)[0, 1] ** 2),
                "This is the square of the correlation. It is high for a model that moves with the "
                "bills, and is wrong about every one of them.",
            )
        )
    if kept.any() and right["mape"] is None:
        mistakes.append(
            Mistake(
                "mape",
                float(np.mean(np.abs(predicted - actual)[kept] / actual[kept])),
                "You left the zeros out. Now it is the number of other customers, under the old "
                "name: say None, and look at wape.",
            )
        )
    return compare_fields(answer, right, where=WHERE, of="measure", mistakes=mistakes)


def measure(cases: Sequence[Case], answers: Sequence[object]) -> Mapping[str, float]:
    """Keep what one great miss does to two metrics."""
    first, _, missed, *_ = (plain(answer) for answer in answers)
    return {
        f"{name}_grows_by": round(float(missed[name]) / float(first[name]), 2)
        for name in ("mae", "rmse")
        if cases
    }

"""Say what a detector of something rare is worth where it will work."""

from collections.abc import Sequence

import numpy as np


def judge_detector(
    truth: Sequence[int], suspected: Sequence[int], share: float
) -> dict[str, float | None]:
    """Judge a detector for the payments that it will really see; see the starter."""
    fraud, alarm = np.asarray(truth) == 1, np.asarray(suspected) == 1
    # Each of the two looks at one class alone, so they hold wherever that class looks the same.
    recall = float(alarm[fraud].mean())
    false_alarms = float(alarm[~fraud].mean())
    found, honest = share * recall, (1 - share) * false_alarms
    alarms = found + honest
    return {
        "idle_accuracy": 1 - share,
        "recall": recall,
        "false_alarm_rate": false_alarms,
        "accuracy": found + (1 - share) * (1 - false_alarms),
        "precision": found / alarms if alarms else None,
        "alarms_per_fraud": alarms / found if found else None,
    }

"""The learner's own rule of the gate: one more that every candidate must pass."""

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

from core import parts
from core.parts import PartError
from training.data import runs

BROKEN: Final = "your own rule can be judged"
_NAME: Final = "your own rule"
_ADVICE: Final = "Your part rule says so: learner/rule.py, or the exercise that it is from."
_MAX_TEXT: Final = 300


def judge_own(
    evaluation: runs.Evaluation, spec: runs.RunSpec, data: runs.RunData
) -> Iterator[runs.Rule]:
    """Yield the learner's own rule, if there is one.

    A rule that breaks is a rule that is not passed: nothing is promoted unjudged.
    """
    try:
        function = parts.load_function("rule")
        if function is None:
            return
        with parts.guarded("rule"):
            found = function(describe(evaluation, spec, data))
        yield read_rule(found)
    except PartError as error:
        yield runs.Rule(rule=BROKEN, value=0.0, limit=1.0, passed=False, advice=str(error))


def describe(evaluation: runs.Evaluation, spec: runs.RunSpec, data: runs.RunData) -> dict[str, Any]:
    """Return what the rule is asked with: ``evaluation.json`` and what the numbers are about."""
    return {
        **evaluation.model_dump(mode="json"),
        "task": spec.contract.task,
        "classes": list(spec.contract.classes),
        "training_rows": data.training_rows,
        "holdout_rows": data.holdout_rows,
    }


def read_rule(found: object) -> runs.Rule:
    """Return the verdict of a learner's rule as a rule of the gate.

    Raises
    ------
    PartError
        If it is not a dict of value, limit and passed.

    Examples
    --------
    >>> read_rule({"value": 0.4, "limit": 0.5, "passed": False}).rule
    'your own rule'
    """
    if not isinstance(found, Mapping):
        kind = "nothing" if found is None else f"a {type(found).__name__}"
        raise PartError(
            f"Your part rule returned {kind}; it must return a dict of value, limit and passed."
        )
    passed = found.get("passed")
    # A comparison of NumPy's answers with its own kind of bool.
    if type(passed).__name__ not in {"bool", "bool_"}:
        raise PartError("Your part rule returned no 'passed' that is True or False.")
    return runs.Rule(
        rule=_read_text(found, "rule", _NAME),
        value=_read_number(found, "value"),
        limit=_read_number(found, "limit"),
        passed=bool(passed),
        advice=_read_text(found, "advice", _ADVICE),
        setting=f"{parts.FOLDER}/rule.py",
    )


def _read_number(found: Mapping[str, object], name: str) -> float:
    value = found.get(name)
    try:
        number = math.nan if isinstance(value, str | bytes) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise PartError(f"Your part rule returned no {name!r} that is a finite number.")
    return number


def _read_text(found: Mapping[str, object], name: str, default: str) -> str:
    value = found.get(name)
    return value[:_MAX_TEXT] if isinstance(value, str) and value.strip() else default

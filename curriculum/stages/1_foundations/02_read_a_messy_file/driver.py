"""Hands the file over as bytes: as text they came, one character for each byte."""

from types import ModuleType


def drive(learner: ModuleType, body: str, numeric: list[str], decimal: str) -> object:
    """Call `read_table` with bytes."""
    answer: object = learner.read_table(body.encode("latin-1"), numeric, decimal)
    return answer

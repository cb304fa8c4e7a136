"""Read what a learner's function returned, and say plainly what is wrong with its shape."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.counted import counted
from curriculum.checker.results import Failure


def name_type(answer: object) -> str:
    """Name what was returned, in words for a learner."""
    if answer is None:
        return "nothing was returned"
    length = f" of {len(answer)}" if isinstance(answer, list | dict | str) else ""
    shape = f" of shape {answer.shape}" if isinstance(answer, np.ndarray) else ""
    return f"a {type(answer).__name__}{length or shape}"


def read_fields(answer: object, names: Iterable[str], *, where: str) -> Failure | None:
    """Return a failure when `answer` is no dict with these fields."""
    names = list(names)
    if not isinstance(answer, dict):
        return Failure(expected="a dict", observed=name_type(answer), where=where)
    absent = [name for name in names if name not in answer]
    if absent:
        return Failure(
            expected=f"the fields {', '.join(names)}",
            observed=f"no {', '.join(absent)}",
            where=where,
        )
    return None


def read_numbers(
    answer: object, shape: tuple[int, ...], *, what: str, where: str, finite: bool = True
) -> NDArray[np.float64] | Failure:
    """Return numbers as an array of this shape, or what is wrong with them.

    Parameters
    ----------
    what
        What the numbers are: "one probability for every row".
    finite
        Whether NaN and infinity are wrong.
    """
    expected = f"{what}: {_count(shape)}"
    if answer is None:
        return Failure(expected=expected, observed=name_type(answer), where=where)
    try:
        found = np.asarray(answer, dtype=np.float64)
    except (TypeError, ValueError):
        return Failure(expected=expected, observed=_not_numbers(answer), where=where)
    if found.shape != shape and found.size == np.prod(shape) and 1 in found.shape:
        found = found.reshape(shape)  # a column for a row: the numbers are all there
    if found.shape != shape:
        return Failure(expected=expected, observed=f"shape {found.shape}", where=where)
    if finite and not np.isfinite(found).all():
        count = int((~np.isfinite(found)).sum())
        observed = f"{count} of {found.size} are NaN or infinite"
        return Failure(expected=expected, observed=observed, where=where)
    return found


def read_flags(answer: object, count: int, *, what: str, where: str) -> NDArray[np.bool_] | Failure:
    """Return `count` truths as an array, or what is wrong with them."""
    found = read_numbers(answer, (count,), what=what, where=where)
    if isinstance(found, Failure):
        return found
    if not np.isin(found, (0, 1)).all():
        return Failure(expected=f"{what}: True or False", observed="other values", where=where)
    return found.astype(np.bool_)


def read_names(
    answer: object, allowed: Iterable[str], *, what: str, where: str
) -> list[str] | Failure:
    """Return a list of distinct names out of `allowed`, or what is wrong with it."""
    if isinstance(answer, np.ndarray):
        answer = answer.tolist()
    if isinstance(answer, set | frozenset | tuple):
        answer = sorted(answer)
    if not isinstance(answer, list):
        return Failure(expected=what, observed=name_type(answer), where=where)
    known = set(allowed)
    strange: list[Any] = [each for each in answer if not isinstance(each, str) or each not in known]
    if strange:
        observed = counted(len(strange), "entry that is none", "entries that are none") + " of them"
        return Failure(expected=what, observed=observed, where=where)
    return sorted(set(answer))


def show(names: Iterable[object], most: int = 6) -> str:
    """List a few names for a message; "none" for none."""
    found = [str(name) for name in names]
    more = f" and {len(found) - most} more" if len(found) > most else ""
    return (", ".join(found[:most]) + more) or "none"


def _count(shape: tuple[int, ...]) -> str:
    if len(shape) == 1:
        return counted(shape[0], "number")
    return "numbers of shape (" + ", ".join(map(str, shape)) + ")"


def _not_numbers(answer: object) -> str:
    return f"{name_type(answer)}, which cannot be read as numbers"

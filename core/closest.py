"""The name that was meant: of all that there are, the one most like the one that was written."""

import difflib
from collections.abc import Iterable


def find_closest(wanted: str, names: Iterable[str]) -> str | None:
    """Return the name that is most like `wanted`, in capitals or not; None if none is like it.

    >>> find_closest("Age", ["name", "age"])
    'age'
    """
    folded = {name.casefold(): name for name in names}
    close = difflib.get_close_matches(wanted.casefold(), folded, n=1)
    return folded[close[0]] if close else None

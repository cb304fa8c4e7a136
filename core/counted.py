"""A number and what it counts, as one says it: ``1 row goes``, ``2,000 rows go``."""


def counted(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun, and with the verb where one follows.

    Parameters
    ----------
    number : int
        How many there are.
    one : str
        What follows the number 1.
    many : str
        What follows any other number; `one` with an s at its end if not given.

    Returns
    -------
    str

    Examples
    --------
    >>> counted(1, "row")
    '1 row'
    >>> counted(2000, "row goes", "rows go")
    '2,000 rows go'
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"

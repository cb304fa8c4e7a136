"""The faults that a person meets, one class for each way out.

Each class carries the exit code of the ``loop`` command, so that a script can tell a mistake in
a file (2) from a cloud that is down (6) without reading the text.
"""


class LoopError(Exception):
    """A fault with a message for the person in front of it.

    Parameters
    ----------
    what : str
        What was wrong and where, in one line. Never the value of a cell or a field: those may be
        private.
    next_step : str, optional
        What to do about it: a command to run, a setting to change.
    """

    exit_code = 1

    def __init__(self, what: str, *, next_step: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.next_step = next_step

    def __str__(self) -> str:
        return self.what


class InvalidInputError(LoopError):
    """A file, a setting or a request is wrong, and the person can correct it."""

    exit_code = 2


class NotFoundError(LoopError):
    """What was asked for is not there."""

    exit_code = 3


class ConflictError(LoopError):
    """Somebody else was faster, or it exists already."""

    exit_code = 4


class IntegrityError(LoopError):
    """A hash, a size or a format is not what was promised."""

    exit_code = 5


class UnavailableError(LoopError):
    """The cloud does not answer, or the machine is out of something; trying again may help."""

    exit_code = 6

"""What makes a file useless for a contract, whatever its cells hold: said in one line."""

from core.closest import find_closest
from core.contract import MAX_COLUMNS
from core.errors import InvalidInputError
from training.data.stated import Stated
from training.data.table import RawTable
from training.data.validate import MAX_BAD_SHARE

_MAX_NAMES = 40
_MAX_NAME_CHARACTERS = 256


def check_rows(raw: RawTable, filename: str) -> None:
    """Refuse a file of which most rows cannot be cut into the header's columns."""
    if len(raw.ragged) <= MAX_BAD_SHARE * raw.row_count:
        return
    first = raw.ragged[0]
    raise InvalidInputError(
        f"{filename}: {len(raw.ragged)} of {raw.row_count} rows have another number of fields "
        f"than the header, which has {len(raw.columns)}; the first is row {first.row_number}, "
        f"with {len(first.cells)}.",
        next_step=_say_how_to_mend(raw),
    )


def _say_how_to_mend(raw: RawTable) -> str:
    """Return what to do; R and delimiters at the end of lines make all rows longer by one."""
    if len(raw.ragged) == raw.row_count and all(
        len(row.cells) == len(raw.columns) + 1 for row in raw.ragged
    ):
        if all(not row.cells[-1] for row in raw.ragged):
            return "Take the delimiter off the end of every row, or put one at the header's too."
        return (
            "Name every column in the header. R leaves out the name of its row names: write the"
            " file with row.names = FALSE."
        )
    return "Give every row as many fields as the header (quote a field that holds the delimiter)."


def check_names(raw: RawTable, filename: str) -> None:
    """Refuse a file with too many columns, or with a name that cannot be shown."""
    columns = raw.columns
    if len(columns) > MAX_COLUMNS:
        raise InvalidInputError(
            f"{filename} has {len(columns)} columns; at most {MAX_COLUMNS} are read.",
            next_step="Leave out columns that cannot help.",
        )
    for place, column in enumerate(columns, start=1):
        if not column.isprintable() or len(column) > _MAX_NAME_CHARACTERS:
            raise InvalidInputError(
                f"{filename}, row 1: the name of column {place} is not printable, or longer than "
                f"{_MAX_NAME_CHARACTERS} characters.",
                next_step="Give the column a plain name.",
            )


def check_roles(raw: RawTable, filename: str, *, target: str, stated: Stated) -> None:
    """Refuse roles of columns that are not there, and two roles of one column."""
    named = {
        "target": target,
        "identifier": stated.identifier,
        "group": stated.group,
        "time": stated.time,
    }
    wanted = [(role, column) for role, column in named.items() if column is not None]
    roles: dict[str, str] = {}
    for role, column in [*wanted, *(("a feature", column) for column in stated.columns)]:
        if column not in raw.columns:
            raise _no_such_column(column, raw.columns, filename)
        if column in roles:
            raise InvalidInputError(
                f"Column {column!r} cannot be both {roles[column]} and {role}.",
                next_step="Choose two different columns.",
            )
        roles[column] = role


def _no_such_column(wanted: str, columns: tuple[str, ...], filename: str) -> InvalidInputError:
    shown = ", ".join(columns[:_MAX_NAMES])
    more = f" and {len(columns) - _MAX_NAMES} more" if len(columns) > _MAX_NAMES else ""
    close = find_closest(wanted, columns)
    if 2 * sum(column == f"unnamed_{i}" for i, column in enumerate(columns, 1)) >= len(columns):
        hint = "Is there a line above the one with the names? Delete it."
    elif len(columns) == 1:
        hint = "One column only: is there a comma, semicolon, tab or bar between the fields?"
    elif close:
        hint = f"Was {close!r} meant?"
    else:
        hint = "Choose one of these columns."
    return InvalidInputError(
        f"{filename} has no column {wanted!r}; its columns are: {shown}{more}.", next_step=hint
    )

"""What follows from a data contract's fields, however it was read."""

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from core.contract import Column

BLANKS = " \t\r\n\v\f\u00a0"
"""What is taken off both ends of every cell and of every text in a request."""

MISSING_MARKERS: Final = (
    "", "?", "-", "--", ".", "NA", "N/A", "n/a", "#N/A", "<NA>", "na", "null", "NULL", "Null",
    "NaN", "nan", "NaT", "None",
)  # fmt: skip
"""Texts that mean "not known" everywhere. A contract that declares one of them as a category or
class keeps it as that."""


class ContractView:
    """The model inputs of a contract; it has the fields ``columns`` and ``missing``."""

    __slots__ = ()

    if TYPE_CHECKING:
        columns: Any
        missing: Any

    @property
    def numeric_columns(self) -> "tuple[Column, ...]":
        """The columns of a model's input ``numeric``, in order."""
        return tuple(c for c in self.columns if c.kind in ("numeric", "boolean"))

    @property
    def categorical_columns(self) -> "tuple[Column, ...]":
        """The columns whose values are categories, in order."""
        return tuple(c for c in self.columns if c.kind == "categorical")

    @property
    def text_columns(self) -> "tuple[Column, ...]":
        """The columns whose values are free text, in order."""
        return tuple(c for c in self.columns if c.kind == "text")

    @property
    def string_columns(self) -> "tuple[Column, ...]":
        """The columns of a model's input ``strings``, in order: categories first, then texts."""
        return self.categorical_columns + self.text_columns

    @property
    def missing_markers(self) -> tuple[str, ...]:
        """All texts that mean "not known" here."""
        return tuple(dict.fromkeys((*MISSING_MARKERS, *self.missing)))

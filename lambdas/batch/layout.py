"""A file as shards: what each of them is, and what they have in common."""

from dataclasses import dataclass

from core.contract import FileFormat
from core.errors import InvalidInputError
from training.data.read import recognise
from training.data.table import CANNOT_PARSE

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Shard:
    """A stretch of a file that is read, scored and written by itself.

    Attributes
    ----------
    number : int
        From 0.
    start, end : int
        Its first byte, and the byte after its last: of a Parquet file, those of the row groups that
        hold its rows.
    first_row : int
        What its first row is called in the file.
    rows : int
        Its rows; of a CSV its records, blank ones too.
    """

    number: int
    start: int
    end: int
    first_row: int
    rows: int


@dataclass(frozen=True, slots=True)
class Layout:
    """What all shards of a file have in common.

    Attributes
    ----------
    is_parquet : bool
    encoding : str
        Of a CSV: UTF-8 if all of it is that, else what its contract says.
    delimiter : str
    header : bytes
        Its header with a line feed; made, where the file has none.
    """

    is_parquet: bool
    encoding: str = "utf-8"
    delimiter: str = ","
    header: bytes = b""


def check_head(head: bytes, name: str) -> None:
    """Refuse a file that begins like no table.

    Raises
    ------
    InvalidInputError
        One sentence.
    """
    if not head.strip():
        raise InvalidInputError(f"{name} is empty.", next_step="Send a file with a header and rows")
    if what := recognise(head):
        raise InvalidInputError(f"{name} is {what}, not CSV or Parquet.", next_step=CANNOT_PARSE)


class Letters:
    """How a CSV's letters are written, found out while its records go by.

    Attributes
    ----------
    encoding : str
        UTF-8 as long as nothing else was seen.
    """

    def __init__(self, written: FileFormat, name: str, *, encoding: str = "utf-8") -> None:
        self.encoding = encoding
        self._written = written
        self._name = name

    def look(self, records: bytes, *, row: int) -> None:
        """Look at whole records, and refuse what no CSV holds; `row` is the first one's number.

        Raises
        ------
        InvalidInputError
            One sentence.
        """
        if (nul := records.find(b"\0")) >= 0:
            row += records.count(b"\n", 0, nul)
            raise InvalidInputError(
                f"{self._name}, row {row}: a NUL byte, which no CSV holds.",
                next_step="Save the file as UTF-8 text.",
            )
        if self.encoding != "utf-8" or records.isascii():
            return
        try:
            records.decode()
        except UnicodeDecodeError as error:
            if self._written.encoding != "utf-8":
                self.encoding = self._written.encoding
                return
            row += records.count(b"\n", 0, error.start)
            raise InvalidInputError(
                f"{self._name}, row {row}: not UTF-8 text.", next_step="Save the file in UTF-8."
            ) from None

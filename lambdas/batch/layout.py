"""A file as shards: what each of them is, and what they have in common."""

import codecs
from collections.abc import Iterable, Iterator
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
        Its header with its line end, as it is in the file; made, where the file has none.
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
    """How a CSV's letters are written, found out while its blocks go by.

    Attributes
    ----------
    encoding : str
        UTF-8 as long as nothing else was seen.
    """

    def __init__(self, written: FileFormat, name: str, *, encoding: str = "utf-8") -> None:
        self.encoding = encoding
        self._written = written
        self._name = name

    def watch(self, blocks: Iterable[bytes], *, row: int) -> Iterator[bytes]:
        """Yield blocks, and refuse what no CSV holds; `row` is the number of the first line."""
        decoder = codecs.getincrementaldecoder("utf-8")()
        for block in blocks:
            if (nul := block.find(b"\0")) >= 0:
                row += block.count(b"\n", 0, nul)
                raise InvalidInputError(
                    f"{self._name}, row {row}: a NUL byte, which no CSV holds.",
                    next_step="Save the file as UTF-8 text.",
                )
            if self.encoding == "utf-8" and not (block.isascii() and not decoder.getstate()[0]):
                self._decode(decoder, block, row=row)
            row += block.count(b"\n")
            yield block
        if self.encoding == "utf-8":
            self._decode(decoder, b"", row=row, final=True)

    def _decode(
        self, decoder: codecs.IncrementalDecoder, block: bytes, *, row: int, final: bool = False
    ) -> None:
        try:
            decoder.decode(block, final)
        except UnicodeDecodeError as error:
            if self._written.encoding != "utf-8":
                self.encoding = self._written.encoding
                return
            row += block.count(b"\n", 0, max(0, error.start))
            raise InvalidInputError(
                f"{self._name}, row {row}: not UTF-8 text.", next_step="Save the file in UTF-8."
            ) from None

"""The SQL of one text cell: its text, number, truth or time, as a person would read it.

Every name and text from outside is quoted here before it becomes part of a statement.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from core.contract import BLANKS, Contract, FileFormat, TimeFormat
from core.values import FALSE_WORDS, LARGEST_FLOAT32, TRUE_WORDS, parse_markers

_FALSES, _TRUES = (
    tuple(dict.fromkeys((*words, *map(str.capitalize, words), *map(str.upper, words))))
    for words in (FALSE_WORDS, TRUE_WORDS)
)

ODD_MARKS = ("_", "+-")
"""What stands in texts that duckdb casts to numbers although they are none: 1_000 and +-5."""

_CLOCKS = ("", " %H:%M", " %H:%M:%S")
# Two-digit years come first: "%Y" would take 24 for the year 24.
_DAYS = {
    "day_first": ("%d.%m.%y", "%d/%m/%y", "%d-%m-%y", "%d.%m.%Y", "%d/%m/%Y", "%d-%m-%Y"),
    "month_first": ("%m/%d/%y", "%m-%d-%y", "%m/%d/%Y", "%m-%d-%Y"),
}
_ENDS = "[ \\t\\r\\n\\x{0b}\\f\\x{a0}]"
_ANY_BLANK = "[ \\x{a0}\\x{202f}]"
_EXPONENT = "([eE][+-]?[0-9]+)?"


@dataclass(frozen=True, slots=True)
class Manner:
    """How numbers and missing values are written in a file.

    Attributes
    ----------
    file : FileFormat
        Its decimal mark, the mark between thousands, and the units beside numbers.
    missing : tuple of str
        What means "not known".
    """

    file: FileFormat
    missing: tuple[str, ...]

    @property
    def missing_numbers(self) -> tuple[float, ...]:
        """The numbers that mean "not known"."""
        return tuple(parse_markers(self.missing))


def manner_of(contract: Contract) -> Manner:
    """Return how a contract's files write numbers and missing values."""
    return Manner(contract.file, contract.missing_markers)


def quote_text(text: str) -> str:
    """Return a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def quote_name(name: str) -> str:
    """Return a column's name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def quote_texts(texts: Iterable[str]) -> str:
    """Return texts as a list of SQL literals."""
    return ", ".join(quote_text(text) for text in texts)


def as_text(cell: str, kind: str, *, decimal: str = ".") -> str:
    """Return the SQL of the text of a cell of any type, from which the same number is read.

    Numbers have the decimal mark with which texts are read afterwards.

    The shortest text of float32's largest number, 3.4028235e38, is that of a larger one.
    """
    text = f"CAST({cell} AS VARCHAR)"
    if kind == "FLOAT":
        largest = f"abs({cell}) = {LARGEST_FLOAT32!r}::FLOAT"
        text = f"CASE WHEN {largest} THEN CAST(CAST({cell} AS DOUBLE) AS VARCHAR) ELSE {text} END"
    if decimal != "." and kind.startswith(("FLOAT", "DOUBLE", "DECIMAL")):
        text = f"replace({text}, '.', {quote_text(decimal)})"
    return text


def trimmed(cell: str) -> str:
    """Return the SQL of a cell's text without blanks at its ends."""
    return f"trim({cell}, {quote_text(BLANKS)})"


def is_unclear(cell: str, manner: Manner) -> str:
    """Return the SQL of a cheap question: whether a text may need trimming, or mean "missing"."""
    longest = max(len(marker.encode()) for marker in manner.missing)
    # The trim itself, and a list of texts for every cell, take several times as long.
    return (
        f"CASE WHEN strlen({cell}) <= {longest} THEN {cell} IN ({quote_texts(manner.missing)})"
        f" ELSE FALSE END OR regexp_matches({cell}, '^{_ENDS}|{_ENDS}$')"
    )


def unless_missing(text: str, manner: Manner, *, declared: Iterable[str] = ()) -> str:
    """Return the SQL of a text, NULL when it means "missing"; declared texts are kept."""
    kept = set(declared)
    markers = [marker for marker in manner.missing if marker not in kept]
    if not markers:
        return text
    return f"CASE WHEN {text} NOT IN ({quote_texts(markers)}) THEN {text} END"


def known_text(cell: str, manner: Manner, *, declared: Iterable[str] = ()) -> str:
    """Return the SQL of a cell's text without blanks at its ends, NULL when it is missing."""
    return unless_missing(trimmed(cell), manner, declared=declared)


def fast_number(cell: str, manner: Manner) -> str:
    """Return the SQL of a first reading of a number (DOUBLE); NULL where that is in doubt."""
    if manner.file.decimal == ",":
        cell = f"CASE WHEN NOT contains({cell}, '.') THEN replace({cell}, ',', '.') END"
    return f"TRY_CAST({cell} AS DOUBLE)"


def is_odd(cell: str, marks: Iterable[str] = ODD_MARKS) -> str:
    """Return the SQL of whether a text holds one of the marks, for which a cast is no reading."""
    return " OR ".join(f"contains({cell}, {quote_text(mark)})" for mark in marks)


def number(text: str, manner: Manner) -> str:
    """Return the SQL of the number (DOUBLE) that a trimmed text is, NULL when it is none."""
    bare = _without_units(text, manner)
    # The pattern keeps out what a cast would take: infinities, and what `ODD_MARKS` stand in.
    found = f"CASE WHEN regexp_full_match({bare}, {quote_text(_number_pattern(manner))})"
    found += f" THEN TRY_CAST({_plain_digits(bare, manner)} AS DOUBLE) END"
    if not manner.missing_numbers:
        return found
    return f"CASE WHEN {is_missing_number(found, manner)} THEN NULL ELSE {found} END"


def known_number(cell: str, manner: Manner) -> str:
    """Return the SQL of a cell's number (DOUBLE), NULL when it is none."""
    # A marker without a digit is no number anyway; the longer the statement, the dearer.
    markers = tuple(marker for marker in manner.missing if any(map(str.isdigit, marker)))
    return number(known_text(cell, Manner(manner.file, markers)), manner)


def is_missing_number(value: str, manner: Manner) -> str:
    """Return the SQL of whether a number means "missing"."""
    return f"{value} IN ({', '.join(f'{each!r}::DOUBLE' for each in manner.missing_numbers)})"


def quick_truth(cell: str) -> str:
    """Return the SQL of a first reading of a boolean as one of the usual spellings."""
    return f"TRY_CAST({cell} AS ENUM({quote_texts((*_FALSES, *_TRUES))}))"


def is_quick_truth(spelling: str) -> str:
    """Return the SQL of the boolean that a first reading says."""
    return f"enum_code({spelling}) >= {len(_FALSES)}"


def truth(text: str) -> str:
    """Return the SQL of the boolean that a trimmed text is, NULL when it is none."""
    return (
        f"CASE WHEN lower({text}) IN ({quote_texts(TRUE_WORDS)}) THEN TRUE"
        f" WHEN lower({text}) IN ({quote_texts(FALSE_WORDS)}) THEN FALSE END"
    )


def moment(text: str, time_format: TimeFormat, manner: Manner) -> str:
    """Return the SQL of a time as seconds since 1970 (DOUBLE), or of its number."""
    if time_format == "number":
        return number(text, manner)
    if time_format == "iso":
        # The pattern keeps out words that a cast would take: epoch, infinity.
        return (
            f"CASE WHEN regexp_matches({text}, '^[0-9]{{4}}[-/]')"
            f" THEN epoch(TRY_CAST({text} AS TIMESTAMP)) END"
        )
    formats = quote_texts(day + clock for day in _DAYS[time_format] for clock in _CLOCKS)
    return f"epoch(try_strptime({text}, [{formats}]))"


def _number_pattern(manner: Manner) -> str:
    mark = _escape(manner.file.decimal)
    whole = "[0-9]+"
    if manner.file.thousands:
        between = _between_thousands(manner.file.thousands)
        whole = f"([0-9]{{1,3}}({between}[0-9]{{3}})+|[0-9]+)"
    return f"[+-]?({whole}({mark}[0-9]*)?|{mark}[0-9]+){_EXPONENT}"


def _without_units(text: str, manner: Manner) -> str:
    if not manner.file.units:
        return text
    units = "|".join(_escape(unit) for unit in manner.file.units)
    left = f"regexp_replace({text}, '^([+-]?)({units}) *', '\\1')"
    return f"regexp_replace({left}, ' *({units})$', '')"


def _plain_digits(text: str, manner: Manner) -> str:
    if manner.file.thousands:
        between = quote_text(_between_thousands(manner.file.thousands))
        text = f"regexp_replace({text}, {between}, '', 'g')"
    return f"replace({text}, ',', '.')" if manner.file.decimal == "," else text


def _between_thousands(mark: str) -> str:
    return _ANY_BLANK if mark == " " else _escape(mark)


def _escape(text: str) -> str:
    return "".join(f"\\x{{{ord(letter):x}}}" for letter in text)

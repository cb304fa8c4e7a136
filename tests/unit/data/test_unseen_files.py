"""Files as people have them: each gives the right contract, or one clear sentence."""

import csv
import gzip
import io
import json
from collections.abc import Mapping, Sequence

import pytest

from core import keys
from core.errors import InvalidInputError, LoopError
from core.store import open_memory
from training.data.infer import Inferred, infer_contract
from training.data.stated import Stated, parse_missing
from training.data.validate import Validation, validate_raw

ROWS = 90
X = [f"{(row * 37) % 101 / 4}" for row in range(ROWS)]
Y = ["no" if row % 3 else "yes" for row in range(ROWS)]


def _csv(columns: Mapping[str, Sequence[str]], *, delimiter: str = ",", end: str = "\n") -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end)
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return text.getvalue()


def _each(*texts: str) -> list[str]:
    return [texts[row % len(texts)] for row in range(ROWS)]


def _rows(pattern: str, *, scale: float = 1.0) -> list[str]:
    return [pattern.format(row * scale) for row in range(ROWS)]


def _take(body: str | bytes, *, target: str = "y", **said: object) -> tuple[Inferred, Validation]:
    """Infer a contract, and validate the same file by it."""
    body = body if isinstance(body, bytes) else body.encode()
    stated = Stated(**said)  # type: ignore[arg-type]
    inferred = infer_contract(body, filename="some.csv", target=target, stated=stated)
    store, key = open_memory(), keys.raw("some", "0" * 64, "some.csv")
    store.put(key, body)
    return inferred, validate_raw(store, raw_key=key, contract=inferred.contract)


def _kinds(inferred: Inferred) -> dict[str, str]:
    """Return the kind of each feature, and the role of each other column."""
    return {
        each.column: each.kind if each.role == "feature" else each.role
        for each in inferred.evidence
        if each.column != inferred.contract.target
    }


CELLS: dict[str, tuple[list[str], str]] = {
    "numbers with blanks around them": (_each(" 1.5 ", "", " ", "20"), "numeric"),
    "every missing marker": (_each("?", "NA", "null", "-", "nan", "None", "7", "8.5"), "numeric"),
    "scientific": (_each("1e-3", "2.5E+2", "7"), "numeric"),
    "years": (_each("1999", "2001", "2024"), "numeric"),
    "dollars": (_each("$1,234.50", "$7.00", "-$12.10"), "numeric"),
    "euros after the number": (_each("12.50 €", "7 €"), "numeric"),
    "percent": (_each("12%", "7.5%", "100 %"), "numeric"),
    "thousands": (_each("1,234", "56", "1,234,567.5"), "numeric"),
    "thousands with a blank": (_each("1 234", "56", "7\u202f654"), "numeric"),
    "thousands with an apostrophe": (_each("1'234.5", "56"), "numeric"),
    "yes and no": (_each("Yes", "no"), "boolean"),
    "TRUE and False": (_each("TRUE", "False"), "boolean"),
    "0 and 1": (_each("0", "1", ""), "boolean"),
    "texts of three": (_each("red", "green", " blue "), "categorical"),
    "codes with leading zeros": (_each("01067", "80331", "00501"), "categorical"),
    "remarks": ([f"the customer said, {row} times, no" for row in range(ROWS)], "text"),
    "remarks of two lines": ([f'line {row}\nand "another" one' for row in range(ROWS)], "text"),
    "days": (_each("2024-01-31", "2024-02-29"), "ignored"),
    "moments with zones": (_each("2024-01-31T10:00:00Z", "2024-02-29 10:00:00+02:00"), "ignored"),
    "European days": (_each("31.01.2024", "29.02.2024"), "ignored"),
    "American days": (_each("1/31/2024", "2/29/24"), "ignored"),
    "days with names of months": (_each("28 Jan 2024", "3-Feb-2024", "Mar 4, 2024"), "ignored"),
    "days without marks": (_each("20240131", "20240229"), "ignored"),
    "times of the day": (_each("10:15", "23:59:01"), "ignored"),
    "nothing": (_each("", "NA"), "ignored"),
    "one value": (_each("same"), "ignored"),
    "infinities only": (_each("inf"), "ignored"),
    "unique texts": (_rows("C-{:05.0f}"), "identifier"),
}


@pytest.mark.parametrize(("cells", "kind"), CELLS.values(), ids=CELLS.keys())
def test_a_column_is_what_its_cells_say(cells: list[str], kind: str) -> None:
    inferred, validation = _take(_csv({"x": X, "odd": cells, "y": Y}))
    assert _kinds(inferred)["odd"] == kind
    assert (validation.status, validation.quarantined) == ("ok", 0)


@pytest.mark.parametrize(
    ("name", "cells", "kind"),
    [
        ("customer_id", [f"{1001 + row}.0" for row in range(ROWS)], "identifier"),
        ("zip", [str(10000 + row % 40) for row in range(ROWS)], "categorical"),
        ("status_code", _each("200", "404", "500"), "categorical"),
        ("größe", X, "numeric"),
        ("年齢", X, "numeric"),
        ('x"; DROP TABLE raw; --', X, "numeric"),
        ("c0", X, "numeric"),
        ("place", X, "numeric"),
    ],
)
def test_a_columns_name_may_be_anything(name: str, cells: list[str], kind: str) -> None:
    inferred, validation = _take(_csv({"first": X, name: cells, "y": Y}))
    assert _kinds(inferred)[name] == kind
    assert validation.status == "ok"


TARGETS: dict[str, tuple[list[str], str, tuple[str, ...]]] = {
    "blanks among them": (_each("yes", "no", " "), "binary", ("no", "yes")),
    "TRUE and False": (_each("TRUE", "False"), "binary", ("False", "TRUE")),
    "Y and N": (_each("Y", "N", "N"), "binary", ("N", "Y")),
    "1 and 2": (_each("1", "1", "2"), "binary", ("1", "2")),
    "1.0 and 0.0": (_each("1.0", "1.0", "0.0"), "binary", ("0.0", "1.0")),
    "-1 and 1": (_each("-1", "1", "1"), "binary", ("-1", "1")),
    "incomes": (_each(" <=50K", " <=50K", " >50K"), "binary", ("<=50K", ">50K")),
    "classes with blanks": (_each("so so", "a", "b"), "multiclass", ("a", "b", "so so")),
    "counts": ([str(row * row % 83) for row in range(ROWS)], "regression", ()),
    "prices": ([f"${row * 1000:,}" for row in range(ROWS)], "regression", ()),
    "halves": (_each("1.5", "2.0", "3.5"), "regression", ()),
}  # fmt: skip


@pytest.mark.parametrize(("cells", "task", "classes"), TARGETS.values(), ids=TARGETS.keys())
def test_a_target_asks_for_the_task_that_its_values_make(
    cells: list[str], task: str, classes: tuple[str, ...]
) -> None:
    inferred, validation = _take(_csv({"x": X, "y": cells}))
    assert (inferred.contract.task, inferred.contract.classes) == (task, classes)
    assert validation.status == "ok"


def test_a_target_may_have_26_classes() -> None:
    letters = [chr(65 + row % 26) for row in range(520)]
    numbers = [str(row % 17 / 4) for row in range(520)]
    inferred, validation = _take(_csv({"x": numbers, "y": letters}))
    assert len(inferred.contract.classes) == 26
    assert validation.rows == 520


TABLE = _csv({"x": X, "k": _each("a", "b"), "y": Y})
QUOTED_TABLE = '"' + TABLE.strip().replace(",", '","').replace("\n", '"\n"') + '"\n'
WRITTEN: dict[str, bytes] = {
    "with a byte-order mark": b"\xef\xbb\xbf" + TABLE.encode(),
    "with semicolons": TABLE.replace(",", ";").encode(),
    "with tabs": TABLE.replace(",", "\t").encode(),
    "with bars": TABLE.replace(",", "|").encode(),
    "by Windows": TABLE.replace("\n", "\r\n").encode(),
    "by an old Macintosh": TABLE.replace("\n", "\r").encode(),
    "without a last line end": TABLE.rstrip().encode(),
    "with blank rows": TABLE.replace("\n", "\n\n").encode(),
    "with every field quoted": QUOTED_TABLE.encode(),
    "with a delimiter at every end": TABLE.replace("\n", ",\n").encode(),
    "in Latin-1": TABLE.replace("a,", "Köln,").encode("latin-1"),
    "in Windows-1252": TABLE.replace("a,", "5 € “quoted”,").encode("windows-1252"),
}  # fmt: skip


@pytest.mark.parametrize("body", WRITTEN.values(), ids=WRITTEN.keys())
def test_the_same_table_is_read_however_it_is_written(body: bytes) -> None:
    inferred, validation = _take(body)
    kinds = _kinds(inferred)
    assert (kinds["x"], kinds["k"]) == ("numeric", "categorical")
    assert (validation.rows, validation.quarantined) == (ROWS, 0)


@pytest.mark.parametrize(
    ("price", "weight", "style"),
    [
        ("{:.2f}", "7,5", {"decimal": ","}),
        ("1.{:06.2f}", "1.250", {"decimal": ",", "thousands": "."}),
    ],
)
def test_numbers_have_a_comma_before_their_fraction_where_semicolons_divide(
    price: str, weight: str, style: dict[str, str]
) -> None:
    prices = [text.replace(".", ",") if "1." not in price else "1." + text[2:].replace(".", ",")
              for text in _rows(price, scale=1.3)]  # fmt: skip
    body = _csv({"price": prices, "weight": _each(weight, "2"), "y": Y}, delimiter=";")
    inferred, validation = _take(body)
    assert _kinds(inferred) == {"price": "numeric", "weight": "numeric"}
    assert inferred.contract.file.model_dump(exclude_defaults=True) == style
    assert "a comma before the fraction" in " ".join(inferred.file)
    assert validation.quarantined == 0


def test_numbers_keep_their_points_where_semicolons_divide_and_no_comma_is_to_be_seen() -> None:
    table = {"charge": [f" {text} " for text in X], "discount": _each("12%", "0%", "30%"), "y": Y}
    inferred, validation = _take(_csv(table, delimiter=";"))
    assert _kinds(inferred) == {"charge": "numeric", "discount": "numeric"}
    assert inferred.contract.file.model_dump(exclude_defaults=True) == {"units": ("%",)}
    assert validation.quarantined == 0


def test_one_price_with_a_comma_does_not_make_points_unreadable() -> None:
    table = {"a": X, "b": X[::-1], "price": _each("1,234", "2,500"), "y": Y}
    inferred, _ = _take(_csv(table, delimiter=";"))
    assert _kinds(inferred) == {"a": "numeric", "b": "numeric", "price": "numeric"}
    assert inferred.contract.file.model_dump(exclude_defaults=True) == {"thousands": ","}


def test_hints_can_be_copied_when_a_name_has_blanks() -> None:
    table = {"Signed up": _each("2024-01-31", "2024-02-29"), "Gone why": _each("x", "z", "z")}
    table |= {"x": X, "y": _each("yes", "no", "no")}
    inferred, _ = _take(_csv(table))
    why = " ".join(each.reason for each in inferred.evidence)
    assert "--time 'Signed up'" in why
    assert "--set 'Gone why.kind=ignored'" in why


def test_a_point_is_no_decimal_mark_when_a_person_says_so() -> None:
    body = _csv({"n": [f"{row * 3}.250" for row in range(ROWS)], "x": X, "y": Y}, delimiter=";")
    inferred, _ = _take(body, decimal=",", thousands=".")
    reason = next(each.reason for each in inferred.evidence if each.column == "n")
    assert reason.startswith("numbers from 250 to 267250")


def test_own_missing_markers_are_kept_in_the_contract() -> None:
    table = {"n": _each("-999", "-999.0", "1.5", "2"), "c": _each("unknown", "a", "b"), "y": Y}
    inferred, validation = _take(_csv(table), missing=parse_missing(["-999", "unknown"]))
    assert inferred.contract.missing == ("-999", "unknown")
    number, category = inferred.contract.columns
    assert (number.kind, number.nullable, number.minimum) == ("numeric", True, None)
    assert category.categories == ("a", "b")
    assert validation.quarantined == 0


def test_a_footer_goes_to_the_quarantine() -> None:
    _, validation = _take(TABLE + "total,,90\ntotal\n")
    assert (validation.rows, validation.quarantined) == (ROWS, 2)


def test_infinities_among_numbers_go_to_the_quarantine() -> None:
    numbers = [*X[:-3], "inf", "-inf", "1e400"]
    inferred, validation = _take(_csv({"x": numbers, "k": _each("a", "b"), "y": Y}))
    assert _kinds(inferred)["x"] == "numeric"
    assert (validation.rows, validation.quarantined) == (ROWS - 3, 3)


REFUSED: dict[str, tuple[str | bytes, str]] = {
    "empty": (b"", "is empty"),
    "blank": (b"\n \r\n", "is empty"),
    "header only": ("x,y\n", "a header and no rows"),
    "UTF-16": (TABLE.encode("utf-16"), "UTF-16"),
    "UTF-16 without a mark": (TABLE.encode("utf-16-le"), "NUL byte"),
    "gzip": (gzip.compress(TABLE.encode()), "compressed (gzip)"),
    "a spreadsheet": (b"PK\x03\x04" + b"x" * 99, "a spreadsheet"),
    "an array of JSON": (json.dumps([{"x": 1, "y": "a"}] * 60), "is JSON"),
    "lines of JSON": ('{"x": 1, "y": "a"}\n' * 60, "is JSON"),
    "a web page": ("<!DOCTYPE html><html></html>\n" * 9, "a web page"),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0", "a picture"),
    "a pickle": (b"\x80\x04\x95\x10\0\0", "a Python pickle"),
    "NUL bytes": (TABLE.replace("a", "\0", 1), "NUL byte"),
    "mixed encodings": ("k,y\n" + "Köln,a\n" * 60 + "X,b\n", "not UTF-8"),
    "duplicated names": (TABLE.replace("k", "x", 1), "columns 1 and 2 have the same name"),
    "a name like the target's": (TABLE.replace("k", "Y", 1), "columns 2 and 3 have the same name"),
    "no header": (TABLE.split("\n", 1)[1], "seems to have no header"),
    "a title above the header": ("Report 2024,,\n" + TABLE, "has no column 'y'"),
    "a comment above the header": ("# made by a tool\n" + TABLE, "another number of fields"),
    "a quotation mark never closed": (TABLE + '"oops,a,no\n', "opened and never closed"),
    "a name that cannot be shown": (TABLE.replace("k", "a\u200bb", 1), "not printable"),
    "too many columns": (",".join(map(str, range(2001))) + "\n" + "," * 2000, "at most 2000"),
    "one row": ("x,y\n1,a\n", "one value only"),
    "one class": (_csv({"x": X, "y": _each("a")}), "one value only"),
    "no target": (_csv({"x": X, "y": _each("")}), "no value"),
    "a rare class": (_csv({"x": X, "y": ["a"] * (ROWS - 3) + ["b"] * 3}), "a model needs two"),
    "two spellings": (_csv({"x": X, "y": _each("True", "true", "no")}), "lower case only"),
    "only the target": ("y\n" + "a\nb\n" * 60, "no column to learn from"),
}  # fmt: skip


@pytest.mark.parametrize(("body", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_learned_from_is_refused_in_one_sentence(
    body: str | bytes, said: str
) -> None:
    if said == "not UTF-8":
        body = str(body).encode().replace("Köln".encode(), "Köln".encode("latin-1"), 1)
    with pytest.raises(LoopError) as caught:
        _take(body)
    message = str(caught.value)
    assert said in message
    assert "\n" not in message
    assert len(message) < 250
    assert caught.value.next_step


@pytest.mark.parametrize(
    ("first", "last", "others", "advice"),
    [
        ("{},", "", "", "row.names = FALSE"),
        ("", ",", "", "off the end of every row"),
        ("", ",{}", "", "row.names = FALSE"),
        ("", ",,", "", "as many fields as the header"),
        ("{},", "", "1,b,no\n", "as many fields as the header"),
    ],
)
def test_rows_that_are_longer_than_the_header_are_told_how_they_came_to_be(
    first: str, last: str, others: str, advice: str
) -> None:
    header, *rows = TABLE.splitlines()
    longer = [first.format(i) + row + last.format(i) for i, row in enumerate(rows)]
    with pytest.raises(InvalidInputError, match="another number of fields") as caught:
        _take("\n".join([header, *longer, others]))
    assert advice in caught.value.next_step


def test_another_spelling_of_the_target_is_suggested() -> None:
    with pytest.raises(InvalidInputError) as caught:
        _take(TABLE, target="Y")
    assert caught.value.next_step == "Was 'y' meant?"


def test_a_thousand_columns_are_measured_at_once() -> None:
    table = {
        f"f{place}": [str((row * place) % 7 / 2) for row in range(60)] for place in range(1000)
    }
    body = _csv({**table, "y": ["a" if row % 2 else "b" for row in range(60)]})
    inferred = infer_contract(body.encode(), filename="wide.csv", target="y")
    assert len(inferred.contract.columns) + len(inferred.contract.ignored) == 1000


def test_a_file_like_adult_is_right_without_a_word() -> None:
    """Blanks before every field, ``?`` for missing, and no header."""
    work = _each("State-gov", "Private", "?", "Self-emp")
    table = {
        "age": [str(20 + row % 50) for row in range(ROWS)], "workclass": work,
        "fnlwgt": [str(77516 + row * 311) for row in range(ROWS)],
        "sex": _each("Male", "Female"), "income": _each("<=50K", "<=50K", ">50K"),
    }  # fmt: skip
    spaced = _csv(table).replace(",", ", ")
    inferred, validation = _take(spaced, target="income")
    assert list(_kinds(inferred).values()) == ["numeric", "categorical", "numeric", "categorical"]
    assert inferred.contract.classes == ("<=50K", ">50K")
    workclass = inferred.contract.columns[1]
    assert (workclass.nullable, len(workclass.categories or ())) == (True, 3)
    assert [column.sensitive for column in inferred.contract.columns] == [True, False, False, True]
    assert validation.quarantined == 0
    headerless = spaced.split("\n", 1)[1]
    with pytest.raises(InvalidInputError, match="no header"):
        _take(headerless, target="income")
    inferred, validation = _take(headerless, target="column_5", header=False)
    assert inferred.contract.classes == ("<=50K", ">50K")
    assert validation.rows == ROWS


def test_a_file_like_titanics_is_right_without_a_word() -> None:
    table = {
        "PassengerId": [str(row + 1) for row in range(ROWS)], "Survived": _each("0", "1", "0"),
        "Pclass": _each("1", "2", "3"),
        "Name": [f"Smith{row}, Mr. John (the {row}th)" for row in range(ROWS)],
        "Sex": _each("male", "female"), "Age": _each("22", "", "38.5", "26"),
        "Ticket": [f"A/5 {21171 + row}" if row % 2 else str(113803 + row) for row in range(ROWS)],
        "Fare": [str(row * 1.3) for row in range(ROWS)],
        "Cabin": [f"C{row}" if row % 5 == 0 else "" for row in range(ROWS)],
        "Embarked": _each("S", "C", "Q"),
    }  # fmt: skip
    inferred, validation = _take(_csv(table), target="Survived")
    assert _kinds(inferred) == {
        "PassengerId": "identifier", "Pclass": "numeric",
        "Name": "text", "Sex": "categorical", "Age": "numeric", "Ticket": "ignored",
        "Fare": "numeric", "Cabin": "categorical", "Embarked": "categorical",
    }  # fmt: skip
    assert inferred.contract.classes == ("0", "1")
    assert validation.quarantined == 0

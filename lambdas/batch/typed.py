"""The cells of a Parquet file: text as in a CSV, or as they are where they need no reading."""

from pathlib import Path

import duckdb

from core.contract import Contract
from core.errors import InvalidInputError
from lambdas.batch.layout import Shard
from lambdas.batch.row_groups import broken
from training.data.cells import as_text, quote_name, quote_text
from training.data.table import RawTable, declare_shifts, name_columns

# Each value of these is the same number when it goes by way of its text. FLOAT is not among them:
# its text, 0.1, is another double than the value.
_OWN = "file_row_number"
_NUMBERS = {"DOUBLE", "TINYINT", "SMALLINT", "INTEGER", "BIGINT"}


def read_groups(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    shard: Shard,
    contract: Contract,
    *,
    name: str,
) -> RawTable:
    """Make the view ``cells`` of the contract's columns of a shard, to be read with `fetch`.

    Of a file elsewhere only the shard's row groups are there: the query must leave out the others.

    Raises
    ------
    InvalidInputError
        If the file's columns cannot be told; one sentence.
    """
    kinds: dict[str | None, str] = {column.name: column.kind for column in contract.columns}
    kinds.setdefault(contract.identifier, "text")
    try:
        relation = connection.read_parquet(str(path))
        if _OWN in relation.columns:
            raise InvalidInputError(
                f"{name} has a column {_OWN!r}, a name that its reader needs for itself.",
                next_step="Give that column another name.",
            )
        names = name_columns(tuple(relation.columns), name=name)
        cells: list[str] = []
        columns: list[str] = []
        for written, column, kind in zip(relation.columns, names, relation.types, strict=True):
            if column not in kinds:
                continue
            cell = f"c{len(columns)}"
            if _may_stay(kinds[column], str(kind), contract):
                cells.append(f"{quote_name(written)} AS {cell}")
            else:
                text = as_text(quote_name(written), str(kind), decimal=contract.file.decimal)
                cells.append(f"{text} AS {cell}")
            columns.append(column)
        first = shard.first_row - 1
        connection.execute(
            f"CREATE VIEW cells AS SELECT {', '.join(cells) or '1 AS none'}"  # noqa: S608
            f" FROM read_parquet({quote_text(str(path))}, {_OWN} = true)"
            f" WHERE {_OWN} >= {first} AND {_OWN} < {first + shard.rows}"
        ).fetchall()
    except duckdb.Error as error:
        raise broken(name) from error
    declare_shifts(connection, [0], [shard.first_row])
    return RawTable(connection, name, tuple(columns), shard.rows)


def _may_stay(kind: str, written: str, contract: Contract) -> bool:
    """Whether a column's cells are read as they are, without a text between."""
    if kind == "boolean":
        return written == "BOOLEAN"
    return kind == "numeric" and written in _NUMBERS and contract.file.decimal == "."

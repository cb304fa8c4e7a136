"""Each shard is read in a database of its own, and nothing of it is left for the next one."""

from pathlib import Path

import duckdb
import pytest

from core.contract import FileFormat
from lambdas.batch import shards
from lambdas.batch.origin import FileOrigin
from lambdas.batch.shards import cut_file, fetch_shard
from tests.fixtures.bundles import make_contract

CONTRACT = make_contract()


def look(path: Path, content: str) -> tuple[list[tuple[str, ...]], set[str]]:
    """Return a file's first shard's cells, and what tables there are beside them."""
    path.write_text(content)
    origin = FileOrigin(path)
    stretch = cut_file(origin, FileFormat())
    with (
        fetch_shard(origin, stretch.layout, stretch.shards[0]) as fetched,
        fetched.open(CONTRACT) as raw,
    ):
        cells = raw.connection.execute("FROM cells").fetchall()
        found = raw.connection.execute("SHOW TABLES").fetchall()
        raw.connection.execute("CREATE TABLE left_over AS SELECT 1 AS one").fetchall()
    return cells, {name for (name,) in found}


def list_databases() -> set[str]:
    kept = shards.open_duckdb()
    return {
        name for (name,) in kept.execute("SELECT database_name FROM duckdb_databases()").fetchall()
    }


def test_a_shard_finds_nothing_of_the_one_before(tmp_path: Path) -> None:
    first = look(tmp_path / "a.csv", "age,plan\n1,pro\n")
    second = look(tmp_path / "b.csv", "age,plan\n2,basic\n")
    assert first == ([("1", "pro")], {"cells", "shifts"})
    assert second == ([("2", "basic")], {"cells", "shifts"})
    assert list_databases() == {"memory", "system", "temp"}


def test_shards_share_one_duckdb_until_one_fails(tmp_path: Path) -> None:
    look(tmp_path / "a.csv", "age\n1\n")
    kept = shards.open_duckdb()
    look(tmp_path / "a.csv", "age\n1\n")
    assert shards.open_duckdb() is kept
    with pytest.raises(duckdb.CatalogException), shards._open_database() as connection:
        connection.execute("FROM nothing").fetchall()
    assert shards.open_duckdb() is not kept
    assert look(tmp_path / "a.csv", "age\n3\n")[0] == [("3",)]
    assert list_databases() == {"memory", "system", "temp"}


def test_a_shard_is_read_by_one_thread() -> None:
    with shards._open_database() as connection:
        assert connection.execute("SELECT current_setting('threads')").fetchall() == [(1,)]

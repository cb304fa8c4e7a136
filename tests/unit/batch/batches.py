"""A model and files to score with it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest

from core.bundle import load_bundle
from core.contract import Contract
from core.store import open_memory
from lambdas.batch import cutting
from lambdas.batch.answer import Report
from lambdas.batch.run import score_file
from tests.fixtures.bundles import make_champion
from tests.unit.inference.service import Service

HEADER = "customer_id,age,plan,usage,active"
RECORDS: Sequence[Mapping[str, Any]] = (
    {"age": 30, "plan": "basic", "usage": 1.5, "active": True},
    {"age": 0.1, "plan": "gold", "usage": None, "active": False},
    {"age": 130, "plan": " pro ", "usage": 16777217, "active": None},
    {"age": 7, "plan": None, "usage": -1e5, "active": True},
    {"age": 119, "plan": "plus", "usage": 3.0000001, "active": None},
)


class Batch:
    """A model, and files scored with it."""

    def __init__(self, contract: Contract, folder: Path) -> None:
        self.service = Service(open_memory())
        version = make_champion(self.service.store, contract)
        self.bundle = load_bundle(self.service.store, version.bundle_id)
        self.folder = folder
        self.answer = folder / "answer.parquet"

    def score(self, content: str | bytes, *, threads: int = 1, version: int = 1) -> Report:
        path = self.folder / "rows.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return self.score_path(path, threads=threads, version=version)

    def score_path(self, path: Path, *, threads: int = 1, version: int = 1) -> Report:
        return score_file(self.bundle, path, self.answer, version=version, threads=threads)

    def read(self) -> list[dict[str, Any]]:
        with duckdb.connect(":memory:") as connection:
            found = connection.execute("FROM read_parquet(?)", [str(self.answer)])
            names = [column[0] for column in found.description or ()]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def ask(self, records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        reply = self.service.post("/v1/predict", {"records": list(records)})
        assert reply.status == 200, reply.text
        found: list[dict[str, Any]] = reply.json["predictions"]
        return found


def write(records: Sequence[Mapping[str, Any]], *, delimiter: str = ",", decimal: str = ".") -> str:
    def cell(value: object) -> str:
        if value is None:
            return ""
        return str(value).replace(".", decimal) if isinstance(value, float) else str(value)

    names = HEADER.split(",")
    lines = [delimiter.join(names)]
    for place, record in enumerate(records):
        cells = [f"c{place}", *(cell(record.get(name)) for name in names[1:])]
        lines.append(delimiter.join(cells))
    return "\n".join(lines) + "\n"


def write_parquet(path: Path, query: str, *, group: int = 122_880) -> None:
    with duckdb.connect(":memory:") as connection:
        connection.execute(
            f"COPY ({query}) TO '{path}' (FORMAT parquet, ROW_GROUP_SIZE {group})"
        ).fetchall()


def small(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(cutting, "SHARD_BYTES", (size, size))

"""The manifest's published JSON Schema, made from the model that reads manifests.

An editor that knows TOML schemas completes and checks a manifest while it is written: its first
line ``#:schema ../../../exercise.schema.json`` is all that it needs.
"""

import json
from pathlib import Path
from typing import Final

from curriculum.author.findings import Finding
from curriculum.checker.manifest import Manifest

SCHEMA_FILE: Final = Path(__file__).parents[1] / "exercise.schema.json"


def make_schema() -> str:
    """Return the schema's text; the same for the same model."""
    content = Manifest.model_json_schema() | {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Closed Loop: exercise.toml",
    }
    return json.dumps(content, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def write_schema(path: Path = SCHEMA_FILE) -> None:
    """Publish the schema."""
    path.write_text(make_schema(), encoding="utf-8")


def find_stale_schema(path: Path = SCHEMA_FILE) -> list[Finding]:
    """Say when the published schema is not the model's."""
    if path.is_file() and path.read_text(encoding="utf-8") == make_schema():
        return []
    problem = "The published schema is not that of the manifest's model; write it anew with --fix."
    return [Finding(where=path.name, problem=problem)]

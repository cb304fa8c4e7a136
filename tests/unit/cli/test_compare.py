import json
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Loop
from tests.unit.cli.doubles import World
from tests.unit.report.worlds import train_twice


@pytest.fixture(autouse=True)
def two_versions(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    store = train_twice("binary")
    for prefix in ("registry/", "runs/", "bundles/", "contracts/", "datasets/"):
        for info in store.list(prefix):
            world.memory.put(info.key, store.get(info.key).body)


def test_compare_shows_metrics_verdicts_and_what_was_changed(loop: Loop) -> None:
    result = loop("compare", "1", "2")
    assert result.exit_code == 0, result.output
    for text in (
        "version 1", "version 2", "ROC AUC", "Brier score", "95% interval", "neither",
        "the graph answers as scikit-learn", "dataset version", "rows of the holdout",
    ):  # fmt: skip
        assert text in " ".join(result.stdout.split())


def test_compare_is_a_document_too(loop: Loop, tmp_path: Path) -> None:
    result = loop("compare", "run-1", "2", "--json", "--html", "page.html")
    document = json.loads(result.stdout)
    assert document["first"]["version"] == 1
    assert document["second"]["run_id"] == "run-2"
    assert document["names"] == ["version 1", "version 2"]
    assert document["differences"]["roc_auc"]["interval"][0] < 1
    assert {each["what"] for each in document["changes"]} >= {"rows"}
    assert document["html"] == "page.html"
    assert "version 2 against version 1" in (tmp_path / "page.html").read_text()


@pytest.mark.parametrize("wrong", ["9", "nothing"])
def test_rejects_what_is_not_there(loop: Loop, wrong: str) -> None:
    result = loop("compare", "1", wrong)
    assert result.exit_code == 3
    assert wrong in result.stderr

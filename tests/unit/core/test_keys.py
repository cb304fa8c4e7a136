import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import keys
from core.errors import InvalidInputError

SHA = "a" * 64
AT = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)

MAKERS: dict[str, Callable[[str], str]] = {
    "contracts/{}.json": keys.contract,
    "contracts/{}.source.json": keys.source,
    "raw/{}/aaaaaaaaaaaa-file.csv": lambda name: keys.raw(name, SHA, "file.csv"),
    f"datasets/{{}}/{SHA}/data.parquet": lambda name: keys.dataset_data(name, SHA),
    f"datasets/{{}}/{SHA}/summary.json": lambda name: keys.dataset_summary(name, SHA),
    f"quarantine/{{}}/{SHA}.parquet": lambda name: keys.quarantine(name, SHA),
    "registry/{}/versions/00000012.json": lambda name: keys.model_version(name, 12),
    "registry/{}/aliases/champion.json": lambda name: keys.alias(name, "champion"),
    "registry/{}/history/champion/00000003.json": lambda name: keys.alias_history(
        name, "champion", 3
    ),
    "feedback/{}/2026-01-02/03/p1.json": lambda name: keys.feedback(name, AT, "p1"),
    "monitor/{}/latest.json": keys.monitor_latest,
}


@pytest.mark.parametrize("form", MAKERS)
def test_key_has_its_form_when_name_is_good(form: str) -> None:
    assert MAKERS[form]("telco-churn") == form.format("telco-churn")


@pytest.mark.parametrize("form", MAKERS)
@pytest.mark.parametrize("name", ["", "../x", "A", "1a", "a/b", "a\n", "a" * 49, "é", "a.b", "-a"])
def test_rejects_bad_name(form: str, name: str) -> None:
    with pytest.raises(InvalidInputError, match="lower-case") as caught:
        MAKERS[form](name)
    assert not name or f"'{name}'" not in str(caught.value)


@given(st.text(max_size=200))
def test_raw_key_is_safe_when_filename_is_anything(filename: str) -> None:
    key = keys.raw("wine", SHA, filename)
    assert re.fullmatch(r"raw/wine/a{12}-[A-Za-z0-9._-]{1,100}", key)
    assert keys.dataset_of_raw(key) == "wine"


@pytest.mark.parametrize("key", ["raw/wine", "raw/wine/", "other/wine/x", "raw/W/x", "raw/a/b/c"])
def test_rejects_key_that_is_not_raw(key: str) -> None:
    with pytest.raises(InvalidInputError):
        keys.dataset_of_raw(key)


@pytest.mark.parametrize("part", ["", "..", "a/b", ".hidden", "a..b", "a\n", "x" * 129])
def test_rejects_bad_part_of_run_key(part: str) -> None:
    with pytest.raises(InvalidInputError):
        keys.run(part, "spec.json")
    with pytest.raises(InvalidInputError):
        keys.run_candidate("run-1", part, "model.onnx")


@pytest.mark.parametrize("sha", ["", "a" * 63, "A" * 64, "g" * 64, "a" * 64 + "\n"])
def test_rejects_bad_hash(sha: str) -> None:
    with pytest.raises(InvalidInputError):
        keys.bundle_graph(sha)
    with pytest.raises(InvalidInputError):
        keys.bundle_manifest(sha)


def test_run_keys_lie_under_the_run() -> None:
    assert keys.run("r-1", "gate.json") == "runs/r-1/gate.json"
    assert (
        keys.run_candidate("r-1", "linear", "model.onnx") == "runs/r-1/candidates/linear/model.onnx"
    )


def test_each_prefix_is_a_prefix_of_its_keys() -> None:
    assert keys.model_version("a", 1).startswith(keys.model_versions("a"))
    assert keys.alias_history("a", "shadow", 1).startswith(keys.alias_histories("a", "shadow"))
    assert (
        keys.captured(AT, "x")
        == keys.captured_hour(AT) + "x.jsonl"
        == "captured/2026-01-02/03/x.jsonl"
    )
    assert keys.feedback("a", AT, "x").startswith(keys.feedback_hour("a", AT))

"""The benchmark's own code, on tiny data; its figures are nobody's business here."""

from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import ConflictError, IntegrityError, NotFoundError
from tests.bench.direct import Took
from tests.bench.folder import Folder
from tests.bench.overhead import Overhead, measure_overhead
from tests.bench.quality import Quality, measure_quality
from tests.bench.stages import Cost, load_step, run_step
from tests.bench.training import MAX_PEAK_MIB, Case, Measured, write_page
from training.data.names import CANDIDATES_OF


def take_steps(store: Folder, source: str) -> Quality:
    """Take all steps in this process."""
    raw_key = str(load_step("prepare")(store, source))
    version = str(load_step("validate")(store, f"{raw_key} tiny"))
    load_step("split")(store, version)
    for name in CANDIDATES_OF["tiny"]:
        load_step("candidate")(store, name)
    load_step("evaluate")(store, "")
    load_step("gate")(store, "")
    return measure_quality(store, simulated=not source.endswith(":0"))


def test_the_quality_of_simulated_rows_is_told_in_units_of_the_truth(tmp_path: Path) -> None:
    found = take_steps(Folder(tmp_path / "a"), "subscriptions:600")
    assert (found.headline, found.training_rows + found.holdout_rows) == ("roc_auc", 579)
    assert found.best_score is not None
    assert found.gap == pytest.approx(found.best_score - found.score)
    assert 0 < found.score < found.best_score < 1
    assert found.error is not None
    assert found.verdict in ("passed", "refused")
    # Nothing of it is left to chance or to the clock.
    assert take_steps(Folder(tmp_path / "b"), "subscriptions:600") == found


def test_nobody_knows_the_best_possible_score_of_real_data(tmp_path: Path) -> None:
    found = take_steps(Folder(tmp_path), "wine:0")
    assert (found.headline, found.best_score, found.gap) == ("macro_roc_auc", None, None)
    assert found.score > 0.9


def test_a_step_in_a_process_of_its_own_tells_its_cost_and_its_answer(tmp_path: Path) -> None:
    cost, raw_key = run_step(tmp_path, "prepare", "wine:0")
    assert Folder(tmp_path).exists(raw_key)
    assert 0 < cost.wall_s < 60
    assert 20 < cost.peak_mib < 1000


def test_says_why_a_step_failed(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"The step gate failed.*NotFoundError"):
        run_step(tmp_path, "gate")


def test_the_same_candidates_cost_more_than_directly_and_are_as_good(tmp_path: Path) -> None:
    found = measure_overhead(tmp_path, rows=800, turns=1)
    assert found.ours.whole_s > found.ours.fits_s > 0
    assert found.direct.whole_s > found.direct.fits_s > 0
    assert found.fits == found.ours.fits_s / found.direct.fits_s
    assert found.ours.roc_auc == pytest.approx(found.direct.roc_auc, abs=0.1)


def make_measured() -> tuple[Case, Measured]:
    case = Case("subscriptions", 100_000, "tiny")
    quality = Quality(80_000, 20_000, "boosting", "roc_auc", 0.86, 0.005, 0.862, 0.004, "passed")
    measured = Measured({case: quality}, {case: {"split": Cost(1.0, 1.0, 300.0)}})
    return case, measured


def test_says_which_targets_were_missed() -> None:
    case, measured = make_measured()
    assert list(measured.list_misses()) == []
    measured.quality[case] = replace(measured.quality[case], score=0.85, error=0.02)
    measured.costs[case]["split"] = Cost(1.0, 1.0, MAX_PEAK_MIB + 1)
    took = measure_times(1.3)
    measured.overhead[100_000] = took
    said = "\n".join(measured.list_misses())
    for what in ("0.0120 below", "error 0.0200", "split needs 8,193 MiB", "1.30 times"):
        assert what in said


def test_only_the_declared_size_has_a_target_of_quality() -> None:
    case, measured = make_measured()
    small = replace(case, rows=10_000)
    measured.quality[small] = replace(measured.quality.pop(case), score=0.7, error=0.2)
    assert list(measured.list_misses()) == []


def measure_times(ratio: float) -> Overhead:
    return Overhead(Took(ratio, ratio + 1, 0.86), Took(1.0, 1.0, 0.85))


def test_writes_a_row_for_each_case(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- training: begin -->\n<!-- training: end -->")
    _, measured = make_measured()
    measured.overhead[100_000] = measure_times(1.2)
    write_page(measured, page)
    text = page.read_text()
    assert (
        "| 100,000 simulated rows, tiny | 80,000 / 20,000 | boosting | roc_auc | 0.8600 |" in text
    )
    assert "| 1.0 / 1.0 s, 300 MiB |" in text
    assert "| 1.2 s | 1.0 s | 1.20 | 2.2 s | 1.0 s | 2.20 |" in text
    assert "scikit-learn 1." in text


def test_a_folder_keeps_the_promises_of_a_bucket(tmp_path: Path) -> None:
    store = Folder(tmp_path)
    tag = store.create("a/b/one", b"1")
    assert store.create("a/b/one", b"1") == tag
    with pytest.raises(ConflictError):
        store.create("a/b/one", b"2")
    with pytest.raises(ConflictError):
        store.create("a/b/one", b"1", exclusive=True)
    newer = store.replace("a/b/one", b"2", etag=tag)
    with pytest.raises(ConflictError):
        store.replace("a/b/one", b"3", etag=tag)
    assert store.get_if_changed("a/b/one", etag=newer) is None
    assert store.get("a/b/one").body == b"2"
    store.put("a/c", b"33")
    assert [info.key for info in store.list("a/")] == ["a/b/one", "a/c"]
    assert [info.key for info in store.list("a/", after="a/b/one")] == ["a/c"]
    with pytest.raises(NotFoundError):
        store.get("a/d")
    with pytest.raises(IntegrityError):
        store.get("a/c", max_bytes=1)

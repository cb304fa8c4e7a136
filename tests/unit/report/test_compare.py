"""Two versions on the same rows: what is beyond chance, and what they were made of."""

from dataclasses import replace

import numpy as np
import pytest

from core.contract import Task
from tests.unit.report.test_card import Reader
from tests.unit.report.worlds import PIPE, SCRIPT, gather, train_twice
from training.data.arrays import load_split
from training.judge.paired import Difference, compare_metrics
from training.judge.score import Holdout
from training.report.blocks import Figure
from training.report.compare import Pair, compare, find_better
from training.report.page import write_page
from training.report.versus import write_comparison

TASKS: tuple[Task, ...] = ("binary", "multiclass", "regression")


def compare_versions(task: Task, first: int = 1, second: int = 2) -> Pair:
    return compare(train_twice(task), gather(task, first), gather(task, second))


@pytest.mark.parametrize("task", TASKS)
def test_both_are_asked_about_the_larger_holdout(task: Task) -> None:
    pair, turned = compare_versions(task), compare_versions(task, 2, 1)
    facts = gather(task, 2)
    assert pair.rows == turned.rows == len(load_split(
        train_twice(task), facts.run_id, facts.spec.contract).holdout)  # fmt: skip
    for name, value in facts.report.metrics.items():
        each, other = pair.differences[name], turned.differences[name]
        assert each.second == pytest.approx(value, rel=1e-6)
        assert each.difference == pytest.approx(each.second - each.first)
        assert other.difference == pytest.approx(-each.difference)
        assert each.interval is not None
        assert other.interval == pytest.approx((-each.interval[1], -each.interval[0]))
        assert each.interval[0] <= each.interval[1]
    assert {find_better(n, d) for n, d in pair.differences.items()} <= {0, 1, 2}


def test_a_version_against_itself_differs_in_nothing() -> None:
    pair = compare_versions("binary", 2, 2)
    assert pair.note.endswith(" rows of the holdout of version 2.")
    assert pair.changes == ()
    assert {each.difference for each in pair.differences.values()} == {0.0}
    assert not any(find_better(name, each) for name, each in pair.differences.items())
    assert "made of the same" in write_page([write_comparison(pair)])


def test_what_was_changed_is_listed() -> None:
    changes = {each.what: each for each in compare_versions("binary").changes}
    assert {"dataset version", "rows", "training rows"} <= set(changes)
    assert int(changes["rows"].first) < int(changes["rows"].second)
    assert "code sha256" not in changes


def test_other_inputs_or_another_split_are_compared_by_their_own_holdouts() -> None:
    first, second = gather("binary", 1), gather("binary", 2)
    contract = first.spec.contract.model_copy(update={"group": "id", "identifier": None})
    changed = replace(first, spec=first.spec.model_copy(update={"contract": contract}))
    pair = compare(train_twice("binary"), changed, second)
    assert pair.rows is None
    assert "own holdout" in pair.note
    assert all(each.interval is None for each in pair.differences.values())
    assert pair.differences["roc_auc"].first == first.report.metrics["roc_auc"]
    assert not any(find_better(name, each) for name, each in pair.differences.items())
    assert Reader(write_page([write_comparison(pair)])).open == []


@pytest.mark.parametrize("task", TASKS)
def test_a_comparison_is_a_page_that_runs_nothing(task: Task) -> None:
    document = write_comparison(compare_versions(task))
    page = write_page([document])
    assert page == write_page([write_comparison(compare_versions(task))])
    reader = Reader(page)
    assert reader.open == []
    assert "script" not in reader.tags
    assert SCRIPT in reader.text
    assert PIPE in reader.text
    titles = [b.title for s in document.sections for b in s.blocks if isinstance(b, Figure)]
    if task == "regression":
        assert "Residuals of version 1." in titles
    else:
        assert titles.count("ROC curves.") == (1 if task == "binary" else 3)
        assert "Reliability of version 2." in titles


def test_the_better_one_is_known_by_what_is_good_for_a_metric() -> None:
    above, below = Difference(1, 2, 1.0, (0.5, 1.5)), Difference(2, 1, -1.0, (-1.5, -0.5))
    assert (find_better("roc_auc", above), find_better("roc_auc", below)) == (2, 1)
    assert (find_better("log_loss", above), find_better("log_loss", below)) == (1, 2)
    assert find_better("interval_coverage", above) == 0
    assert find_better("roc_auc", Difference(1, 2, 1.0, (-0.1, 2.1))) == 0


def test_a_paired_interval_is_narrower_than_two_apart() -> None:
    random = np.random.default_rng(0)
    target = (random.random(1500) < 0.4).astype(np.float64)
    score = random.normal(2 * target, 1.5)
    p = 1 / (1 + np.exp(1 - score))
    worse = np.clip(p + random.normal(0, 0.02, len(p)), 0, 1)
    both = [np.column_stack([1 - each, each]) for each in (p, worse)]
    holdout = Holdout("binary", target)
    found = compare_metrics((holdout, both[0]), (holdout, both[1]))["roc_auc"]
    assert found.interval is not None
    low, high = holdout.score_with_intervals(both[0]).intervals["roc_auc"]
    assert found.interval[1] - found.interval[0] < (high - low) / 4
    assert found.interval[0] < found.difference < found.interval[1]

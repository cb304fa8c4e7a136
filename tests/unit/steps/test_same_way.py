"""The workflow's functions and the run in one process leave the same files, byte by byte."""

import pytest

from core.contract import Task
from core.registry import Registry
from core.store import Bucket
from lambdas.steps import candidate, evaluate, gate, promote, record, register, split, validate
from tests.unit.training.worlds import make_landed
from training.data.runs import Evaluation, GateReport, Rule, load, load_evaluation
from training.run import run_training

RUN = {"run_id": "the-same"}
ASKED: dict[str, object] = {"seed": 5, "budget": "tiny", "prefer": "simple"}


def train_by_steps(store: Bucket, raw_key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Call the functions as the state machine does."""
    for module in (candidate, evaluate, gate, promote, record, register, split, validate):
        monkeypatch.setattr(module, "open_data_bucket", lambda: store)
    monkeypatch.setenv("STAGE", "dev")
    monkeypatch.setenv("METRICS_NAMESPACE", "ClosedLoop")
    found = validate.handler({"request": {"raw_key": raw_key, **ASKED}, **RUN}, None)
    taken = {"dataset": found["dataset"], "version": found["version"], **RUN}
    names = split.handler(taken, None)["candidates"]
    assert isinstance(names, list)
    for name in names:
        candidate.handler({"candidate": name, **RUN}, None)
    evaluate.handler(RUN, None)
    verdict = gate.handler(RUN, None)
    if not verdict["passed"]:
        record.handler({"outcome": "refused", "reason": verdict["reason"], **RUN}, None)
        return
    version = register.handler(RUN, None)["version"]
    promote.handler({"version": version, **RUN}, None)
    record.handler({"outcome": "promoted", "reason": "", **RUN}, None)


def list_files(store: Bucket) -> dict[str, bytes]:
    """Return what does not follow the clock: neither durations nor the moment of a promotion."""
    return {
        info.key: store.get(info.key).body
        for info in store.list("")
        if "/times/" not in info.key and not info.key.startswith("registry/")
    }


def forget_latency(store: Bucket) -> tuple[Evaluation, tuple[Rule, ...]]:
    """Return what was measured and the gate's rules, but for how long one answer took."""
    evaluation = load_evaluation(store, "the-same")
    verdict = load(store, "runs/the-same/gate.json", GateReport)
    others = tuple(rule for rule in verdict.rules if "milliseconds" not in rule.rule)
    assert len(others) == len(verdict.rules) - 1
    return evaluation.model_copy(update={"latency_ms": 0.0}), others


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_functions_and_one_process_leave_the_same_files_behind(
    task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, raw_key, _ = make_landed(task)
    train_by_steps(store, raw_key, monkeypatch)
    other, raw_key, _ = make_landed(task)
    run_training(other, raw_key=raw_key, run_id="the-same", seed=5, budget="tiny", prefer="simple")
    by_steps, at_once = list_files(store), list_files(other)
    assert set(by_steps) == set(at_once)
    differing = {key for key in by_steps if by_steps[key] != at_once[key]}
    assert differing <= {"runs/the-same/evaluation.json", "runs/the-same/gate.json"}
    first, second = (forget_latency(each) for each in (store, other))
    assert first == second
    assert any(key.startswith("bundles/") for key in by_steps)
    assert [each.bundle_id for each in Registry(store).versions("small")] == [
        each.bundle_id for each in Registry(other).versions("small")
    ]


def test_a_run_by_another_name_gives_the_same_bundle() -> None:
    found = []
    for run_id in ("first", "second"):
        store, raw_key, _ = make_landed()
        run_training(store, raw_key=raw_key, run_id=run_id, budget="tiny")
        found += [each.bundle_id for each in Registry(store).versions("small")]
    assert len(found) == 2
    assert len(set(found)) == 1

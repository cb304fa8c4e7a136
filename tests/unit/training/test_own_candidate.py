import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier

from core import parts
from core.bundle import load_manifest
from core.contract import Task
from core.parts import PartError
from core.store import Bucket
from tests.fixtures.own_parts import Parts
from tests.unit.training.worlds import make_landed, read_json
from training.data import runs
from training.data.names import OWN
from training.data.split import split_dataset
from training.data.start import start_run
from training.judge.evaluate import evaluate_run
from training.judge.gate import judge_run
from training.model.fit import fit_and_export
from training.model.own_candidate import check_estimator
from training.run import run_training

RUN = "r"
# The reference candidates are good at these rows: what is told here is that it can win.
BEST = """
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import PolynomialFeatures, StandardScaler

    def build(facts):
        return make_pipeline(
            SimpleImputer(strategy="median"),
            StandardScaler(),
            PolynomialFeatures(degree=1, include_bias=False),
            LogisticRegression(C=30.0, max_iter=1000),
        )
"""
MODELS = {
    "HistGradientBoosting": "sklearn.ensemble",
    "RandomForest": "sklearn.ensemble",
    "ExtraTrees": "sklearn.ensemble",
    "DecisionTree": "sklearn.tree",
    "MLP": "sklearn.neural_network",
    "KNeighbors": "sklearn.neighbors",
}


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Parts]:
    yield Parts(tmp_path / "parts", monkeypatch)
    parts.set_deadline(None)


def start(task: Task = "binary") -> Bucket:
    store, raw_key, _ = make_landed(task)
    found = start_run(store, raw_key=raw_key, run_id=RUN)
    split_dataset(store, run_id=RUN, version=found.version)
    return store


def fit(store: Bucket) -> runs.CandidateResult:
    return fit_and_export(store, run_id=RUN, candidate=OWN)


def evaluate(store: Bucket) -> runs.Evaluation:
    for name in ("baseline", "linear", "boosting"):
        fit_and_export(store, run_id=RUN, candidate=name)
    return evaluate_run(store, run_id=RUN)


def test_without_the_part_no_run_has_such_a_candidate() -> None:
    store = start()
    assert OWN not in runs.load_spec(store, RUN).candidates


def test_the_learners_candidate_is_one_of_the_run_and_can_become_champion(own: Parts) -> None:
    own.write("candidate", BEST)
    store, raw_key, _ = make_landed()
    result = run_training(store, raw_key=raw_key, run_id=RUN)
    assert (result.outcome, result.version) == ("promoted", 1)
    found = read_json(store, f"runs/{RUN}/candidates/mine/result.json")
    assert (found["status"], found["repeats_itself"]) == ("ok", True)
    evaluation = runs.load_evaluation(store, RUN)
    assert evaluation.candidate == OWN
    manifest = load_manifest(store, evaluation.bundle_id)
    assert manifest.candidate == OWN
    assert manifest.parity.max_abs_difference <= manifest.parity.tolerance


def test_what_the_model_was_made_of_names_the_part(own: Parts) -> None:
    own.write("candidate", BEST)
    manifests = []
    for _ in range(2):
        store = start()
        fit(store)
        manifests.append(load_manifest(store, evaluate(store).bundle_id))
        own.write("candidate", BEST + "    # another file")
    first, second = (manifest.provenance for manifest in manifests)
    assert manifests[0].graph_sha256 == manifests[1].graph_sha256
    assert first.code_sha256 != second.code_sha256
    assert first.spec_sha256 != second.spec_sha256


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_a_pipeline_of_the_learners_passes_parity_for_every_task(own: Parts, task: Task) -> None:
    own.good("candidate")
    store = start(task)
    assert fit(store).status == "ok"


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("task", ["binary", "regression"])
def test_graphs_of_common_models_answer_as_scikit_learn_does(
    own: Parts, model: str, task: Task
) -> None:
    kind = "Regressor" if task == "regression" else "Classifier"
    own.write(
        "candidate",
        f"""
        from sklearn.impute import SimpleImputer
        from sklearn.pipeline import make_pipeline
        from {MODELS[model]} import {model}{kind} as Model

        def build(facts):
            model = Model()
            if "random_state" in model.get_params():
                model.set_params(random_state=facts["seed"])
            return make_pipeline(SimpleImputer(strategy="median"), model)
        """,
    )
    store = start(task)
    assert fit(store).reason == ""
    for name in ("linear", "boosting"):
        failed = runs.CandidateResult(candidate=name, status="failed", reason="left out")
        runs.write(store, f"runs/{RUN}/candidates/{name}/result.json", failed)
    fit_and_export(store, run_id=RUN, candidate="baseline")
    evaluation = evaluate_run(store, run_id=RUN)
    assert evaluation.candidate == OWN
    assert evaluation.parity.max_abs_difference <= evaluation.parity.tolerance
    assert evaluation.parity.classes_identical


def test_facts_say_what_the_columns_of_the_matrix_are(own: Parts) -> None:
    own.write(
        "candidate",
        """
        import json
        from sklearn.compose import ColumnTransformer
        from sklearn.impute import SimpleImputer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline

        def build(facts):
            facts = json.loads(json.dumps(facts))
            rows = facts.pop("rows")
            assert rows > 200
            assert facts == {
                "task": "binary", "classes": ["No", "Yes"], "seed": 0,
                "numbers": ["tenure", "autopay", "charge"], "categories": ["plan"], "texts": [],
            }
            charge = facts["numbers"].index("charge")
            only = ColumnTransformer([("charge", "passthrough", [charge])])
            return make_pipeline(only, SimpleImputer(), LogisticRegression())
        """,
    )
    assert fit(start()).reason == ""


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("def build(facts): facts['no']", "Your part candidate broke at line 1: KeyError."),
        ("def build(facts): facts", "Your part candidate built nothing; it must return"),
        ("def build(facts): return 'linear'", "Your part candidate built a str; it must return"),
        (
            "from sklearn.svm import LinearSVC\ndef build(facts): return LinearSVC()",
            "Your part candidate built a LinearSVC that has no predict_proba; a model of the kind",
        ),
        (
            (
                "from sklearn.linear_model import LogisticRegression\n"
                "def build(facts): return LogisticRegression()"
            ),
            (
                "Your part candidate cannot be fitted to rows like these: ValueError. Some "
                "numbers are missing (NaN): does it begin with SimpleImputer?"
            ),
        ),
        (
            (
                "from sklearn.base import BaseEstimator\n"
                "class Fancy(BaseEstimator):\n    def fit(self, X, y): return self\n"
                "def build(facts): return Fancy()"
            ),
            "Your part candidate uses Fancy, which cannot be exported to ONNX;",
        ),
        (
            (
                "from sklearn.pipeline import make_pipeline\n"
                "from sklearn.preprocessing import FunctionTransformer\n"
                "from sklearn.ensemble import HistGradientBoostingClassifier as Model\n"
                "def build(facts): return make_pipeline(FunctionTransformer(abs), Model())"
            ),
            "Your part candidate cannot be exported to ONNX",
        ),
        (
            (
                "from sklearn.pipeline import make_pipeline\n"
                "from sklearn.impute import SimpleImputer\n"
                "from sklearn.linear_model import LogisticRegression\n"
                "from sklearn.ensemble import VotingClassifier\n"
                "def build(facts): return make_pipeline(SimpleImputer(),"
                " VotingClassifier([('a', LogisticRegression())], voting='soft'))"
            ),
            "cannot be exported to ONNX: NotImplementedError: flatten_transform==True is not",
        ),
        (
            (
                "from sklearn.pipeline import make_pipeline\n"
                "from sklearn.impute import SimpleImputer\n"
                "from sklearn.svm import SVC\n"
                "def build(facts): return make_pipeline(SimpleImputer(), SVC())"
            ),
            "Your part candidate cannot be fitted to rows like these: AttributeError",
        ),
        ("import lightgbm_of_old", "it imports 'lightgbm_of_old', which is not installed"),
        (
            "def build(facts):\n    while True: pass",
            "Your part candidate was stopped after 2 s at line 2: the time of its step was up.",
        ),
        ("def build(facts): raise SystemExit(3)", "broke at line 1: SystemExit."),
    ],
)
def test_a_broken_part_is_a_candidate_that_failed_and_the_others_go_on(
    own: Parts, code: str, said: str
) -> None:
    own.write("candidate", code)
    store = start()
    parts.set_deadline(2.0)
    result = fit(store)
    parts.set_deadline(None)
    assert (result.candidate, result.status) == (OWN, "failed")
    assert said in result.reason
    assert result.reason.count("\n") == 0
    assert evaluate(store).candidate == "linear"
    assert judge_run(store, run_id=RUN).passed


def test_what_breaks_on_the_whole_and_not_on_a_few_rows_is_told_too(own: Parts) -> None:
    own.write(
        "candidate",
        """
        from sklearn.ensemble import HistGradientBoostingClassifier

        calls = []

        class Moody(HistGradientBoostingClassifier):
            pass

        def build(facts):
            def fit(self, X, y):
                calls.append(len(X))
                if len(calls) > 1:
                    raise RuntimeError("a cell's value")
                return original(self, X, y)

            original = HistGradientBoostingClassifier.fit
            model = HistGradientBoostingClassifier(max_iter=5)
            type(model).fit = fit
            build.restore = lambda: setattr(type(model), "fit", original)
            return model
        """,
    )
    try:
        result = fit(start())
    finally:
        module = parts.load("candidate")
        assert module is not None
        module.build.restore()
    assert result.status == "failed"
    assert "broke while it was fitted" in result.reason
    assert "RuntimeError" in result.reason
    assert "cell" not in result.reason


def test_a_graph_that_is_too_large_is_a_candidate_that_failed(
    own: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    own.good("candidate")
    monkeypatch.setattr("training.model.export.MAX_GRAPH_BYTES", 1000)
    result = fit(start())
    assert result.status == "failed"
    assert result.reason.startswith("Your part candidate cannot be served. The graph has ")


def test_a_graph_that_serving_cannot_run_is_left_out_by_the_judge(own: Parts) -> None:
    own.good("candidate")
    store = start()
    result = fit(store)
    key = f"runs/{RUN}/candidates/mine"
    broken = b"no graph"
    store.put(f"{key}/model.onnx", broken)
    sha256 = hashlib.sha256(broken).hexdigest()
    better = result.model_copy(update={"graph_sha256": sha256, "cross_validated_loss": 0.0})
    runs.write(store, f"{key}/result.json", better)
    assert evaluate(store).candidate == "linear"


def test_a_part_that_is_gone_is_told(own: Parts) -> None:
    own.good("candidate")
    store = start()
    (own.folder / "candidate.py").unlink()
    result = fit(store)
    assert result.status == "failed"
    assert "not deployed any more" in result.reason


def test_what_the_part_is_made_of_is_cloned_for_every_fit(own: Parts) -> None:
    own.good("candidate")
    first, second = fit(start()), fit(start())
    assert first.graph_sha256 == second.graph_sha256
    assert np.isfinite(first.cross_validated_loss or np.nan)


@pytest.mark.parametrize(
    ("built", "task"), [(RidgeClassifier(), "binary"), (LogisticRegression, "binary")]
)
def test_rejects_what_cannot_answer_the_task(built: BaseEstimator, task: Task) -> None:
    with pytest.raises(PartError):
        check_estimator(built, task)


def test_a_regressor_needs_no_probabilities() -> None:
    check_estimator(Ridge(), "regression")

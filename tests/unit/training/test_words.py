from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper
from sklearn.feature_selection import chi2

from core.contract import Column, Contract, Task
from core.inputs import ModelInputs
from core.onnx_runtime import onnxruntime as ort
from training.data.arrays import Rows, pack_inputs, unpack_inputs
from training.data.names import CANDIDATES
from training.judge.graph import Graph
from training.judge.parity import measure_parity
from training.model.candidates import fit_candidate
from training.model.encoders import TellingWords
from training.model.export import OPSETS, export_graph
from training.model.export_words import export_words
from training.model.features import TELLING_WORDS, TOPICS, Texts
from training.model.parts import Part
from training.model.plant import plant_rows
from training.model.recipes import RECIPES
from training.model.words import MAX_WORDS, MIN_TEXTS, Lexicon, cut, fold, learn_lexicons

WORDS = ("free", "Free!", "FREE", "(free)", "prize", "meeting,", "noon", "Straße", "ÜBER", "don't")
CLASSES: dict[Task, tuple[str, ...]] = {
    "binary": ("ham", "spam"),
    "multiclass": ("a", "b", "c"),
    "regression": (),
}
TEXTS = st.text(max_size=60) | st.lists(
    st.sampled_from((*WORDS, "unseen", "", "\n", "\t", "\u00a0", "!!!", "😀", "free\nprize")),
    max_size=40,
).map(" ".join)


def make_texts(task: Task, *, rows: int = 300, columns: int = 1, numeric: int = 1) -> Rows:
    random = np.random.default_rng(3)
    spam = random.random(rows) < 0.4
    texts = np.empty((rows, columns), dtype=np.object_)
    for row, place in np.ndindex(texts.shape):
        likely = WORDS[:5] if spam[row] else WORDS[5:]
        some = random.choice([*likely, *WORDS, *(f"w{n}" for n in range(150))], random.integers(25))
        texts[row, place] = " ".join(some)
    target = {
        "binary": spam.astype(np.float64),
        "multiclass": spam + (random.random(rows) < 0.3).astype(np.float64),
        "regression": 100.0 * spam + random.normal(0, 10, rows),
    }[task]
    numbers = random.normal(0, 1, (rows, numeric)).astype(np.float32)
    return Rows(ModelInputs(numbers, texts), np.asarray(target, dtype=np.float64))


def make_contract(task: Task, rows: Rows) -> Contract:
    texts = [Column(name=f"t{i}", kind="text") for i in range(rows.inputs.strings.shape[1])]
    numbers = [Column(name=f"n{i}", kind="numeric") for i in range(rows.inputs.numeric.shape[1])]
    return Contract(
        dataset="mails", task=task, target="y", classes=CLASSES[task], columns=(*texts, *numbers)
    )


def count_in_a_graph(lexicon: Lexicon, texts: list[str]) -> list[list[float]]:
    part = Part("p")
    ones = np.ones((2, len(lexicon.words)))
    export_words(
        part, TellingWords(chi2, k=len(lexicon.words)).fit(ones, np.arange(2)), lexicon, "texts"
    )
    graph = helper.make_graph(
        part.nodes,
        "g",
        [helper.make_tensor_value_info("texts", TensorProto.STRING, [None])],
        [helper.make_tensor_value_info("p_counts", TensorProto.FLOAT, None)],
    )
    opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    [counts] = session.run(None, {"texts": np.array(texts, dtype=np.object_)})
    return [list(row) for row in counts.tolist()]


LEXICON = learn_lexicons([[" ".join(WORDS)] * 2 + ["!!! 😀 free\nprize free"] * 2], rows=4)[0]


@given(st.lists(TEXTS.filter(lambda text: "\0" not in text), min_size=1, max_size=5))
@settings(deadline=None, max_examples=200)
def test_a_graph_counts_words_as_the_lexicon_does_in_any_text(texts: list[str]) -> None:
    texts = [text.encode("utf-8", "ignore").decode() for text in texts]
    assert count_in_a_graph(LEXICON, texts) == LEXICON.count(texts).tolist()


def test_counts_a_long_text_and_one_word_without_blanks() -> None:
    texts = ["free " * 5000, "x" * 100_000, "", " "]
    counts = LEXICON.count(texts)
    assert counts[0, LEXICON.words.index("free")] == 5000
    assert not counts[1:].any()
    assert count_in_a_graph(LEXICON, texts) == counts.tolist()


@pytest.mark.parametrize("form", ["free", "Free", "FREE!", "(free)", '"Free"', "free?", "Free,"])
def test_reads_the_ways_in_which_a_word_is_written_as_one(form: str) -> None:
    (lexicon,) = learn_lexicons([["free lunch", "free"]], rows=2)
    assert lexicon.words == ("free",)
    assert lexicon.count([form]).tolist() == [[1.0]]


def test_folds_case_in_any_alphabet_and_keeps_a_smile() -> None:
    assert [fold(piece) for piece in ("Straße!", "ÜBER", ":-)", "don't.")] == [
        "strasse",
        "über",
        ":-)",
        "don't",
    ]
    assert cut("  a  b\tc ") == ["a", "b\tc"]


def test_chooses_words_by_how_many_texts_have_them_whatever_the_order_of_rows() -> None:
    texts = ["b b b", "a b", "a c", "a c", "once"]
    (lexicon,) = learn_lexicons([texts], rows=5)
    assert lexicon.words == ("a", "b", "c")
    assert learn_lexicons([texts[::-1]], rows=5) == (lexicon,)
    assert all(sum(word in text.split() for text in texts) >= MIN_TEXTS for word in lexicon.words)


def test_reads_fewer_words_of_each_column_when_there_are_many_rows_or_columns() -> None:
    texts = [" ".join(f"w{n}" for n in range(1500))] * 2
    assert len(learn_lexicons([texts], rows=2)[0].words) == MAX_WORDS
    assert [len(each.words) for each in learn_lexicons([texts] * 4, rows=2)] == [MAX_WORDS // 4] * 4
    assert len(learn_lexicons([texts], rows=1_000_000)[0].words) == 100


@pytest.mark.parametrize("candidate", CANDIDATES)
@pytest.mark.parametrize("task", get_args(Task))
@pytest.mark.parametrize(("columns", "numeric"), [(1, 0), (2, 1)])
def test_a_graph_answers_as_scikit_learn_when_there_are_texts(
    candidate: str, task: Task, columns: int, numeric: int
) -> None:
    rows = make_texts(task, columns=columns, numeric=numeric)
    model = fit_candidate(RECIPES[candidate], rows, make_contract(task, rows), seed=0)
    body = export_graph(model)
    graph = Graph(body)
    for inputs in (rows.inputs, plant_rows(model, rows.inputs)):
        parity = measure_parity(task, model.predict(inputs), graph.predict(inputs))
        assert parity.max_abs_difference <= 1e-6
        assert parity.classes_identical
    again = fit_candidate(RECIPES[candidate], rows, make_contract(task, rows), seed=0)
    assert export_graph(again) == body


@pytest.mark.parametrize("texts", get_args(Texts))
def test_each_reading_of_texts_finds_the_telling_words(texts: Texts) -> None:
    rows = make_texts("binary", numeric=0)
    contract = make_contract("binary", rows)
    parameters = {} if texts == "counts" else {"features__texts": texts}
    recipe = RECIPES["boosting" if texts == "counts" else "linear"]
    model = fit_candidate(recipe, rows, contract, seed=0, parameters=parameters)
    asked = np.array([["FREE! free prize"], ["meeting, noon über"], [""]], dtype=np.object_)
    spam = model.predict(ModelInputs(np.empty((3, 0), np.float32), asked))[:, 1]
    assert spam[0] > spam[2] > spam[1]


def test_trees_read_the_most_telling_words_only() -> None:
    rows = make_texts("binary", numeric=0)
    model = fit_candidate(RECIPES["boosting"], rows, make_contract("binary", rows), seed=0)
    assert model.estimator.n_features_in_ == TELLING_WORDS < model.vocabulary.word_counts[0]


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=8))
def test_inputs_are_read_as_they_were_packed(texts: list[tuple[str, str]]) -> None:
    plain = [[t.encode("utf-8", "ignore").decode() for t in row] for row in texts]
    strings = np.array(plain, dtype=np.object_).reshape(len(plain), 2)
    inputs = ModelInputs(np.zeros((len(plain), 1), np.float32), strings)
    read = unpack_inputs(pack_inputs(inputs, prefix="x_"), prefix="x_")
    assert read.strings.tolist() == plain
    assert read.strings.shape == (len(plain), 2)


def test_directions_along_which_texts_do_not_differ_are_left_out() -> None:
    random = np.random.default_rng(0)
    few = [" ".join(f"w{n}" for n in random.choice(200, 30)) for _ in range(3)]
    texts = np.array([[few[place % 3]] for place in range(90)], dtype=np.object_)
    target = np.array([0.0, 1.0] * 45)
    rows = Rows(ModelInputs(np.empty((90, 0), np.float32), texts), target)
    model = fit_candidate(RECIPES["neural"], rows, make_contract("binary", rows), seed=0)
    features = model.pipeline["features"].transform(model.vocabulary.encode(rows.inputs))
    assert features.shape == (90, TOPICS)
    assert np.count_nonzero(features.std(axis=0) > 0) <= 3
    answered = Graph(export_graph(model)).predict(rows.inputs)
    assert measure_parity("binary", model.predict(rows.inputs), answered).max_abs_difference < 1e-6

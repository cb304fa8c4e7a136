"""Text columns as ONNX operators: cut at blanks, looked up, counted, weighed, turned.

`Lexicon.count` is StringSplit and TfIdfVectorizer to the letter. What follows is arithmetic on
counts: whole numbers for trees, and for the other models smooth enough for float32.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.model.encoders import TellingWords, WordWeights
from training.model.parts import Part
from training.model.words import Lexicon

_SHORTEST = 1e-12  # what a row without known words is divided by


def export_words(part: Part, transformer: Any, lexicon: Lexicon, column: str) -> str:  # noqa: ANN401
    """Repeat what a transformer does with the counts of a lexicon's words.

    Parameters
    ----------
    column : str
        Name of the texts, string of shape [N].

    Returns
    -------
    str
        Name of the features, float of shape [N, width].
    """
    if isinstance(transformer, TellingWords):
        return _export_counts(part, lexicon, column, transformer.get_support(indices=True))
    counts = _export_counts(part, lexicon, column, np.arange(len(lexicon.words)))
    if isinstance(transformer, WordWeights):
        return _export_weights(part, transformer, counts)
    steps = transformer.named_steps
    weighed = _export_weights(part, steps["weigh"], counts)
    turned = part.add(
        "MatMul", [weighed, part.hold("directions", _single(steps["turn"].components_.T))], "turned"
    )
    center = part.hold("center", _single(steps["scale"].mean_))
    scale = part.hold("scale", _single(steps["scale"].scale_))
    return part.add("Div", [part.add("Sub", [turned, center], "centered"), scale], "scaled")


def _export_counts(part: Part, lexicon: Lexicon, column: str, read: NDArray[np.int64]) -> str:
    place_of = {word: place for place, word in enumerate(read.tolist())}
    forms = [(form, place_of[word]) for form, word in lexicon.forms if word in place_of]
    # Without a delimiter it cuts at blanks and drops what is empty.
    pieces, _ = part.add_two("StringSplit", [column], ("pieces", "piece_counts"))
    return part.add(
        "TfIdfVectorizer",
        [pieces],
        "counts",
        mode="TF",
        min_gram_length=1,
        max_gram_length=1,
        max_skip_count=0,
        ngram_counts=[0],
        ngram_indexes=[place for _, place in forms],
        pool_strings=[form.encode() for form, _ in forms],
    )


def _export_weights(part: Part, weights: WordWeights, counts: str) -> str:
    """Weigh counts: (1 + log(count)) * idf where there are any, over the length of the row."""
    one = part.hold("one", np.ones(1, np.float32))
    grown = part.add("Log", [part.add("Max", [counts, one], "at_least_one")], "logarithm")
    damped = part.add("Add", [grown, part.add("Min", [counts, one], "at_most_one")], "damped")
    rare = part.add("Mul", [damped, part.hold("idf", _single(weights.idf_))], "rarity")
    axis = part.hold("axis", np.array([1], dtype=np.int64))
    length = part.add("ReduceL2", [rare, axis], "length", keepdims=1)
    shortest = part.hold("shortest", np.array([_SHORTEST], dtype=np.float32))
    return part.add("Div", [rare, part.add("Max", [length, shortest], "divisor")], "weighed")


def _single(values: Any) -> NDArray[np.float32]:  # noqa: ANN401
    return np.asarray(values, dtype=np.float32)

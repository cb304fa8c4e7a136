"""Whether a candidate could be fitted and its graph served at all, told before it is fitted."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from core.bundle import MAX_GRAPH_BYTES
from core.contract import Contract
from training.data.names import OWN
from training.model.candidates import Material
from training.model.features import MAX_INTERACTING, MAX_ONE_HOT, TELLING_WORDS, TOPICS
from training.model.recipes import Recipe

NODE_BYTES: Final = 36
"""What a node of a tree takes in a graph, as measured."""

CLASS_BYTES: Final = 13
"""What a leaf takes for each class, as measured."""

MAX_MATRIX_BYTES: Final = 2 * 2**30
"""Memory of the features of all training rows; a fit takes about three times as much."""

_NUMBER_BYTES: Final = 8
_COPIES: Final = 2  # of a weight in a graph, for two classes
_SPARSE_WORDS: Final = 100  # of a text, that most rows have: the others take no memory
_WIDEST_LAYER: Final = 64
_GROWING: Final = ("model__max_iter", "model__max_leaf_nodes")


def find_reason_not_to_export(recipe: Recipe, contract: Contract) -> str:
    """Return why a candidate's default configuration cannot be exported, or nothing."""
    size = estimate_size(recipe, contract, {})
    if size <= MAX_GRAPH_BYTES:
        return ""
    return (
        f"With {len(contract.classes)} classes, the graph of {recipe.name} would have about"
        f" {size / 2**20:,.0f} MiB; at most {MAX_GRAPH_BYTES / 2**20:.0f} are served."
    )


def find_reason_not_to_fit(recipe: Recipe, material: Material) -> str:
    """Return why a candidate's default configuration cannot be fitted to these rows, or nothing.

    Only the size of what it would be is looked at: the features of all rows, and the graph.
    """
    if recipe.numbers is None:
        return ""
    width = estimate_width(recipe, material, {})
    memory = len(material.target) * width * _NUMBER_BYTES
    if memory > MAX_MATRIX_BYTES:
        return (
            f"The {width:,} features that {recipe.name} makes of {len(material.target):,} rows"
            f" would take {memory / 2**30:.1f} GiB; at most {MAX_MATRIX_BYTES / 2**30:.0f} are"
            " fitted."
        )
    size = estimate_weights(recipe, material, {})
    if size > MAX_GRAPH_BYTES:
        return (
            f"With {width:,} features and {len(material.contract.classes)} classes, the graph of"
            f" {recipe.name} would have about {size / 2**20:,.0f} MiB; at most"
            f" {MAX_GRAPH_BYTES / 2**20:.0f} are served."
        )
    return ""


def limit_numbers(
    recipe: Recipe, material: Material, space: Mapping[str, Sequence[Any]]
) -> dict[str, Sequence[Any]]:
    """Leave out the ways to read numbers that would make more features than can be held."""

    def fits(numbers: object) -> bool:
        parameters = {"features__numbers": numbers}
        memory = len(material.target) * estimate_width(recipe, material, parameters)
        weights = estimate_weights(recipe, material, parameters)
        return memory * _NUMBER_BYTES <= MAX_MATRIX_BYTES and weights <= MAX_GRAPH_BYTES

    name = "features__numbers"
    if name not in space:
        return dict(space)
    return {**space, name: [numbers for numbers in space[name] if fits(numbers)]}


def estimate_width(recipe: Recipe, material: Material, parameters: Mapping[str, Any]) -> int:
    """Return the most features that a configuration can make, categories read as one-hot."""
    known = material.vocabulary.numeric_width
    products = known * (known + 1) // 2 if known <= MAX_INTERACTING else 0
    numbers = {
        "raw": known,
        "scaled": 2 * known,  # with the marks of what was missing
        "binned": 12 * known,
        "interactions": 2 * known + products,
    }[parameters.get("features__numbers", recipe.numbers)]
    categories = sum(min(len(levels), MAX_ONE_HOT + 1) for levels in material.vocabulary.levels)
    most = {"counts": TELLING_WORDS, "words": _SPARSE_WORDS, "topics": TOPICS}[recipe.texts]
    words = sum(min(width, most) for width in material.vocabulary.word_counts)
    return int(numbers + categories + words)


def estimate_weights(recipe: Recipe, material: Material, parameters: Mapping[str, Any]) -> int:
    """Return about how many bytes a linear or neural configuration's weights take in a graph."""
    width = estimate_width(recipe, material, parameters)
    classes = max(len(material.contract.classes), 1)
    if recipe.name == "linear":
        words = sum(material.vocabulary.word_counts)
        return (width + words) * classes * _COPIES * 4
    return width * _WIDEST_LAYER * 4 if recipe.name == "neural" else 0


def limit_space(
    recipe: Recipe, contract: Contract, space: Mapping[str, Sequence[Any]]
) -> dict[str, Sequence[Any]]:
    """Leave out the numbers of trees and leaves with which a graph could become too large."""
    kept = dict(space)
    growing = [name for name in _GROWING if name in kept]
    while growing and estimate_size(recipe, contract, _take_largest(kept)) > MAX_GRAPH_BYTES:
        name = max(growing, key=lambda each: len(kept[each]))
        if len(kept[name]) == 1:
            return {key: values for key, values in kept.items() if key not in growing}
        kept[name] = sorted(kept[name])[:-1]
    return kept


def _take_largest(space: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    return {name: max(space[name]) for name in _GROWING if name in space}


def estimate_size(recipe: Recipe, contract: Contract, parameters: Mapping[str, Any]) -> int:
    """Return the most bytes that the trees of a configuration can take; 0 for other candidates.

    Nobody knows what the learner's own is made of: its graph is measured when it is there.
    """
    if recipe.name == OWN:
        return 0
    classes = len(contract.classes)
    model = recipe.make_estimator(contract.task, 0)
    chosen = model.get_params() | {
        name.removeprefix("model__"): value
        for name, value in parameters.items()
        if name.startswith("model__")
    }
    leaves = chosen.get("max_leaf_nodes")
    if leaves is None:  # neither boosting nor a forest
        return 0
    if recipe.name == "forest":
        weights = classes if classes > 2 else 1
        nodes = (2 * leaves - 1) * NODE_BYTES + leaves * weights * CLASS_BYTES
        return int(chosen["n_estimators"] * nodes)
    trees = chosen["max_iter"] * (classes if classes > 2 else 1)
    return int(trees * ((2 * leaves - 1) * NODE_BYTES + leaves * CLASS_BYTES))

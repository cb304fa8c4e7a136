"""Whether a candidate's graph could be served at all, told before any time is spent on fitting."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from core.bundle import MAX_GRAPH_BYTES
from core.contract import Contract
from training.model.recipes import Recipe

NODE_BYTES: Final = 36
"""What a node of a tree takes in a graph, as measured."""

CLASS_BYTES: Final = 13
"""What a leaf takes for each class, as measured."""

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
    """Return the most bytes that the trees of a configuration can take; 0 for other candidates."""
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

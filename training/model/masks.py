"""Trees as masks of bits: each leaf is a bit, and what a row's value rules out are bits that go.

To walk a tree is to wait: at each node for memory, and for a branch that the processor guessed
wrong. Where a number lies among all thresholds on it says at once, for every tree, which of its
leaves remain possible. So a row takes one mask for each column, and of all of them, ANDed, one bit
of each tree is left: its leaf.

References
----------
Lucchese et al., "QuickScorer: a fast algorithm to rank documents with additive ensembles of
regression trees", SIGIR 2015.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.model.tree_sum import TreeSum

WORD = 64
"""Bits of a word."""

_MOST_STATES = 512  # of questions that are looked up together
_ALL = np.uint64(0xFFFF_FFFF_FFFF_FFFF)

Masks = NDArray[np.uint64]
"""Of shape (n_states, n_words): a set bit is a leaf that a state leaves possible."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where leaves have their bits: tree t is field t // words of word t % words.

    Attributes
    ----------
    bits : int
        Of each field: as many as the largest tree has leaves.
    words : int
        For each row.
    fields : int
        Of each word.
    bit : integer array of shape (n_nodes,)
        Of a leaf: which bit of its word it is.
    """

    bits: int
    words: int
    fields: int
    bit: NDArray[np.uint64]


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """One number, or one row of a table, and the states that tell all decisions on it apart.

    Of a number x, state i means that i of its thresholds are below x; the last state, that it is
    missing. Of a table, a state is a row.

    Attributes
    ----------
    source : str
        As in `Feature`.
    column : int or None
        Of the number; None for a table.
    thresholds : float32 array of shape (n_thresholds,)
        On the number, each once and in order.
    masks : Masks
        What each state leaves possible.
    """

    source: str
    column: int | None
    thresholds: NDArray[np.float32]
    masks: Masks


def lay_out(trees: TreeSum) -> Layout | None:
    """Return where leaves have their bits; None if a tree has more leaves than a word has bits."""
    leaves = np.flatnonzero(trees.is_leaf)
    tree = trees.tree[leaves]
    order = np.arange(len(leaves)) - np.searchsorted(tree, tree)
    bits, count = int(order.max()) + 1, int(tree.max()) + 1
    if bits > WORD:
        return None
    words = -(-count // (WORD // bits))
    bit = np.zeros(len(trees.tree), np.uint64)
    bit[leaves] = tree // words * bits + order
    return Layout(bits, words, -(-count // words), bit)


def ask(trees: TreeSum, layout: Layout) -> list[Question]:
    """Return all that trees ask for."""
    below = _list_leaves_below(trees, layout)
    found = []
    for place, feature in enumerate(trees.features):
        nodes = np.flatnonzero(trees.feature == place)
        if feature.source not in trees.tables and len(nodes):
            thresholds, masks = _ask_for_number(trees, layout, below, nodes)
            found.append(Question(feature.source, feature.column, thresholds, masks))
    for source, table in trees.tables.items():
        asked = [place for place, each in enumerate(trees.features) if each.source == source]
        nodes = np.flatnonzero(np.isin(trees.feature, asked))
        if len(nodes):
            columns = np.array([each.column for each in trees.features])[trees.feature[nodes]]
            masks = _ask_for_row(trees, layout, below, nodes, table[:, columns])
            found.append(Question(source, None, np.empty(0, np.float32), masks))
    return found


def group(questions: Sequence[Question]) -> Iterator[list[Question]]:
    """Put questions of few states together: one look answers them all."""
    together: list[Question] = []
    states = 1
    for question in sorted(questions, key=lambda each: len(each.masks)):
        states *= len(question.masks)
        if together and states > _MOST_STATES:
            yield together
            together, states = [], len(question.masks)
        together.append(question)
    yield together


def cross(some: Masks, more: Masks) -> Masks:
    """Return the masks of all pairs of states; those of the second one go by faster."""
    return (some[:, np.newaxis] & more).reshape(-1, some.shape[1])


def list_leaf_bits(trees: TreeSum, layout: Layout) -> Masks:
    """Return which bits are leaves, of shape (1, n_words)."""
    leaves = trees.is_leaf
    bits = np.zeros((1, layout.words), np.uint64)
    words = trees.tree[leaves] % layout.words
    np.bitwise_or.at(bits[0], words, np.uint64(1) << layout.bit[leaves])
    return bits


def _list_leaves_below(trees: TreeSum, layout: Layout) -> NDArray[np.uint64]:
    """Return for each node the bits of its leaves."""
    below = np.where(trees.is_leaf, np.uint64(1) << layout.bit, np.uint64(0)).tolist()
    left, right = trees.left.tolist(), trees.right.tolist()
    for node in np.flatnonzero(~trees.is_leaf)[::-1].tolist():
        below[node] = below[left[node]] | below[right[node]]
    return np.array(below, np.uint64)


def _ask_for_number(
    trees: TreeSum, layout: Layout, below: NDArray[np.uint64], nodes: NDArray[np.int64]
) -> tuple[NDArray[np.float32], Masks]:
    """Return the thresholds on a number, and the masks of its states."""
    thresholds, rank = np.unique(trees.threshold[nodes], return_inverse=True)
    words = trees.tree[nodes] % layout.words
    left, right = ~below[trees.left[nodes]], ~below[trees.right[nodes]]
    low, high = np.full((2, len(thresholds) + 1, layout.words), _ALL)
    np.bitwise_and.at(low, (rank, words), right)  # these states, and those before, go left
    np.bitwise_and.at(high, (rank + 1, words), left)
    low = np.bitwise_and.accumulate(low[::-1])[::-1]
    high = np.bitwise_and.accumulate(high)
    missing = np.full((1, layout.words), _ALL)
    np.bitwise_and.at(missing[0], words, np.where(trees.missing_left[nodes], right, left))
    return thresholds, np.concatenate([low & high, missing])


def _ask_for_row(
    trees: TreeSum,
    layout: Layout,
    below: NDArray[np.uint64],
    nodes: NDArray[np.int64],
    values: NDArray[np.float32],
) -> Masks:
    """Return the masks of a table's rows, given what each node asks of them: (rows, nodes)."""
    goes_left = np.where(
        np.isnan(values), trees.missing_left[nodes], values <= trees.threshold[nodes]
    )
    kept = np.where(goes_left, ~below[trees.right[nodes]], ~below[trees.left[nodes]])
    masks = np.full((layout.words, len(values)), _ALL)
    np.bitwise_and.at(masks, trees.tree[nodes] % layout.words, kept.T)
    return np.ascontiguousarray(masks.T)

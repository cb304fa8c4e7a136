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
    nodes : integer array of shape (n_asking,)
        The nodes of the trees that ask it.
    thresholds : float32 array of shape (n_thresholds,)
        On the number, each once and in order; none for a table.
    states : int
        How many there are.
    """

    source: str
    column: int | None
    nodes: NDArray[np.int64]
    thresholds: NDArray[np.float32]
    states: int


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


def list_questions(trees: TreeSum) -> list[Question]:
    """Return all that trees ask for."""
    asking: dict[tuple[str, int | None], list[int]] = {}
    for place, feature in enumerate(trees.features):
        column = None if feature.source in trees.tables else feature.column
        asking.setdefault((feature.source, column), []).append(place)
    found = []
    for (source, column), features in asking.items():
        nodes = np.flatnonzero(np.isin(trees.feature, features))
        if column is None:
            thresholds, states = np.empty(0, np.float32), len(trees.tables[source])
        else:
            thresholds = np.unique(trees.threshold[nodes])
            states = len(thresholds) + 2
        if len(nodes):
            found.append(Question(source, column, nodes, thresholds, states))
    return found


def group_questions(questions: Sequence[Question]) -> Iterator[list[Question]]:
    """Put questions of few states together: one look answers them all."""
    together: list[Question] = []
    states = 1
    for question in sorted(questions, key=lambda each: each.states):
        states *= question.states
        if together and states > _MOST_STATES:
            yield together
            together, states = [], question.states
        together.append(question)
    yield together


def list_masks(
    trees: TreeSum, layout: Layout, below: NDArray[np.uint64], questions: Sequence[Question]
) -> Masks:
    """Return the masks of all combinations of the questions' states; the last one's go by fastest.

    Parameters
    ----------
    below : integer array of shape (n_nodes,)
        Of `list_leaves_below`.
    """
    found = np.full((1, layout.words), _ALL)
    for question in questions:
        list_own = _list_of_number if question.column is not None else _list_of_table
        own = list_own(trees, layout, below, question)
        found = (found[:, np.newaxis] & own).reshape(-1, layout.words)
    return found


def list_leaf_bits(trees: TreeSum, layout: Layout) -> Masks:
    """Return which bits are leaves, of shape (1, n_words)."""
    leaves = trees.is_leaf
    bits = np.zeros((1, layout.words), np.uint64)
    words = trees.tree[leaves] % layout.words
    np.bitwise_or.at(bits[0], words, np.uint64(1) << layout.bit[leaves])
    return bits


def list_leaves_below(trees: TreeSum, layout: Layout) -> NDArray[np.uint64]:
    """Return for each node the bits of its leaves."""
    below = np.where(trees.is_leaf, np.uint64(1) << layout.bit, np.uint64(0)).tolist()
    left, right = trees.left.tolist(), trees.right.tolist()
    for node in np.flatnonzero(~trees.is_leaf)[::-1].tolist():
        below[node] = below[left[node]] | below[right[node]]
    return np.array(below, np.uint64)


def _list_of_number(
    trees: TreeSum, layout: Layout, below: NDArray[np.uint64], question: Question
) -> Masks:
    nodes = question.nodes
    rank = np.searchsorted(question.thresholds, trees.threshold[nodes])
    words = trees.tree[nodes] % layout.words
    left, right = ~below[trees.left[nodes]], ~below[trees.right[nodes]]
    low, high = np.full((2, len(question.thresholds) + 1, layout.words), _ALL)
    np.bitwise_and.at(low, (rank, words), right)  # these states, and those before, go left
    np.bitwise_and.at(high, (rank + 1, words), left)
    low = np.bitwise_and.accumulate(low[::-1])[::-1]
    high = np.bitwise_and.accumulate(high)
    missing = np.full((1, layout.words), _ALL)
    np.bitwise_and.at(missing[0], words, np.where(trees.missing_left[nodes], right, left))
    return np.concatenate([low & high, missing])


def _list_of_table(
    trees: TreeSum, layout: Layout, below: NDArray[np.uint64], question: Question
) -> Masks:
    nodes = question.nodes
    columns = np.array([each.column for each in trees.features])[trees.feature[nodes]]
    values = trees.tables[question.source][:, columns]
    goes_left = np.where(
        np.isnan(values), trees.missing_left[nodes], values <= trees.threshold[nodes]
    )
    kept = np.where(goes_left, ~below[trees.right[nodes]], ~below[trees.left[nodes]])
    masks = np.full((layout.words, question.states), _ALL)
    np.bitwise_and.at(masks, trees.tree[nodes] % layout.words, kept.T)
    return masks.T

"""A graph of trees written once more for many rows at a time, with masks in place of the trees.

It gives the first one's answers to the last digit, in about half the time where there are hundreds
of rows. For a few it is no quicker, and it is larger: so it is a file of its own, which batch
scoring reads and the endpoint does not.
"""

import math
from collections.abc import Sequence
from itertools import chain

import numpy as np
import onnx
from onnx import TensorProto, helper

from core.contract import Contract
from training.model.export_codes import take_codes
from training.model.masks import (
    WORD,
    Layout,
    Question,
    group_questions,
    lay_out,
    list_leaf_bits,
    list_leaves_below,
    list_masks,
    list_questions,
)
from training.model.parts import Part, keep_needed
from training.model.tree_sum import TreeSum, read_tree_sum

_DE_BRUIJN = np.uint64(0x03F79D71B4CB0A89)
"""Each run of six of its bits is another one: times a power of two, its upper six bits tell which.

Leiserson, Prokop and Randall, "Using de Bruijn sequences to index a 1 in a computer word", 1998.
"""

_UPPER_SIX = np.uint64(58)

_MAX_BYTES = 8 * 2**20  # of masks: more would not stay near the processor

# What a row takes, 300 at a time, as measured with 5 to 150 columns and 100 to 300 trees of 5 to 63
# leaves (docs/decisions/0023-trees-as-masks.md): masks in the middle, trees at their quicker.
_STEP_NS = 5.5  # down a tree
_WORD_NS = 0.43  # of a mask: looked up and ANDed
_WORD_NS_A_MIB = 0.14  # more, for each MiB of masks: they are farther from the processor
_HALF_NS = 9.2  # of a column's thresholds, one of which is compared
_LEAF_NS = 2.8  # found in its word, and added


def export_masks(body: bytes, contract: Contract) -> bytes | None:
    """Write a graph with masks in place of its trees; the same graph gives the same bytes.

    It takes `core.inputs.CodedInputs` where the contract names all categories.

    Returns
    -------
    bytes or None
        None if the graph has no trees, if they answer with more than one sum, if a tree has more
        than 64 leaves, or if they ask for so many columns that masks would be no quicker.
    """
    model = onnx.load_model_from_string(body)
    graph = model.graph
    trees = read_tree_sum(graph)
    layout = None if trees is None else lay_out(trees)
    if trees is None or layout is None:
        return None
    groups = list(group_questions(list_questions(trees)))
    if not _are_quicker(layout, groups, count=int(trees.tree[-1]) + 1):
        return None
    part = Part("masks")
    _write_sum(part, trees, layout, _write_possible(part, trees, layout, groups))
    nodes = list(graph.node)
    [place] = (place for place, node in enumerate(nodes) if trees.output in node.output)
    nodes[place : place + 1] = part.nodes
    nodes, constants = keep_needed(
        nodes, [*graph.initializer, *part.constants], graph.output[0].name
    )
    del graph.node[:], graph.initializer[:]
    graph.node.extend(nodes)
    graph.initializer.extend(constants)
    take_codes(graph, contract)
    return bytes(model.SerializeToString(deterministic=True))


def _are_quicker(layout: Layout, groups: Sequence[Sequence[Question]], *, count: int) -> bool:
    """Say whether masks take at least a tenth less time than as many trees."""
    states = sum(math.prod(question.states for question in asked) for asked in groups)
    size = states * layout.words * WORD // 8
    if size > _MAX_BYTES:
        return False
    word_ns = _WORD_NS + _WORD_NS_A_MIB * size / 2**20
    halves = [len(each.thresholds).bit_length() for each in chain(*groups)]
    masks_ns = len(groups) * layout.words * word_ns + count * _LEAF_NS + sum(halves) * _HALF_NS
    return masks_ns < 0.9 * count * math.log2(layout.bits) * _STEP_NS


def _write_possible(
    part: Part, trees: TreeSum, layout: Layout, groups: Sequence[Sequence[Question]]
) -> str:
    """Look up which leaves the answers to all questions leave possible: (n_rows, n_words)."""
    states = _write_states(part, list(chain(*groups)))
    below = list_leaves_below(trees, layout)
    possible = ""
    for place, asked in enumerate(groups):
        masks = list_masks(trees, layout, below, asked)
        if place == 0:  # bits that are no leaves must be gone in the end
            masks &= list_leaf_bits(trees, layout)
        table = part.hold(f"table_{place}", masks.view(np.int64))
        state = states[asked[0]]
        for question in asked[1:]:
            name = f"{states[question]}_of_{place}"
            count = part.hold(f"{name}_count", np.array(question.states))
            times = part.add("Mul", [state, count], f"{name}_times")
            state = part.add("Add", [times, states[question]], name)
        found = part.add("Gather", [table, state], f"found_{place}", axis=0)
        possible = part.add("BitwiseAnd", [possible, found], f"left_{place}") if place else found
    return possible


def _write_states(part: Part, questions: Sequence[Question]) -> dict[Question, str]:
    """Find each row's state for each question, of shape (n_rows,)."""
    states = {each: each.source for each in questions if each.column is None}
    numbers = [each for each in questions if each.column is not None]
    if not numbers:
        return states
    columns = part.hold("columns", np.array([each.column for each in numbers]))
    chosen = part.add("Gather", [numbers[0].source, columns], "chosen", axis=1)
    found = _write_search(part, numbers, part.add("Transpose", [chosen], "numbers", perm=[1, 0]))
    for place, question in enumerate(numbers):
        wanted = part.hold(f"number_{place}", np.array(place))
        states[question] = part.add("Gather", [found, wanted], f"state_{place}", axis=0)
    return states


def _write_search(part: Part, questions: Sequence[Question], numbers: str) -> str:
    """Find the states of numbers of shape (n_questions, n_rows): how many thresholds are below.

    By halves, and for all columns at once: each has 2**k - 1 thresholds, of which the last ones may
    be infinite, so after k looks each number has its place.
    """
    looks = max(len(each.thresholds) for each in questions).bit_length()
    thresholds = np.full((len(questions), 2**looks), np.inf, np.float32)
    for row, question in enumerate(questions):
        thresholds[row, : len(question.thresholds)] = question.thresholds
    first = np.arange(len(questions)).reshape(-1, 1) * 2**looks
    shape = part.add("Shape", [numbers], "shape")
    middle = part.hold("middle", first + 2 ** (looks - 1) - 1)
    flat = part.hold("flat", np.array([1, -1]))
    sought = part.add("Reshape", [numbers, flat], "sought")
    held = part.hold("thresholds", thresholds.reshape(1, -1))
    place = part.add("Reshape", [part.add("Expand", [middle, shape], "middles"), flat], "place")
    for look in range(looks):
        half = 2 ** (looks - 1 - look)
        up = part.hold(f"up_{look}", np.array(half // 2 or 1))
        down = part.hold(f"down_{look}", np.array(-(half // 2)))
        seen = part.add("GatherElements", [held, place], f"seen_{look}", axis=1)
        above = part.add("Greater", [sought, seen], f"above_{look}")
        step = part.add("Where", [above, up, down], f"step_{look}")
        place = part.add("Add", [place, step], f"place_{look}")
    shaped = part.add("Reshape", [place, shape], "place_by_column")
    below = part.add("Sub", [shaped, part.hold("first", first)], "below")
    gaps = np.array([[len(each.thresholds) + 1] for each in questions])
    is_missing = part.add("IsNaN", [numbers], "is_missing")
    return part.add("Where", [is_missing, part.hold("missing", gaps), below], "states")


def _write_sum(part: Part, trees: TreeSum, layout: Layout, possible: str) -> None:
    """Find the one leaf of each tree, and add what they weigh in the order of the trees."""
    # Words come first, so that trees are added over the first axis: over the last one onnxruntime
    # adds several at once, which ends in other digits.
    words = part.add("Transpose", [possible], "words", perm=[1, 0])
    field = np.arange(layout.fields, dtype=np.uint64).reshape(-1, 1, 1)
    mine = np.uint64(2**layout.bits - 1) << (field * np.uint64(layout.bits))
    bit = part.add("BitwiseAnd", [words, part.hold("fields", mine.view(np.int64))], "bit")
    factor = part.hold("factor", np.array(_DE_BRUIJN).view(np.int64))
    product = part.add("Mul", [bit, factor], "product")
    unsigned = part.add("Cast", [product], "unsigned", to=TensorProto.UINT64)
    six = part.hold("six", np.array(_UPPER_SIX))
    upper = part.add("BitShift", [unsigned, six], "upper", direction="RIGHT")
    place = part.add("Cast", [upper], "place_of_bit", to=TensorProto.INT64)
    tree = np.arange(layout.fields * layout.words)
    begin = part.hold("trees", tree.reshape(layout.fields, layout.words, 1) * WORD)
    leaf = part.add("Add", [place, begin], "leaf")
    leaves = part.add("Reshape", [leaf, part.hold("in_a_row", np.array([1, -1]))], "leaves")
    weight = part.add("GatherElements", [_hold_weights(part, trees, layout), leaves], "weight",
                      axis=1)  # fmt: skip
    by_tree = part.hold("by_tree", np.array([len(tree), -1]))
    weights = part.add("Reshape", [weight, by_tree], "weights_by_tree")
    axis = part.hold("axis", np.array([0]))
    total = part.add("ReduceSum", [weights, axis], "total", keepdims=0)
    column = part.add("Reshape", [total, part.hold("column", np.array([-1, 1]))], "totals")
    base = part.hold("base", np.array([trees.base], np.float32))
    part.nodes.append(helper.make_node("Add", [column, base], [trees.output]))


def _hold_weights(part: Part, trees: TreeSum, layout: Layout) -> str:
    """Keep what leaves weigh, each where the product of its bit leads to."""
    leaves = trees.is_leaf
    place = ((np.uint64(1) << layout.bit[leaves]) * _DE_BRUIJN) >> _UPPER_SIX
    # A field without a tree adds nothing, not even to a sum of -0.
    weights = np.full((layout.fields * layout.words, WORD), -0.0, np.float32)
    weights[trees.tree[leaves], place.astype(np.int64)] = trees.weight[leaves]
    return part.hold("weights", weights.reshape(1, -1))

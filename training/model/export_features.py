"""The steps of `Features` as ONNX operators, one by one, with the numbers that they learned.

skl2onnx converts none of them faithfully together (imputation with marks of what was missing fails,
float64 encoders do not load), so it converts estimators alone.
"""

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from training.model.export_words import export_words
from training.model.features import NARROW_COLUMNS, ONE_COLUMN, Features
from training.model.parts import Part
from training.model.vocabulary import UNSEEN, Vocabulary


def export_features(
    features: Features, vocabulary: Vocabulary, output: str
) -> tuple[list[onnx.NodeProto], list[onnx.TensorProto]]:
    """Repeat `Features.transform` after `Vocabulary.encode` in ONNX operators.

    Returns
    -------
    nodes, constants
        From the inputs ``numeric`` and ``strings`` to the float32 matrix `output`.
    """
    parts: list[Part] = []
    blocks: list[str] = []
    for name, transformer, columns in features.columns_.transformers_:
        if name == "remainder":  # columns without values, which are left out
            continue
        part = Part(name)
        if name == NARROW_COLUMNS or name.startswith(ONE_COLUMN):
            tables = _encode_levels(transformer, columns, vocabulary)
            for column, table in zip(columns, tables, strict=True):
                part = Part(f"{ONE_COLUMN}{column}")
                place = column - vocabulary.numeric_width
                blocks.append(_export_categories(part, table, vocabulary.levels[place], place))
                parts.append(part)
            continue
        if name.startswith("texts_"):
            place = int(name.removeprefix("texts_"))
            column = _take_column(part, len(vocabulary.levels) + place)
            blocks.append(export_words(part, transformer, vocabulary.lexicons[place], column))
        else:
            numbers = part.add("Gather", ["numeric", part.hold("known", _places(columns))],
                               "known_numbers", axis=1)  # fmt: skip
            blocks.append(_export_numbers(part, name, transformer, numbers))
        parts.append(part)
    joined = helper.make_node("Concat", blocks, [output], axis=1)
    nodes = [node for part in parts for node in part.nodes]
    return [*nodes, joined], [constant for part in parts for constant in part.constants]


def _export_numbers(part: Part, name: str, transformer: Any, numbers: str) -> str:  # noqa: ANN401
    if name == "missing":
        return _export_marks(part, transformer, numbers)
    if name == "bins":
        return _export_bins(part, transformer, numbers)
    if not hasattr(transformer, "named_steps"):  # trees read the numbers as they are
        return numbers
    steps = transformer.named_steps
    filled = _export_fill(part, steps["fill"], numbers)
    center, scale = part.hold("center", _single(steps["scale"].mean_)), part.hold(
        "scale", _single(steps["scale"].scale_)
    )  # fmt: skip
    scaled = part.add("Div", [part.add("Sub", [filled, center], "centered"), scale], "scaled")
    if "products" not in steps:
        return scaled
    return _export_products(part, steps["products"].powers_, scaled)


def _export_fill(part: Part, imputer: Any, numbers: str) -> str:  # noqa: ANN401
    missing = part.add("IsNaN", [numbers], "is_missing")
    fill = part.hold("fill", _single(imputer.statistics_))
    return part.add("Where", [missing, fill, numbers], "filled")


def _export_marks(part: Part, indicator: Any, numbers: str) -> str:  # noqa: ANN401
    missing = part.add("IsNaN", [numbers], "is_missing")
    marks = part.add("Cast", [missing], "marks", to=TensorProto.FLOAT)
    marked = part.hold("marked", _places(indicator.features_))
    return part.add("Gather", [marks, marked], "chosen_marks", axis=1)


def _export_products(part: Part, powers: NDArray[np.int64], scaled: str) -> str:
    """Multiply the two factors of each product; one that has a single factor is taken as it is."""
    factors = [np.repeat(np.arange(len(row)), row) for row in powers]
    singles = [row[0] for row in factors if len(row) == 1]
    pairs = np.array([row for row in factors if len(row) == 2], dtype=np.int64)
    first, second = (
        part.add("Gather", [scaled, part.hold(f"places_{side}", pairs[:, side])],
                 f"factors_{side}", axis=1)
        for side in (0, 1)
    )  # fmt: skip
    products = part.add("Mul", [first, second], "products")
    alone = part.add("Gather", [scaled, part.hold("alone", _places(singles))], "singles", axis=1)
    return part.add("Concat", [alone, products], "scaled_and_products", axis=1)


def _export_bins(part: Part, pipeline: Any, numbers: str) -> str:  # noqa: ANN401
    """Mark the bin of each number: it has reached the bin's lower edge and not the next one's."""
    steps = pipeline.named_steps
    filled = _export_fill(part, steps["fill"], numbers)
    blocks = []
    for place, edges in enumerate(steps["cut"].bin_edges_):
        inner = _single(edges[1:-1]).reshape(1, -1)
        column = part.add("Gather", [filled, part.hold(f"place_{place}", _places([place]))],
                          f"column_{place}", axis=1)  # fmt: skip
        lower = np.concatenate([[[-np.inf]], inner], axis=1).astype(np.float32)
        upper = np.concatenate([inner, [[np.inf]]], axis=1).astype(np.float32)
        reached = part.add("GreaterOrEqual", [column, part.hold(f"lower_{place}", lower)],
                           f"reached_{place}")  # fmt: skip
        below = part.add("Less", [column, part.hold(f"upper_{place}", upper)], f"below_{place}")
        inside = part.add("And", [reached, below], f"inside_{place}")
        blocks.append(part.add("Cast", [inside], f"bin_{place}", to=TensorProto.FLOAT))
    return part.add("Concat", blocks, "bins", axis=1)


def _encode_levels(
    encoder: Any,  # noqa: ANN401 (scikit-learn has no types)
    columns: list[int],
    vocabulary: Vocabulary,
) -> list[NDArray[np.float32]]:
    """Return, for each column, the features of an unseen category and of all its categories."""
    levels = [len(vocabulary.levels[column - vocabulary.numeric_width]) for column in columns]
    codes = np.full((1 + max(levels), len(columns)), UNSEEN, dtype=np.float32)
    for place, count in enumerate(levels):
        codes[1 : 1 + count, place] = np.arange(count)
    encoded = _single(encoder.transform(codes))
    if len(columns) == 1:
        return [encoded]
    rare = encoder.infrequent_categories_
    widths = [
        len(names) - (0 if few is None else len(few) - 1)
        for names, few in zip(encoder.categories_, rare, strict=True)
    ]
    blocks = np.split(encoded, np.cumsum(widths)[:-1], axis=1)
    return [block[: 1 + count] for block, count in zip(blocks, levels, strict=True)]


def _export_categories(
    part: Part, encoded: NDArray[np.float32], levels: tuple[str, ...], place: int
) -> str:
    """Look each category's row of features up in a table, whatever an encoder made of it.

    The first row is that of a category that was never seen; only categories that differ from it are
    named in the graph, and equal rows are stored once.
    """
    rows: dict[bytes, int] = {}
    row_of = [rows.setdefault(row.tobytes(), len(rows)) for row in encoded]
    table = encoded[[row_of.index(row) for row in range(len(rows))]]
    named = [(level, row) for level, row in zip(levels, row_of[1:], strict=True) if row]
    found = part.add(
        "LabelEncoder",
        [_take_column(part, place)],
        "row",
        domain="ai.onnx.ml",
        keys_strings=[level.encode() for level, _ in named] or [b""],
        values_int64s=[row for _, row in named] or [0],
        default_int64=0,
    )
    return part.add("Gather", [part.hold("table", table), found], "features", axis=0)


def _take_column(part: Part, place: int) -> str:
    """Return the name of one column of the input ``strings``, of shape [N]."""
    column = part.add("Gather", ["strings", part.hold("place", _places([place]))], "column", axis=1)
    return part.add("Reshape", [column, part.hold("all_rows", _places([-1]))], "flat")


def _places(columns: Any) -> NDArray[np.int64]:  # noqa: ANN401
    return np.asarray(columns, dtype=np.int64)


def _single(values: Any) -> NDArray[np.float32]:  # noqa: ANN401
    return np.asarray(values, dtype=np.float32)

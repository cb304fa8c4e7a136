"""The split as arrays: what *split* writes and the later steps read, without duckdb or pickle."""

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core import keys
from core.contract import Contract
from core.errors import IntegrityError
from core.inputs import ModelInputs
from core.store import ObjectStore
from training.data.runs import MAX_SPLIT_BYTES


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows of a dataset version.

    Attributes
    ----------
    inputs : ModelInputs
        Of n rows.
    target : float64 array of shape (n,)
        Index of the class in ``contract.classes``, or the number of a regression.
    groups : int64 array of shape (n,) or None
        Which rows belong together, where the contract names a group.
    """

    inputs: ModelInputs
    target: NDArray[np.float64]
    groups: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.inputs)

    def select(self, chosen: NDArray[np.generic]) -> "Rows":
        """Return the rows at the given places (a mask or indices)."""
        groups = None if self.groups is None else self.groups[chosen]
        return Rows(select_inputs(self.inputs, chosen), self.target[chosen], groups)


@dataclass(frozen=True, slots=True)
class Split:
    """A dataset version cut in two, in the order of its rows (of time, if the contract names it).

    Rows that are near-duplicates of holdout rows are in neither part.
    """

    training: Rows
    holdout: Rows


def select_inputs(inputs: ModelInputs, chosen: NDArray[np.generic]) -> ModelInputs:
    """Return the rows of model inputs at the given places (a mask or indices)."""
    return ModelInputs(inputs.numeric[chosen], inputs.strings[chosen])


def join_inputs(first: ModelInputs, second: ModelInputs) -> ModelInputs:
    """Return the rows of both, in order."""
    return ModelInputs(
        np.concatenate([first.numeric, second.numeric]),
        np.concatenate([first.strings, second.strings]),
    )


def pack_arrays(**arrays: NDArray[np.generic]) -> bytes:
    """Write named arrays as NPZ; the same arrays give the same bytes."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def pack_numbers(**arrays: NDArray[np.generic]) -> bytes:
    """Write the same without compressing it.

    Answers of a model are nearly random in most of their digits: to make them a quarter shorter
    took longer than to compute them.
    """
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def unpack_arrays(body: bytes, *, key: str) -> dict[str, NDArray[np.generic]]:
    """Read named arrays from NPZ; nothing in it is ever unpickled.

    Raises
    ------
    IntegrityError
        If it is not what `pack_arrays` or `pack_numbers` writes.
    """
    try:
        with np.load(io.BytesIO(body), allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (ValueError, OSError, KeyError, EOFError) as error:
        raise IntegrityError(
            f"{key} is not what a training step wrote.", next_step="Start the run again."
        ) from error


def pack_inputs(inputs: ModelInputs, *, prefix: str = "") -> dict[str, NDArray[np.generic]]:
    """Return model inputs as arrays that need no pickle.

    Numbers are float32. Each different string is written once, as UTF-8 one after the other, and
    the cells hold its place: one long text makes no other cell longer, as it would in an array of
    fixed width.
    """
    cells = inputs.strings.ravel().tolist()
    place_of = {text: place for place, text in enumerate(dict.fromkeys(cells))}
    written = [text.encode() for text in place_of]
    places = np.fromiter((place_of[text] for text in cells), np.int32, count=len(cells))
    return {
        f"{prefix}numeric": inputs.numeric,
        f"{prefix}strings": places.reshape(inputs.strings.shape),
        f"{prefix}strings_bytes": np.frombuffer(b"".join(written), dtype=np.uint8),
        f"{prefix}strings_ends": np.cumsum([len(text) for text in written], dtype=np.int64),
    }


def unpack_inputs(arrays: dict[str, NDArray[np.generic]], *, prefix: str = "") -> ModelInputs:
    """Return what `pack_inputs` packed."""
    body = arrays[f"{prefix}strings_bytes"].tobytes()
    ends = arrays[f"{prefix}strings_ends"].tolist()
    texts = np.empty(len(ends), dtype=np.object_)
    texts[:] = [body[start:end].decode() for start, end in zip([0, *ends], ends, strict=False)]
    strings = texts[arrays[f"{prefix}strings"].astype(np.int32)]
    return ModelInputs(arrays[f"{prefix}numeric"].astype(np.float32), strings)


def load_split(store: ObjectStore, run_id: str, contract: Contract) -> Split:
    """Read what *split* wrote for a run.

    Raises
    ------
    IntegrityError
        If the arrays do not fit the contract.
    """
    key = keys.run(run_id, "split.npz")
    arrays = unpack_arrays(store.get(key, max_bytes=MAX_SPLIT_BYTES).body, key=key)
    inputs = unpack_inputs(arrays)
    groups = arrays["groups"].astype(np.int64) if "groups" in arrays else None
    rows = Rows(inputs, arrays["target"].astype(np.float64), groups)
    shapes = (inputs.numeric.shape, inputs.strings.shape)
    n = len(rows)
    if shapes != ((n, len(contract.numeric_columns)), (n, len(contract.string_columns))):
        raise IntegrityError(f"{key} does not fit the run's data contract.")
    holdout = arrays["holdout"].astype(np.bool_)
    aside = arrays["aside"].astype(np.bool_) if "aside" in arrays else np.zeros(n, np.bool_)
    return Split(training=rows.select(~holdout & ~aside), holdout=rows.select(holdout))

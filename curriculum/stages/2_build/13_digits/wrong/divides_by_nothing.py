"""Wrong: divides by the brightest pixel, which may be paper."""

import numpy as np
from numpy.typing import NDArray
from sklearn.svm import SVC

Images = NDArray[np.float64]
SIDE = 8


def fit(images: Images, y: NDArray[np.int64], seed: int) -> SVC:
    """Return a model of images that lie in the middle, and are all equally bright."""
    return SVC(C=5, gamma="scale", random_state=seed).fit(straighten(images), y)


def read(model: SVC, images: Images) -> NDArray[np.int64]:
    """Return the digit on each image."""
    found: NDArray[np.int64] = model.predict(straighten(images))
    return found


def straighten(images: Images) -> Images:
    """Return the images with the middle of their ink in the middle, and full ink at 1."""
    return centre(brighten(images))


def brighten(images: Images) -> Images:
    """Divide each image by its own brightest pixel."""
    most = images.max(axis=1, keepdims=True)
    return images / most


def centre(images: Images) -> Images:
    """Move each image by whole columns, so that the middle of its ink is nearest to 3.5."""
    squares = images.reshape(-1, SIDE, SIDE)
    ink = squares.sum(axis=1)
    total = np.maximum(ink.sum(axis=1), 1e-12)
    middle = (ink @ np.arange(SIDE)) / total
    by = np.where(ink.sum(axis=1) > 0, np.round((SIDE - 1) / 2 - middle), 0).astype(int)
    source = np.arange(SIDE)[None, :] - by[:, None]  # the column that comes to each place
    inside = (source >= 0) & (source < SIDE)
    rows = np.arange(len(squares))[:, None, None]
    moved = squares[rows, np.arange(SIDE)[None, :, None], np.clip(source, 0, SIDE - 1)[:, None, :]]
    return np.where(inside[:, None, :], moved, 0.0).reshape(len(images), -1)

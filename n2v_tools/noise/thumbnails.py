"""Small pictures of the frames of a movie, one after the other.

Averages over blocks of pixels keep what is larger than the blocks and leave little of the
noise, so that frames can be compared even at two photons a pixel. Each frame is read once
and forgotten; only some planes of a volume are looked at.

Tests: ``tests/noise/test_scenes.py``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np

from ..stack import Stack
from .sample import evenly

LEAST_EDGE_PX = 128  # of a thumbnail, where the frames have as many
MOST_EDGE_PX = 512
MOST_PLANES = 4  # of the depths and channels of a frame
BLOCK_PX = 8  # of frames that are large enough
SMALL_PX = 64


class Thumbnails:
    """Frames of a stack, averaged over squares of pixels.

    Parameters
    ----------
    stack : Stack
        With a T axis. Where it has other axes too, a frame is the mean over four of its planes
        at most, evenly spread.

    Attributes
    ----------
    factor : int
        Edge of the squares, in pixels.
    shape : tuple of int
        Y, X of a thumbnail; what is left over at the far edges is not looked at.
    n_blocks : int
        Of a frame; 0 where it is smaller than a block along Y or X.
    """

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        height, width = stack.sizes["Y"], stack.sizes["X"]
        self.factor = 1
        while (min(height, width) >= 2 * self.factor * LEAST_EDGE_PX and self.factor < 4) or max(
            height, width
        ) > self.factor * MOST_EDGE_PX:
            self.factor *= 2
        self.shape = height // self.factor, width // self.factor
        block_px = BLOCK_PX if min(height, width) >= SMALL_PX else BLOCK_PX // 2
        self._per_block = max(1, block_px // self.factor)
        self.n_blocks = math.prod(size // self._per_block for size in self.shape)
        first = [place for place in stack.places() if place["T"] == 0]
        self._planes: list[Mapping[str, int]] = list(evenly(first, MOST_PLANES))

    def __len__(self) -> int:
        return self._stack.sizes["T"]

    def __iter__(self) -> Iterator[np.ndarray]:
        """Yield each frame: float64, shape `shape`, in counts."""
        for frame in range(len(self)):
            total = np.zeros(self.shape)
            for place in self._planes:
                plane = self._stack.plane({**place, "T": frame})
                total += shrink(_finite(plane) if plane.dtype.kind == "f" else plane, self.factor)
            yield total / len(self._planes)

    def blocks(self, thumbnail: np.ndarray) -> np.ndarray:
        """Means over blocks of 8 px (4 px of small frames): float64, shape (M,)."""
        return shrink(thumbnail, self._per_block).ravel()


def shrink(plane: np.ndarray, factor: int) -> np.ndarray:
    """Average a plane of finite numbers of any type over squares.

    Gives float64, shape (Y // factor, X // factor).
    """
    rows, columns = (size // factor for size in plane.shape)
    kind = np.uint32 if plane.dtype in (np.uint8, np.uint16) else np.float64
    cut = plane[: rows * factor, : columns * factor].reshape(rows, factor, columns * factor)
    tall = cut.sum(axis=1, dtype=kind)
    wide = tall[:, ::factor].astype(np.float64)
    for start in range(1, factor):  # ten times as fast as a sum over short rows
        wide += tall[:, start::factor]
    return wide / factor**2


def _finite(plane: np.ndarray) -> np.ndarray:
    """The plane with the mean of what is finite where it is not."""
    broken = ~np.isfinite(plane)
    if not broken.any():
        return plane
    kept = plane[~broken].astype(np.float64)
    return np.where(broken, kept.mean() if kept.size else 0.0, plane)

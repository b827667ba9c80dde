"""Blocks of pixels: planes cut into squares, squares sorted by brightness and by power.

NumPy alone, since `fingerprint` is read before every denoising.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def to_blocks(plane: np.ndarray, edge: int) -> np.ndarray:
    """Pixels of the whole blocks of a plane (Y, X), row by row of blocks: (M, edge * edge)."""
    rows, columns = (n // edge for n in plane.shape)
    cut = plane[: rows * edge, : columns * edge].reshape(rows, edge, columns, edge)
    return cut.swapaxes(1, 2).reshape(rows * columns, edge * edge)


def block_means(planes: Sequence[np.ndarray], edge: int) -> np.ndarray:
    """Means of all blocks of all planes (Y, X), shape (M,); at least one block in all."""
    return np.concatenate([to_blocks(plane, edge).mean(axis=1) for plane in planes])


def by_brightness(means: np.ndarray, in_bin: float, most_bins: int) -> list[np.ndarray]:
    """Numbers of blocks of about equal brightness, the darkest bin first.

    `means` of the blocks, shape (M,). Each of `most_bins` or fewer holds `in_bin` blocks at least,
    where there are as many.
    """
    n_bins = int(np.clip(len(means) // in_bin, 1, most_bins))
    return np.array_split(np.argsort(means, kind="stable"), n_bins)


def quietest(blocks: np.ndarray, power: np.ndarray, share: float, least: int) -> np.ndarray:
    """Those of some blocks that have the least power, the quietest first.

    `blocks` are numbers to choose from, `power` that of all blocks, shape (M,). A `share` of
    `blocks` is taken, or `least` of them if that is fewer.
    """
    order = blocks[np.argsort(power[blocks], kind="stable")]
    return order[: max(least, int(share * len(blocks)))]


def middle(size: int, most: int) -> slice:
    """The middle of an axis: `most` pixels of it at most."""
    start = max(0, (size - most) // 2)
    return slice(start, start + min(size, most))

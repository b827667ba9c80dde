"""Lone pixels of a plane: hot or dead ones, cosmic rays, single broken values.

A *lone pixel* lies far beyond what noise does at its brightness, and its neighbours do not
follow it, as they would where the optics spread a small object. How far noise reaches is read off
the plane itself, from the differences between each pixel and the median of its eight neighbours:
nine tenths of them give the noise's strength at each brightness, and how they thin out further on
says where none of a hundred million would lie. So the single photons of a sparse image, which
stand alone too, are told from a few broken pixels. Pixels that number more than a hundredth of a
plane are a kind of data and no accidents.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import ndimage

NOISE_SHARE = 0.9  # of the differences that are not 0, taken for noise
FAR = 6.0  # times the largest of these at least; of normal noise 10 deviations
TAIL = (0.97, 0.995)  # shares of the differences between which the tail is measured
NEVER = 1e-8  # share of the pixels that noise takes as far as a lone pixel
SPREAD = 0.25  # of a pixel's rise, which optics give to two neighbours or more
MOST = 0.01  # share of the pixels
MOST_COVERED = 0.05  # share of the pixels, around lone ones
LEAST_EDGE_PX = 8
SAMPLED_PX = 2**12  # by which noise is known
IN_BIN, MOST_BINS = 1024, 16  # pixels of about equal brightness

_RING = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if (y, x) != (0, 0)]


def find_lone_pixels(plane: np.ndarray) -> np.ndarray:
    """Find the lone pixels of a plane (Y, X) of counts; what is not finite is none.

    Returns
    -------
    spots : ndarray of int64, shape (N, 2)
        Y and X of each.
    """
    none = np.empty((0, 2), np.int64)
    if min(plane.shape) < LEAST_EDGE_PX:
        return none
    counts = plane.astype(np.float64)
    counts[~(np.abs(counts) <= np.finfo(np.float32).max)] = 0
    padded = np.pad(counts, 1, mode="reflect")
    levels, reach = _noise(padded, counts.shape)
    off = np.abs(counts - (9 * ndimage.uniform_filter(counts, 3, mode="mirror") - counts) / 8)
    # A lone pixel is as far from the mean of its neighbours as from their median, but for two.
    spots = np.argwhere(off > (1 - 2 * SPREAD) * reach.min())
    middle, ring = _around(padded, spots)
    level = _middle(ring)
    rise, others = middle - level, ring - level[:, np.newaxis]
    sign = np.sign(rise)
    second = np.sort(others * sign[:, np.newaxis], axis=1)[:, -2]
    spots = spots[(np.abs(rise) > _reach_at(level, levels, reach)) & (second < SPREAD * abs(rise))]
    return spots if len(spots) <= MOST * plane.size else none


def _noise(padded: np.ndarray, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Levels of bins of pixels, ascending, and how far from its level noise takes a pixel there."""
    n = shape[0] * shape[1]
    chosen = np.linspace(0, n - 1, min(n, SAMPLED_PX)).astype(np.int64)
    middle, ring = _around(padded, np.stack(np.unravel_index(chosen, shape), axis=1))
    level = _middle(ring)
    off = np.abs(middle - level)
    n_bins = max(1, min(MOST_BINS, len(off) // IN_BIN))
    bins = np.array_split(np.argsort(level, kind="stable"), n_bins)
    levels = np.array([level[numbers].mean() for numbers in bins])
    strength = np.maximum.accumulate([_strength(off[numbers]) for numbers in bins])
    if not strength[-1]:  # no difference was met: nothing is known of noise
        return levels, np.full(n_bins, math.inf)
    strength[strength == 0] = strength[strength > 0][0]
    return levels, strength * _far(off / np.maximum(np.interp(level, levels, strength), 1e-30))


def _strength(off: np.ndarray) -> float:
    """Difference below which most lie that are not 0."""
    real = off[off > 0]
    if not real.size:
        return 0.0
    at = int(NOISE_SHARE * (real.size - 1))
    return float(np.partition(real, at)[at])


def _far(off: np.ndarray) -> float:
    """Times its strength that noise never reaches, its tail prolonged as an exponential."""
    low, high = np.quantile(off, TAIL)
    first, second, last = (math.log(share) for share in (1 - TAIL[0], 1 - TAIL[1], NEVER))
    return max(FAR, float(high + (high - low) * (second - last) / (first - second)))


def _reach_at(level: np.ndarray, levels: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """How far noise reaches at a level; beyond the brightest bin it grows with brightness."""
    span = max(float(np.ptp(levels)), 1e-30)
    beyond = np.maximum((level - levels[0]) / span, 1) if len(levels) > 1 else 1.0
    return np.asarray(np.interp(level, levels, reach) * beyond)


def _around(padded: np.ndarray, spots: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Some pixels, shape (N,), and their eight neighbours, shape (N, 8), of a padded plane."""
    y, x = spots.T + 1
    return padded[y, x], np.stack([padded[y + dy, x + dx] for dy, dx in _RING], axis=1)


def _middle(ring: np.ndarray) -> np.ndarray:
    """Median of the neighbours, (N, 8), of each pixel."""
    return np.asarray(np.sort(ring, axis=1)[:, 3:5].mean(axis=1))


def blank_lone_pixels(plane: np.ndarray) -> np.ndarray:
    """Return a plane (Y, X) with NaN in its lone pixels; itself if it has none."""
    spots = find_lone_pixels(plane)
    if not len(spots):
        return plane
    blank = plane.astype(np.float64)
    blank[tuple(spots.T)] = np.nan
    return blank


def cover(spots: np.ndarray, shape: tuple[int, ...], reach_px: int) -> tuple[np.ndarray, ...]:
    """Say from where each pixel takes its value so that lone pixels and those around are covered.

    Indexing planes of `shape` (Y, X) by what is returned copies the nearest pixels that are left,
    the same in each plane, so that what planes have in common stays. `reach_px` is how far around
    `spots`, shape (N, 2); less is covered where that would be more than a twentieth of the plane.
    """
    alone = np.zeros(shape, bool)
    alone[tuple(spots.T)] = True
    for reach in range(reach_px, -1, -1):
        covered = ndimage.maximum_filter(alone, 2 * reach + 1)
        if covered.mean() <= MOST_COVERED:
            break
    return tuple(
        ndimage.distance_transform_edt(covered, return_distances=False, return_indices=True)
    )

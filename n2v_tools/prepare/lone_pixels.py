"""Lone pixels: far from all that is around them, as no optics and no noise leave them.

Hot and dead pixels of a camera, cosmic rays, salt and pepper. One plane is enough to find
them, because a small real structure rises in its neighbours as well: the optics spread it.
A track or pair one pixel wide is lone, too; a real line is as wide as the optics make it.
So is a cluster of two to four that touch: a spot as bright leads up to its middle.
What noise does is measured where it stands, among the 24 pixels around, and in the whole
plane, whose differences of neighbours tell what is usual.

Where sizes go on without a gap down to those of the noise, as those of single photons
behind an electron multiplier do, only what lies far beyond all of them is lone.

Tests: ``tests/prepare/test_gaps.py``.
"""

from __future__ import annotations

import numpy as np

from .plane_levels import sample_steps

USUAL = 0.995  # share of the differences of neighbours: what is rarer may be a fault
BEYOND_USUAL = 6.0  # times that: 22 deviations of normal noise
BEYOND_LOCAL = 18.0  # times the range of the pairs around without their extremes: 20 deviations
LEFT_OUT = 2  # pairs at each end of that range: those of a track
NEARLY = 0.7  # of the least height: what a neighbour is below it at least
SPREAD = 0.25  # sum of six neighbours over the pixel, which optics exceed
MOST_BESIDE = 2  # neighbours that are as far: those of a track
MOST_SHARE = 0.01  # of a plane; more are no exceptions
TAIL = 0.25  # of the least height: from here on the heights of noise are counted
FEW = 4  # lone pixels for each of those: fewer, and heights have no gap
BEYOND_TAIL = 10.0  # least heights: lone even so

MOST_TOGETHER = 4  # pixels of a cluster
BEYOND_AROUND = 30.0  # times the range of the pairs two pixels away: 20 deviations

BAND_PX = 500_000  # pixels whose differences are held at once

_RING = np.array([(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if (y, x) != (0, 0)])
_AROUND = np.array([(y, x) for y in range(-2, 3) for x in range(-2, 3) if max(abs(y), abs(x)) == 2])


def find_lone(plane: np.ndarray, unit: float, taken: np.ndarray | None) -> np.ndarray:
    """Find lone pixels of a plane, as numbers of pixels in C order: int64 (N,).

    Parameters
    ----------
    plane : ndarray, shape (Y, X)
        Counts, any type; finite.
    unit : float
        The smallest difference of two values, in counts.
    taken : ndarray of bool, shape (Y, X), or None
        What is no data anyway.
    """
    if min(plane.shape) < 5:
        return np.empty(0, np.int64)
    least = BEYOND_USUAL * max(_usual_step(plane, taken), unit)
    higher, lower = _steep(plane, least)
    above = _find(plane, higher, taken, least, 1)
    return np.concatenate((above, _find(plane, lower, taken, least, -1)))


def _usual_step(plane: np.ndarray, taken: np.ndarray | None) -> float:
    """What neighbours seldom differ by, in counts; infinite where nothing is left to compare."""
    rows, columns = sample_steps(plane)
    apart = np.abs(_differences(plane[::rows, :-1:columns], plane[::rows, 1::columns]))
    if taken is not None:
        apart = apart[~(taken[::rows, :-1:columns] | taken[::rows, 1::columns])]
    if not apart.size:
        return np.inf
    place = int(USUAL * (apart.size - 1))
    return float(np.partition(apart.ravel(), place)[place])


def _differences(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Other less one, in a type that holds it."""
    small = one.dtype.kind in "iu" and one.dtype.itemsize <= 2
    return np.subtract(other, one, dtype=np.int32 if small else np.float64)


def _steep(plane: np.ndarray, least: float) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of the pixels that may be lone, by what is at their sides: above it, and below it.

    Rows are taken some at a time, so that little memory is needed beside the plane.
    """
    n_rows, n_columns = plane.shape
    at_once = max(1, BAND_PX // n_columns)
    higher: list[np.ndarray] = [np.empty(0, np.int64)]
    lower: list[np.ndarray] = [np.empty(0, np.int64)]
    for start in range(0, n_rows, at_once):
        band = plane[start : start + at_once + 1]
        along_x = _differences(band[:, :-1], band[:, 1:])
        # Of a lone pixel, or the end of a track, one neighbour along X at least is as far away.
        if max(along_x.max(), -along_x.min()) <= NEARLY * least:
            continue
        along_y = _differences(band[:-1], band[1:])
        for steps, step in ((along_x, 1), (along_y, n_columns)):
            up, down = steps > TAIL * least, steps < -TAIL * least
            for far, first, second in ((up, lower, higher), (down, higher, lower)):
                here = np.flatnonzero(far)
                here += (n_columns - steps.shape[1]) * (here // steps.shape[1])
                here += start * n_columns
                first.append(here)
                second.append(here + step)
    return np.unique(np.concatenate(higher)), np.unique(np.concatenate(lower))


def _find(
    plane: np.ndarray, pixels: np.ndarray, taken: np.ndarray | None, least: float, sign: int
) -> np.ndarray:
    """Those of some pixels that are lone above (`sign` 1) or below (-1) what is around them."""
    if taken is not None:
        pixels = pixels[~taken.ravel()[pixels]]
    if not len(pixels):  # nearly always
        return pixels
    far = pixels
    pixels = _above_neighbours(plane, pixels, TAIL * least, sign)
    if len(pixels) > MOST_SHARE * plane.size:
        return pixels[:0]
    height, narrow, local = _heights(plane, pixels, sign)
    alone = narrow & (height > TAIL * least)
    lone = alone & (height > least) & (height > BEYOND_LOCAL * local)
    gapless = FEW * np.count_nonzero(alone & (height <= least)) > np.count_nonzero(lone)
    if gapless:
        lone &= height > BEYOND_TAIL * least
    together = _find_clusters(plane, far, taken, least * (BEYOND_TAIL if gapless else 1), sign)
    return np.union1d(pixels[lone], together)


def _above_neighbours(plane: np.ndarray, pixels: np.ndarray, least: float, sign: int) -> np.ndarray:
    """Those of some pixels that are far above their neighbours, but two at most."""
    flat = plane.ravel()
    values = sign * flat[pixels].astype(np.float64)
    beside = np.zeros(len(pixels), np.int8)
    for offset in _RING:
        near = sign * flat[_at(pixels, offset, plane.shape)].astype(np.float64)
        beside += values - near <= least
        kept = beside <= MOST_BESIDE
        pixels, values, beside = pixels[kept], values[kept], beside[kept]
    return pixels


def _find_clusters(
    plane: np.ndarray, pixels: np.ndarray, taken: np.ndarray | None, least: float, sign: int
) -> np.ndarray:
    """Those of some pixels that stand out two to four together, and nothing beside them with them.

    What is around, two pixels away, is less than for single pixels and held against more. Beside
    what is taken, and two pixels from an edge, some are missed.
    """
    flat = plane.ravel()
    around = [flat[_at(pixels, offset, plane.shape)] for offset in _AROUND]
    pairs = np.sort(_opposite(sign * np.stack(around, axis=-1).astype(np.float64)), axis=1)
    height = sign * flat[pixels].astype(np.float64) - np.median(pairs, axis=1)
    local = pairs[:, -1 - LEFT_OUT] - pairs[:, LEFT_OUT]
    stands_out = (height > least) & (height > BEYOND_AROUND * local)
    pixels, height = pixels[stands_out], height[stands_out]
    if len(pixels) < 2 or len(pixels) > MOST_SHARE * plane.size:
        return pixels[:0]
    from scipy import ndimage  # slow to import, and seldom needed

    square = np.ones((3, 3), bool)
    far = np.zeros(plane.shape, bool)
    far.flat[pixels] = True
    numbered, n = ndimage.label(far, square)
    n_together = np.bincount(numbered.ravel(), minlength=n + 1)
    found = np.zeros(plane.shape, bool)
    for number, (rows, columns) in enumerate(ndimage.find_objects(numbered), 1):
        part = tuple(slice(max(0, one.start - 2), one.stop + 2) for one in (rows, columns))
        is_free = taken is None or not taken[part].any()
        if is_free and 1 < n_together[number] <= MOST_TOGETHER:
            own, values = numbered[part] == number, sign * plane[part].astype(np.float64)
            near = ndimage.binary_dilation(own, square)
            level = float(np.median(values[~near]))
            spread = float((values[near & ~own] - level).sum())
            found[part] |= own & (spread <= SPREAD * (values[own].min() - level))
    return np.flatnonzero(found)


def _heights(
    plane: np.ndarray, pixels: np.ndarray, sign: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Height above what is around, whether the neighbours do not share it, and the local range.

    Pixels on opposite sides are taken together, so that a slope is no height.
    """
    flat = plane.ravel()

    def values(offsets: np.ndarray) -> np.ndarray:
        found = [flat[_at(pixels, offset, plane.shape)] for offset in offsets]
        return sign * np.stack(found, axis=-1).astype(np.float64)

    ring, around = values(_RING), values(_AROUND)
    level = np.median(_opposite(around), axis=1)
    height = sign * flat[pixels].astype(np.float64) - level
    spread = np.sort(ring, axis=1)[:, :-MOST_BESIDE] - level[:, np.newaxis]
    near = np.sort(np.concatenate((_opposite(ring), _opposite(around)), axis=1), axis=1)
    local = near[:, -1 - LEFT_OUT] - near[:, LEFT_OUT]
    return height, spread.sum(axis=1) <= SPREAD * height, local


def _opposite(values: np.ndarray) -> np.ndarray:
    """Means of values at opposite offsets: (N, 2 K) -> (N, K)."""
    n_pairs = values.shape[1] // 2
    return (values[:, :n_pairs] + values[:, : n_pairs - 1 : -1]) / 2


def _at(pixels: np.ndarray, offset: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Numbers of the pixels at an offset, reflected at the edges of the plane."""
    y, x = np.divmod(pixels, shape[1])
    rows = shape[0] - 1 - np.abs(shape[0] - 1 - np.abs(y + offset[0]))
    columns = shape[1] - 1 - np.abs(shape[1] - 1 - np.abs(x + offset[1]))
    return rows * shape[1] + columns

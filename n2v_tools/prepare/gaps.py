"""Gaps: pixels of a plane that are no data.

Whatever it is that no detector recorded, or only a faulty pixel of it, is a gap: borders
and fills of one value, burned-in writing, hot pixels, cosmic rays. Strips, the zero rows
and columns of `strips`, are the most common kind and have a module of their own, because
windows are cut along them; a row or column that is a gap throughout counts as a strip.

Gaps are left out of statistics and training, and a net is shown their neighbourhood in
their place. A plane without any costs a glance.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..stack import LazyArray, Stack
from .flat_regions import find_far, find_flat
from .lone_pixels import find_lone
from .plane_levels import look_at_levels
from .strips import Box, Strips, find_strips

JOINED_PX = 4  # half the distance at which two regions are near
FILL = 1e30  # floats beyond it are no counts
BOX_CELLS = 64  # along the longer edge: how exactly the largest box without regions is looked for
MOST = 0.98  # share of a plane that may be gaps; more, and the rest is no image


@dataclass(frozen=True, eq=False)
class Gaps:
    """Which pixels of one plane are no data, strips aside."""

    regions: np.ndarray  # bool, shape (Y, X): borders, fills, writing
    lone: np.ndarray  # bool, shape (Y, X): single pixels and tracks of one pixel's width

    @property
    def mask(self) -> np.ndarray:
        """All of them: bool (Y, X)."""
        return self.regions | self.lone


def find_gaps(plane: np.ndarray, *, keep_strips: bool = False) -> tuple[Strips, Gaps | None]:
    """Find all that is no data in a plane (Y, X) of any type.

    Parameters
    ----------
    plane : ndarray, shape (Y, X)
        Counts. Pixels that are not finite are no gaps, but rows and columns of them are strips.
    keep_strips : bool
        Take zeros as data.

    Returns
    -------
    strips : Strips
        Rows and columns that hold nothing.
    gaps : Gaps or None
        What else is no data; rows and columns throughout are in `strips`, too.
    """
    strips = Strips.none(plane.shape) if keep_strips else find_strips(plane)
    if strips.empty or plane.dtype.kind not in "iuf":
        return strips, None
    real = np.ix_(~strips.rows, ~strips.columns) if strips.any else (slice(None), slice(None))
    inside = plane[real]
    if inside[0, 0] != 0 and is_filled(inside):
        regions = np.zeros(plane.shape, bool)
        regions[real] = True
        full = Strips(np.ones(len(plane), bool), np.ones(plane.shape[1], bool))
        return full, Gaps(regions, np.zeros(plane.shape, bool))
    broken = find_broken(inside)
    found = _find(inside, broken)
    if found is None and broken is None:
        return strips, None
    gaps = None
    shown = np.zeros(plane.shape, bool)
    shown[real] = True if broken is None else ~broken
    if found is not None:
        gaps = Gaps(*(np.zeros(plane.shape, bool) for _ in range(2)))
        gaps.regions[real], gaps.lone[real] = found
        if keep_strips:
            gaps.regions[plane == 0] = gaps.lone[plane == 0] = False
        shown &= ~gaps.regions
        gaps = gaps if gaps.mask.any() else None
    if shown.any():
        strips = Strips(~shown.any(axis=1), ~shown.any(axis=0))
    return strips, gaps


def find_data(plane: np.ndarray, *, keep_strips: bool = False) -> np.ndarray:
    """Find where a plane (Y, X) of recorded counts holds data: bool (Y, X), no strips and no gaps.

    Pixels that are not finite count as data, so that whoever needs numbers can name them. Never ask
    this of a noise-free image, whose even parts look like fills: `outside_strips` is for those.
    """
    strips, gaps = find_gaps(plane, keep_strips=keep_strips)
    there = np.outer(~strips.rows, ~strips.columns)
    if gaps is not None:
        there &= ~gaps.mask
    broken = find_broken(plane)
    if broken is not None:
        there |= broken
    return there


def clear_boxes(strips: Strips, gaps: Gaps | None) -> list[Box]:
    """Return boxes (y0, y1, x0, x1) of data, ends excluded, for what needs rectangles.

    All between strips; where regions lie among them only the largest, or nearly so, without any.
    """
    if gaps is None or not gaps.regions.any():
        return strips.boxes()
    missing = gaps.regions | strips.rows[:, np.newaxis] | strips.columns
    edge = max(1, max(missing.shape) // BOX_CELLS)
    rows, columns = (np.arange(0, size, edge) for size in missing.shape)
    cells = np.logical_or.reduceat(np.logical_or.reduceat(missing, rows, axis=0), columns, axis=1)
    y0, y1, x0, x1 = _largest_clear(cells)
    height, width = missing.shape
    return [(y0 * edge, min(y1 * edge, height), x0 * edge, min(x1 * edge, width))]


def _largest_clear(cells: np.ndarray) -> Box:
    """The largest box without True of bool (Y, X): each row is the foot of columns above it."""
    best, largest = (0, 0, 0, 0), 0
    heights = np.zeros(cells.shape[1] + 1, int)  # the last stays 0, and ends every run
    for y, row in enumerate(cells):
        heights[:-1] = np.where(row, 0, heights[:-1] + 1)
        rising: list[tuple[int, int]] = []  # where a box starts, and its height
        for x, height in enumerate(heights.tolist()):
            start = x
            while rising and rising[-1][1] >= height:
                start, above = rising.pop()
                if above * (x - start) > largest:
                    largest, best = above * (x - start), (y + 1 - above, y + 1, start, x)
            rising.append((start, height))
    return best


def find_holes(gaps: Gaps | None, broken: np.ndarray | None, strips: Strips) -> tuple[Box, ...]:
    """Boxes around the regions outside strips; those of regions near each other are one.

    `broken`, bool (Y, X), are pixels that are not finite, of which those make regions that hold
    a square of 3 px: borders and corners, and no single ones.
    """
    if broken is None and (gaps is None or not gaps.regions.any()):
        return ()
    from scipy import ndimage

    square = np.ones((3, 3), bool)
    regions = np.zeros((len(strips.rows), len(strips.columns)), bool)
    if broken is not None:
        seeds = ndimage.binary_opening(broken, square)
        regions |= ndimage.binary_propagation(seeds, mask=broken)
    if gaps is not None:
        regions |= gaps.regions
    outside = regions & ~strips.rows[:, np.newaxis] & ~strips.columns
    if not outside.any():
        return ()
    near = ndimage.binary_dilation(outside, square, iterations=JOINED_PX)
    numbered, _ = ndimage.label(near)
    found = ndimage.find_objects(numbered * outside)
    return tuple((y.start, y.stop, x.start, x.stop) for y, x in found)


def is_filled(pixels: np.ndarray) -> bool:
    """Whether all of some pixels, at least one, are zero, or all the lowest or highest value.

    Planes of any other value are left to be data: somebody may have meant them.
    """
    first = pixels.flat[0]
    ends: tuple[float, ...] = (-FILL, FILL)
    if pixels.dtype.kind in "iu":
        ends = np.iinfo(pixels.dtype).min, np.iinfo(pixels.dtype).max
    return bool((first == 0 or not ends[0] < first < ends[1]) and (pixels == first).all())


def find_broken(plane: np.ndarray) -> np.ndarray | None:
    """Find pixels that are NaN or infinite: bool (Y, X); None if there are none."""
    if plane.dtype.kind != "f" or not plane.size:
        return None
    if np.isfinite(plane.min()) and np.isfinite(plane.max()):
        return None
    return ~np.isfinite(plane)


def find_lone_pixels(plane: np.ndarray) -> np.ndarray:
    """Y and X of the lone pixels of a plane (Y, X) of counts: int64 (N, 2)."""
    _, gaps = find_gaps(plane)
    return np.empty((0, 2), np.int64) if gaps is None else np.argwhere(gaps.lone)


def without_gaps(stack: Stack, *, keep_strips: bool = False) -> Stack:
    """Return a stack whose gaps are filled as they are read, and zero where they are strips.

    So it shows what a net is shown, to all that measures or learns. Planes without gaps are those
    of `stack`, which is read plane by plane, as before; `keep_strips` takes zeros as data.
    """
    array = _Filled(stack.array, stack.axes, keep_strips)
    return dataclasses.replace(stack, array=array)


class _Filled:
    """A lazy array of planes in which gaps are filled."""

    def __init__(self, array: LazyArray, axes: str, keep_strips: bool) -> None:
        self._array, self._keep_strips = array, keep_strips
        self._in_plane = tuple(i for i, axis in enumerate(axes) if axis in "YX")
        self.shape, self.dtype = array.shape, array.dtype

    def __getitem__(self, key: Any) -> np.ndarray:
        keys = list(key) if isinstance(key, tuple) else [key]
        keys += [slice(None)] * (len(self.shape) - len(keys))
        for i, part in enumerate(keys):
            if i not in self._in_plane and isinstance(part, slice):  # plane by plane
                along = range(*part.indices(self.shape[i]))
                planes = [self[(*keys[:i], j, *keys[i + 1 :])] for j in along]
                return np.stack(planes, axis=sum(isinstance(one, slice) for one in keys[:i]))
        inner = tuple(keys[i] for i in self._in_plane)
        for i in self._in_plane:  # gaps are found in whole planes
            keys[i] = slice(None)
        return self._shown(np.asarray(self._array[tuple(keys)]))[inner]

    def _shown(self, plane: np.ndarray) -> np.ndarray:
        strips, gaps = find_gaps(plane, keep_strips=self._keep_strips)
        if gaps is None:
            return plane
        return strips.blank(fill_gaps(plane, gaps.mask, strips))


def _find(plane: np.ndarray, broken: np.ndarray | None) -> tuple[np.ndarray, np.ndarray] | None:
    """Find (regions, lone pixels) of what lies outside strips; None if there are none."""
    if broken is not None:
        if broken.all():
            return None
        plane = _without(plane, broken)
    levels = look_at_levels(plane)
    if levels is None:
        return None
    regions, lone, taken = find_flat(plane, levels), None, None
    far = find_far(plane, levels)
    if far is not None:
        regions = far[0] if regions is None else regions | far[0]
        lone = far[1] & ~regions
    for one in (regions, lone, broken):
        if one is not None:
            taken = one if taken is None else taken | one
    numbers = find_lone(plane, levels.unit, taken)
    if regions is None and lone is None and not len(numbers):
        return None
    regions = np.zeros(plane.shape, bool) if regions is None else regions
    lone = np.zeros(plane.shape, bool) if lone is None else lone
    lone.flat[numbers] = True
    if broken is not None:
        regions &= ~broken
        lone &= ~broken
    n_gaps = np.count_nonzero(regions | lone)
    return (regions, lone) if 0 < n_gaps <= MOST * plane.size else None


def _without(plane: np.ndarray, broken: np.ndarray) -> np.ndarray:
    """The plane, what is not finite filled by other pixels of it, in any order but repeated."""
    values = plane[~broken]
    filled = plane.copy()
    filled[broken] = np.resize(values[:: max(1, len(values) // 997)], np.count_nonzero(broken))
    return filled


def fill_gaps(plane: np.ndarray, mask: np.ndarray, strips: Strips | None = None) -> np.ndarray:
    """Fill pixels of a plane by reflection of what is beside them.

    Each takes its mirror image in the edge of its gap: a pixel is copied, not several averaged, so
    that what is filled is as noisy as the rest.

    Parameters
    ----------
    plane : ndarray, shape (Y, X)
        Any type; left as it is.
    mask : ndarray of bool, shape (Y, X)
        What to fill.
    strips : Strips, optional
        Hold nothing to take.

    Returns
    -------
    filled : ndarray, shape (Y, X)
        With zeros in place of the mask where there is nothing to take.
    """
    missing = mask
    if strips is not None and strips.any and not strips.empty:
        missing = mask | strips.rows[:, np.newaxis] | strips.columns
    if missing.all():
        return np.where(mask, 0, plane).astype(plane.dtype)
    from scipy.ndimage import distance_transform_edt  # slow to import, and seldom needed

    nearest = distance_transform_edt(missing, return_distances=False, return_indices=True)
    here = np.nonzero(mask)
    edge = tuple(axis[here] for axis in nearest)
    beyond = tuple(
        np.clip(2 * there - at - np.sign(there - at), 0, size - 1)
        for there, at, size in zip(edge, here, plane.shape, strict=True)
    )
    good = ~missing[beyond]
    source = tuple(np.where(good, far, there) for far, there in zip(beyond, edge, strict=True))
    filled = plane.copy()
    filled[here] = plane[source]
    return filled

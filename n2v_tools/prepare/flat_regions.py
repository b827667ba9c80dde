"""Regions of a plane that show no image: fill values, borders, time stamps, scale bars.

Two marks tell them. A *flat* region has one value throughout, where the pixels beside it
are noisy or far away: a border of any value and shape, a bar, a thick stamp. A *far* region
lies beyond all other values with a wide gap between: writing in white, however thin, or
fill values wherever they stand.

Neither is what a detector does by itself. Clipped backgrounds and single photons have many
equal values, but beside them others that are hardly different; saturated spots are flat,
but their flanks lead up to them.

Tests: ``tests/prepare/test_gaps.py``.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .plane_levels import PlaneLevels

# In Y and X, of the blocks that are looked at for equal pixels; thin bars hold none of the first.
BLOCKS = ((3, 3), (2, 6), (6, 2))
LEAST_BLOCKS = 6  # side by side and equal: less is left to chance
MOST_VALUES = 4  # fill values of one plane
MOST_REGIONS = 32
SHARED = 0.2  # of the pixels beside that may have the value, too
SOLID = 0.98  # of the blocks within that have the value throughout
NOISY_UNITS = 3.0  # deviation beside it, in grey levels, at which equal pixels are no chance
STEP_UNITS = 3.0  # from the region's value to those beside it, in grey levels
STEP_DEVIATIONS = 2.5  # likewise, in their deviations: of a flank that leads up to it 1.4 at most
FLANK = 4.0  # of that step to the next one outwards, which a flank stays below
NEAR_STEP = 0.25  # of the step: where a tenth of a flank's values lie
MOST_NEAR = 0.02  # share of the values beside that may lie there
BY_CHANCE = 0.5  # pixels beside that are expected to have the value, too; more blur the outline
LEAST_BESIDE = 100  # values, for that share to be known
FAR = 2.5  # reach of the data at which a look at far values is worth while
GAP = 2.5  # ratio of distances from the middle that leaves no value between
WIDE_GAP = 30.0  # at which the values need not be equal
LEAST_FAR_PX = 4  # equal pixels side by side; fewer may be lone ones
MOST_FAR = 0.2  # share of far pixels, if they are not all equal
MAD_TO_SIGMA = 1.4826


def find_flat(plane: np.ndarray, levels: PlaneLevels) -> np.ndarray | None:
    """Find regions of a value of their own, solid and set off: bool (Y, X), or None."""
    found: np.ndarray | None = None
    for block in BLOCKS:
        regions = _find_in_blocks(plane, levels, block)
        if regions is not None:
            found = regions if found is None else found | regions
    return found


def _find_in_blocks(
    plane: np.ndarray, levels: PlaneLevels, block: tuple[int, int]
) -> np.ndarray | None:
    """The same by blocks of one size."""
    rows, columns = (size // edge for size, edge in zip(plane.shape, block, strict=True))
    whole = plane[: rows * block[0], : columns * block[1]]
    flat = _equal_blocks(whole, block)
    if np.count_nonzero(flat) < LEAST_BLOCKS:
        return None
    first = whole[:: block[0], :: block[1]]
    values, counts = np.unique(first[flat], return_counts=True)
    common = values[np.argsort(-counts, kind="stable")][:MOST_VALUES]
    found = np.zeros(plane.shape, bool)
    for value in common:
        for part, blocks in _solid_parts(flat & (first == value), whole == value, block):
            around = tuple(map(_pixels, part, flat.shape, plane.shape, block))
            seeds = blocks.repeat(block[0], axis=0).repeat(block[1], axis=1)
            found[around] |= _grown(plane[around], value, seeds, levels)
    return found if found.any() else None


def _equal_blocks(whole: np.ndarray, block: tuple[int, int]) -> np.ndarray:
    """Whether all pixels of each block are equal, if enough are: bool (rows, columns) of blocks."""
    height, width = block
    first = whole[::height, ::width]
    flat = first == whole[1::height, 1::width]
    for y in range(height):
        for x in range(width):
            if np.count_nonzero(flat) < LEAST_BLOCKS:  # nearly always after two or three
                return flat
            if y != x or y > 1:
                flat &= first == whole[y::height, x::width]
    return flat


def _solid_parts(
    blocks: np.ndarray, equal: np.ndarray, block: tuple[int, int]
) -> Iterator[tuple[tuple[slice, slice], np.ndarray]]:
    """Yield connected blocks of one value that are no chance, in the part of the plane around them.

    Of each the slices of that part, in blocks, and which of these are meant, bool (rows, columns).
    `equal`, bool (Y, X), is True where a pixel has the value.
    """
    if np.count_nonzero(blocks) < LEAST_BLOCKS:
        return
    from scipy import ndimage  # slow to import, and seldom needed

    square = np.ones((3, 3), bool)
    closed = ndimage.binary_closing(np.pad(blocks, 1, mode="edge"), square)[1:-1, 1:-1] | blocks
    numbered, n = ndimage.label(closed)
    held = np.bincount(numbered[blocks], minlength=n + 1)
    solid = held >= np.maximum(LEAST_BLOCKS, SOLID * np.bincount(numbered.ravel(), minlength=n + 1))
    solid[0] = False
    if not solid.any():
        return
    n_equal = equal.reshape(blocks.shape[0], block[0], blocks.shape[1], block[1]).sum(axis=(1, 3))
    boxes = ndimage.find_objects(numbered)
    largest = [i for i in np.argsort(-held, kind="stable") if solid[i]][:MOST_REGIONS]
    for number in largest:
        rows, columns = boxes[number - 1]
        near = _wider(rows, blocks.shape[0]), _wider(columns, blocks.shape[1])
        part = numbered[near] == number
        once = ndimage.binary_dilation(part, square)
        beside = ndimage.binary_dilation(once, square) & ~once
        if (
            beside.sum() < LEAST_BLOCKS
            or n_equal[near][beside].mean() > SHARED * block[0] * block[1]
        ):
            continue
        yield near, part & blocks[near]


def _wider(part: slice, size: int) -> slice:
    """Two more on either side, within the size."""
    return slice(max(0, part.start - 2), min(size, part.stop + 2))


def _pixels(part: slice, n_blocks: int, n_pixels: int, edge: int) -> slice:
    """The pixels of some blocks; those after the last whole block go with it."""
    stop = n_pixels if part.stop == n_blocks else edge * part.stop
    return slice(edge * part.start, stop)


def _grown(
    plane: np.ndarray, value: np.ndarray, inner: np.ndarray, levels: PlaneLevels
) -> np.ndarray:
    """All pixels of the value beside some inner ones, if they are set off from the rest.

    Else none: bool (Y, X), of a part of the plane.
    """
    from scipy import ndimage

    square = np.ones((3, 3), bool)
    seeds = np.zeros(plane.shape, bool)
    seeds[: len(inner), : inner.shape[1]] = inner
    region = ndimage.binary_propagation(seeds, mask=plane == value)
    beside = plane[ndimage.binary_dilation(region, square) & ~region].astype(np.float64)
    middle = float(np.median(beside)) if beside.size else float(value)
    deviation = MAD_TO_SIGMA * float(np.median(np.abs(beside - middle))) if beside.size else 0.0
    step = abs(middle - float(value))
    near = np.count_nonzero(np.abs(beside - float(value)) < NEAR_STEP * step)
    bare = beside.size >= LEAST_BESIDE and near <= MOST_NEAR * beside.size
    stands_out = step > STEP_UNITS * levels.unit and (step > STEP_DEVIATIONS * deviation or bare)
    stands_out = stands_out and not _has_flank(plane, region, region)
    inside = levels.low < float(value) < levels.high  # no clipping makes such values
    if not stands_out and not (inside and deviation > NOISY_UNITS * levels.unit):
        return np.zeros(plane.shape, bool)
    if near * levels.unit > BY_CHANCE * 2 * NEAR_STEP * step:  # some beside are equal by chance
        return np.asarray(seeds | ndimage.binary_opening(region, square))
    return np.asarray(region)


def find_far(plane: np.ndarray, levels: PlaneLevels) -> tuple[np.ndarray, np.ndarray] | None:
    """Find what lies beyond all other values: (regions, lone pixels), bool (Y, X) each, or None."""
    masks = [found for sign in (1, -1) if (found := _far(plane, levels, sign)) is not None]
    if not masks:
        return None
    regions, lone = (np.logical_or.reduce(one) for one in zip(*masks, strict=True))
    return regions, lone


def _far(plane: np.ndarray, levels: PlaneLevels, sign: int) -> tuple[np.ndarray, np.ndarray] | None:
    """The same above (`sign` 1) or below (-1) the middle."""
    near = FAR * levels.reach(sign)
    if levels.rise(sign) <= near:
        return None
    limit = levels.middle + sign * near
    beyond = plane > limit if sign > 0 else plane < limit
    heights = sign * (plane[beyond].astype(np.float64) - levels.middle)
    if heights.min() < heights.max() and not _leave_an_octave(heights, near):
        return None
    within = ~beyond
    if sign > 0:
        highest = plane.max(where=within, initial=plane.min())
    else:
        highest = plane.min(where=within, initial=plane.max())
    steps = np.concatenate(([sign * (float(highest) - levels.middle)], np.unique(heights)))
    steps[0] = max(steps[0], levels.reach(sign))
    ratios = steps[1:] / steps[:-1]
    gap = int(np.argmax(ratios))
    equal = gap == len(ratios) - 1
    far = np.zeros(plane.shape, bool)
    far[beyond] = heights >= steps[gap + 1]
    if ratios[gap] < GAP or (not equal and far.mean() > MOST_FAR):
        return None
    from scipy import ndimage

    wide = bool(ratios[gap] >= WIDE_GAP)
    numbered, n = ndimage.label(far, np.ones((3, 3), int))
    large = np.bincount(numbered.ravel(), minlength=n + 1) >= LEAST_FAR_PX
    large[0] = False  # what is not far
    kept = large if wide else large & _of_one_value(plane[far], numbered[far], n)
    for number, part in enumerate(ndimage.find_objects(numbered, MOST_REGIONS), 1):
        if part is not None and kept[number]:
            around = tuple(map(_wider, part, plane.shape))
            kept[number] = not _has_flank(plane[around], numbered[around] == number, far[around])
    return kept[numbered], far & ~large[numbered] & wide


def _has_flank(plane: np.ndarray, region: np.ndarray, others: np.ndarray) -> bool:
    """Whether what is beside a region leads up to it, as the flank of a saturated spot does.

    `others` are regions, this one among them, that say nothing of its flank: bool (Y, X).
    """
    from scipy import ndimage

    square = np.ones((3, 3), bool)
    once = ndimage.binary_dilation(region, square)
    beside = plane[once & ~others].astype(np.float64)
    further = plane[ndimage.binary_dilation(once, square) & ~once & ~others].astype(np.float64)
    if not beside.size or not further.size:
        return False
    step = abs(float(np.median(plane[region])) - float(np.median(beside)))
    return step <= FLANK * abs(float(np.median(beside)) - float(np.median(further)))


def _leave_an_octave(heights: np.ndarray, near: float) -> bool:
    """Whether there is an octave between `near` and the greatest height without any: a gap."""
    octaves = np.floor(np.log2(heights / near)).astype(np.int64)
    return bool((np.bincount(octaves) == 0).any())


def _of_one_value(values: np.ndarray, numbers: np.ndarray, n: int) -> np.ndarray:
    """Whether the values of each of n numbered regions are equal: bool (n + 1,), 0 apart."""
    order = np.lexsort((values, numbers))
    ends = np.searchsorted(numbers[order], np.arange(1, n + 2))
    lowest, highest = values[order][ends[:-1]], values[order][ends[1:] - 1]
    return np.concatenate(([False], lowest == highest))

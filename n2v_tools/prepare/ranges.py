"""Ranges: the places a patch may take in a stack, divided into training and validation.

A *unit* is what is read as one: a plane for 2D patches, a volume for 3D ones. The
places a patch may take in it are held as *ranges*: rectangles of corner positions, one
row (z, y0, y1, x0, x1), ends excluded, for each depth at which a patch may start. A
plane counts as a volume of depth 1, so that nothing here exists twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from .strips import Box, Strips

Block = tuple[tuple[int, int], tuple[int, int], tuple[int, int]]  # Z, Y, X: start, end excluded

CLEAR = 0.25  # share of the places that holes must leave to be avoided
N_TRIES = 64  # corners tried for a validation block before whole boxes are
NEAR_ENOUGH = 1.25  # a whole unit this much over the share still asked for is taken


def find_ranges(
    strips: Sequence[Strips], patch_px: tuple[int, int, int], cuts: Sequence[int] = ()
) -> np.ndarray:
    """List every place where a patch lies on real pixels only; no rows if none fits.

    Patches lie beside the holes of planes, unless these leave too few places: then over them.

    `strips` are those of each plane of the unit, `patch_px` the edges in Z, Y, X. `cuts` are planes
    that are no continuation of the one before: no patch holds both.
    """
    depth, height, width = patch_px
    found = []
    for z, shared in _unions(strips, depth, cuts):
        for y0, y1, x0, x1 in shared.boxes():
            if y1 - y0 >= height and x1 - x0 >= width:
                found.append((z, y0, y1 - height + 1, x0, x1 - width + 1))
    ranges = np.array(found, np.int64).reshape(-1, 5)
    clear = ranges
    for block in _hole_blocks(strips):
        clear = outside(clear, block, patch_px)
    return clear if _n_places(clear) >= CLEAR * _n_places(ranges) else ranges


def _n_places(ranges: np.ndarray) -> int:
    return int(((ranges[:, 2] - ranges[:, 1]) * (ranges[:, 4] - ranges[:, 3])).sum())


def _hole_blocks(strips: Sequence[Strips]) -> Iterator[Block]:
    """Yield the holes of planes; one that is the same in planes that follow each other is one."""
    begun: dict[Box, int] = {}
    for z, one in enumerate([*strips, None]):
        holes = () if one is None else one.holes
        for y0, y1, x0, x1 in [hole for hole in begun if hole not in holes]:
            yield (begun.pop((y0, y1, x0, x1)), z), (y0, y1), (x0, x1)
        for hole in holes:
            begun.setdefault(hole, z)


def _unions(
    strips: Sequence[Strips], depth: int, cuts: Sequence[int]
) -> Iterator[tuple[int, Strips]]:
    """Yield each plane from which `depth` planes go on without a cut, and their strips united."""
    if len(strips) < depth:
        return
    rows = _counts(np.stack([one.rows for one in strips]), depth)
    columns = _counts(np.stack([one.columns for one in strips]), depth)
    cut = _counts(np.isin(np.arange(len(strips)), cuts)[:, np.newaxis], depth)
    at_cuts = frozenset(cuts)
    for z in range(len(strips) - depth + 1):
        # A cut before the first plane of a patch does no harm.
        if cut[z, 0] == (z in at_cuts):
            yield z, Strips(rows[z] > 0, columns[z] > 0)


def _counts(lines: np.ndarray, depth: int) -> np.ndarray:
    """How many of `depth` planes from each on have what is True in `lines` (Z, n)."""
    upto = np.cumsum(np.pad(lines, ((1, 0), (0, 0))), axis=0, dtype=np.int32)
    return np.asarray(upto[depth:] - upto[:-depth])


def find_room(
    strips: Sequence[Strips], patch_px: tuple[int, int, int], cuts: Sequence[int] = ()
) -> tuple[int, int, int]:
    """Return the largest strip-free box (Z, Y, X) that is shaped as suits the patch.

    Its depth is the longest run of planes that are not empty, without a cut; its Y and X are
    those of the box, as deep as the patch or that run, into which most of a patch goes.
    """
    longest = run = 0
    for z, one in enumerate(strips):
        run = 0 if one.empty else 1 if z in cuts else run + 1
        longest = max(longest, run)
    if not longest:
        return 0, 0, 0
    whole = [replace(one, holes=()) for one in strips]
    ranges = find_ranges(whole, (min(patch_px[0], longest), 1, 1), cuts)
    if not len(ranges):
        return longest, 0, 0
    heights, widths = ranges[:, 2] - ranges[:, 1], ranges[:, 4] - ranges[:, 3]
    fits = np.minimum(heights, patch_px[1]) * np.minimum(widths, patch_px[2])
    best = np.lexsort((heights * widths, fits))[-1]
    return longest, int(heights[best]), int(widths[best])


def volumes(ranges: np.ndarray, patch_px: tuple[int, int, int]) -> np.ndarray:
    """Return how many pixels each range stands for, to weight a draw: shape (R,)."""
    heights = ranges[:, 2] - ranges[:, 1] + patch_px[1] - 1
    widths = ranges[:, 4] - ranges[:, 3] + patch_px[2] - 1
    n_starts = len(np.unique(ranges[:, 0]))
    # Starts overlap in depth: Z planes offer only Z - depth + 1 of them.
    return heights * widths * ((n_starts + patch_px[0] - 1) / max(1, n_starts))


def split(
    units: Sequence[np.ndarray],
    patch_px: tuple[int, int, int],
    share: float,
    rng: np.random.Generator,
) -> tuple[list[np.ndarray], list[np.ndarray]] | None:
    """Set blocks aside for validation, so that no pixel is in both parts.

    Whole units are taken in random order while they fit into the share; what is then
    missing is cut from the corner of one unit.

    Parameters
    ----------
    units : sequence of ndarray, each of shape (R, 5)
        Ranges of each unit.
    patch_px : tuple of int
        Edges in Z, Y, X.
    share : float
        Of all pixels to set aside, above 0.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    train, validation : list of ndarray, one per unit
        Ranges of either part; or None if the data are too small to be split.
    """
    sizes = np.array([volumes(ranges, patch_px).sum() for ranges in units])
    usable = np.flatnonzero(sizes)
    none = np.empty((0, 5), np.int64)
    train, validation = list(units), [none] * len(units)
    wanted = missing = share * sizes.sum()
    left = len(usable)
    for i in rng.permutation(usable):
        if left > 1 and sizes[i] <= NEAR_ENOUGH * missing:
            train[i], validation[i] = none, units[i]
            missing -= sizes[i]
            left -= 1
    if missing < 0.25 * wanted:
        return train, validation
    for i in rng.permutation([k for k in usable if len(train[k])]):
        parts = cut(train[i], patch_px, missing / sizes[i], rng)
        if parts is not None:
            train[i], validation[i] = parts
            return train, validation
    if missing == wanted:  # nothing can be cut, nothing was taken
        if left < 2:
            return None
        smallest = usable[np.argmin(sizes[usable])]
        train[smallest], validation[smallest] = none, units[smallest]
    return train, validation


def cut(
    ranges: np.ndarray, patch_px: tuple[int, int, int], share: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray] | None:
    """Cut a block off one unit; None if no cut leaves a patch on both sides."""
    for _ in range(N_TRIES):
        block = _corner_block(ranges, patch_px, share, rng)
        if block is None:
            break
        parts = outside(ranges, block, patch_px), inside(ranges, block, patch_px)
        if all(map(len, parts)):
            return parts
    for one in rng.permutation(ranges)[:N_TRIES]:
        z, y0, y1, x0, x1 = (int(i) for i in one)
        block = ((z, z + patch_px[0]), (y0, y1 + patch_px[1] - 1), (x0, x1 + patch_px[2] - 1))
        parts = outside(ranges, block, patch_px), inside(ranges, block, patch_px)
        if all(map(len, parts)):
            return parts
    return None


def _corner_block(
    ranges: np.ndarray, patch_px: tuple[int, int, int], share: float, rng: np.random.Generator
) -> Block | None:
    """Return a block about `share` of the unit in size, at a corner of it.

    The axis that holds most patches is cut first; where less than a patch would be
    left over, a patch is taken and the next axis is cut as well.
    """
    one = ranges[rng.integers(len(ranges))]
    bounds = [
        (int(ranges[:, 0].min()), int(ranges[:, 0].max()) + patch_px[0]),
        (int(one[1]), int(one[2]) + patch_px[1] - 1),
        (int(one[3]), int(one[4]) + patch_px[2] - 1),
    ]
    far = (-(2**40), 2**40)  # beyond any image: the block reaches to the rim of the unit
    block = [far, far, far]
    lengths = [end - start for start, end in bounds]
    axes = sorted(range(3), key=lambda axis: -lengths[axis] / patch_px[axis])
    for axis in axes:
        length, edge = lengths[axis], patch_px[axis]
        if length < 2 * edge:
            continue
        wanted = share * length
        depth = min(max(round(wanted), edge), length - edge)
        start, end = bounds[axis]
        at_start = bool(rng.integers(2))
        block[axis] = (far[0], start + depth) if at_start else (end - depth, far[1])
        share = wanted / depth
        if share > 0.9:
            break
    return None if block == [far, far, far] else (block[0], block[1], block[2])


def inside(ranges: np.ndarray, block: Block, patch_px: tuple[int, int, int]) -> np.ndarray:
    """Return the places where a patch lies wholly inside the block."""
    (z0, z1), (y0, y1), (x0, x1) = block
    kept = ranges[(ranges[:, 0] >= z0) & (ranges[:, 0] + patch_px[0] <= z1)]
    limits = np.array([y0, y1 - patch_px[1] + 1, x0, x1 - patch_px[2] + 1])
    return _clip(kept, limits)


def outside(ranges: np.ndarray, block: Block, patch_px: tuple[int, int, int]) -> np.ndarray:
    """Return the places where a patch shares no pixel with the block."""
    (z0, z1), (y0, y1), (x0, x1) = block
    meets = (ranges[:, 0] < z1) & (ranges[:, 0] + patch_px[0] > z0)
    touched = ranges[meets]
    far = 2**41
    top, left = y0 - patch_px[1] + 1, x0 - patch_px[2] + 1  # first corners that touch the block
    sides = (
        (-far, top, -far, far),
        (y1, far, -far, far),
        (top, y1, -far, left),
        (top, y1, x1, far),
    )
    free = [_clip(touched, np.array(side)) for side in sides]
    return np.concatenate([ranges[~meets], *free])


def _clip(ranges: np.ndarray, limits: np.ndarray) -> np.ndarray:
    """Intersect ranges with the corner positions (y0, y1, x0, x1); drop what is empty."""
    clipped = ranges.copy()
    clipped[:, [1, 3]] = np.maximum(clipped[:, [1, 3]], limits[[0, 2]])
    clipped[:, [2, 4]] = np.minimum(clipped[:, [2, 4]], limits[[1, 3]])
    return clipped[(clipped[:, 1] < clipped[:, 2]) & (clipped[:, 3] < clipped[:, 4])]

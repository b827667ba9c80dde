"""Tiles of one size that cover a field of any size.

The rule is n2v's: a field is padded by reflection to a multiple of the block, split on
both sides, and the network sees zeros beyond that. A tile at the border of the padded
field starts there, so that it meets the same zeros; everywhere else it carries a halo
of at least the network's reach, which is predicted and thrown away. Hence in tiles
equals in one piece. A net that must not see zeros has a margin: the field is padded by
reflection this much further, as often as it takes, before it is covered.
Written once for any number of axes; this module computes places and sizes and touches
no pixel.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import SettingsError
from ..words import option

DEFAULT_MEMORY_BYTES = 1_250_000_000  # above the base process; leaves a sixth of 1.5 GB to spare
DEFAULT_MARGIN_BYTES = 2_500_000_000  # with a margin: twice the tile is half the work there
PREFERRED_TILE_BYTES = 700 * 10**6  # 2D tiles are equally fast above and below; halos are small
BATCH_PX = 256 * 256  # small planes are gathered up to this many pixels per call
CALL_OVERHEAD_PX = 4096  # what one call costs besides its pixels, in pixels (about 2 ms)


@dataclass(frozen=True)
class Window:
    """One tile: what it reads, what of its prediction is good, where that belongs."""

    read: tuple[slice, ...]  # in the padded field, one slice per axis
    keep: tuple[slice, ...]  # in the tile, without halo and padding
    write: tuple[slice, ...]  # in the field itself, without padding; as large as `keep`


@dataclass(frozen=True)
class TilePlan:
    """Sizes that every tile of a field has."""

    sizes: tuple[int, ...]  # of the field, in pixels, in the restorer's axes order
    edges: tuple[int, ...]  # of a tile, multiples of `block`
    halo: tuple[int, ...]  # discarded on each side of a tile; a multiple of `block`
    block: tuple[int, ...]  # tile starts are multiples of it
    batch: int  # planes per call where a 2D tile holds a whole plane, else 1
    memory_bytes: int  # estimate of the peak, planes and working memory together
    # padded by reflection on each side of the field; empty: nothing beyond whole blocks
    margin: tuple[int, ...] = ()

    @property
    def tile_px(self) -> tuple[int, ...]:
        """Size of a tile: its edges, or the padded field where that is smaller."""
        padded = (len(self.sources(axis)) for axis in range(len(self.sizes)))
        return tuple(map(min, self.edges, padded))

    @property
    def work_ratio(self) -> float:
        """Pixels that are predicted for each pixel of the field: what halos and margins cost."""
        return len(self.windows()) * math.prod(self.tile_px) / math.prod(self.sizes)

    def windows(self, axes: slice = slice(None)) -> list[Window]:
        """Return the windows over all axes, or over the product of some of them."""
        return cover(
            self.sizes[axes],
            self.edges[axes],
            self.halo[axes],
            self.block[axes],
            self._margin[axes],
        )

    def sources(self, axis: int) -> np.ndarray:
        """Return the position in the field that each position of the padded field repeats."""
        return padded_indices(self.sizes[axis], self.block[axis], self._margin[axis])

    @property
    def _margin(self) -> tuple[int, ...]:
        return self.margin or (0,) * len(self.sizes)


def cover(
    sizes: Sequence[int],
    edges: Sequence[int],
    halo: Sequence[int],
    block: Sequence[int],
    margin: Sequence[int] = (),
) -> list[Window]:
    """Cover a field with windows that write each of its pixels exactly once.

    Parameters
    ----------
    sizes, edges, halo, block, margin : sequence of int, length D
        As in `TilePlan`. An edge at least as long as the padded field means one tile.

    Returns
    -------
    windows : list of Window
        In C order; all tiles have the size ``min(edge, padded size)`` per axis.
    """
    margin = margin or (0,) * len(sizes)
    per_axis = [_cover_axis(*axis) for axis in zip(sizes, edges, halo, block, margin, strict=True)]
    return windows_of(per_axis)


def windows_of(per_axis: Sequence[Sequence[tuple[slice, slice, slice]]]) -> list[Window]:
    """Combine what tiles read, keep and write along each axis to windows, in C order."""
    return [
        Window(*(tuple(slices) for slices in zip(*parts, strict=True)))
        for parts in itertools.product(*per_axis)
    ]


def padding(size: int, block: int, margin: int = 0) -> tuple[int, int]:
    """Say how many pixels go before and after to make `size` a multiple of `block`.

    The odd pixel goes after, as in csbdeep's ``PadAndCropResizer``, so that our
    padded field equals n2v's. With a `margin` all that is missing goes after, so that
    blocks begin where the field does.
    """
    missing = -size % block
    before = margin or missing // 2
    return before, missing + 2 * margin - before


def padded_indices(size: int, block: int, margin: int = 0) -> np.ndarray:
    """Return the position in the field that each position of the padded field repeats.

    Reflection goes on at the other end where the field is shorter than what is padded.
    """
    return np.pad(np.arange(size), padding(size, block, margin), mode="reflect")


def plan_tiles(
    sizes: Sequence[int],
    reach: Sequence[int],
    block: Sequence[int],
    bytes_per_px: int,
    memory_bytes: int | None = None,
    read_bytes: int | None = None,
    restored_bytes: int | None = None,
    queued_planes: int = 4,
    tiles_at_once: int = 1,
    margin: Sequence[int] = (),
) -> TilePlan:
    """Choose the tile size that computes the fewest pixels within the memory.

    Parameters
    ----------
    sizes, reach, block : sequence of int, length 2 or 3
        Of the field and the restorer, in pixels; for `reach` its smallest halo will do.
    bytes_per_px : int
        Working memory per pixel of a tile.
    memory_bytes : int, optional
        Bound on everything above the base process. Without one, a net that needs more
        than the default for its smallest useful tile gets what it needs.
    read_bytes, restored_bytes : int, optional
        Of one plane as it waits for the net and as it leaves it; default float32 with
        one channel. A slab of a volume keeps its planes in memory.
    queued_planes : int
        Planes that wait elsewhere, read ahead or to be written.
    tiles_at_once : int
        Tiles per call that the restorer can use, whatever their size.
    margin : sequence of int, optional
        As in `TilePlan`; multiples of `block`.

    Raises
    ------
    SettingsError
        If not even the smallest useful tile fits `memory_bytes`.
    """
    halo = tuple(-(-r // b) * b for r, b in zip(reach, block, strict=True))
    restored_bytes = restored_bytes or 4 * math.prod(sizes[-2:])
    read_bytes = read_bytes or restored_bytes
    margin = tuple(margin) or (0,) * len(sizes)
    default = DEFAULT_MARGIN_BYTES if any(margin) else DEFAULT_MEMORY_BYTES
    bound = default if memory_bytes is None else memory_bytes
    geometry = list(zip(sizes, halo, block, margin, strict=True))

    def memory(edges: Sequence[int]) -> int:
        n_read, n_restored = 1, 1
        if len(edges) == 3:
            n_read = min(sizes[0], edges[0])
            n_restored = min(sizes[0], edges[0] - (halo[0] if edges[0] < sizes[0] else 0))
        held = n_read * read_bytes + (n_restored + queued_planes) * restored_bytes
        return bytes_per_px * math.prod(edges) + held

    smallest = tuple(min(edge for edge, _ in _edges_of_axis(*axis)) for axis in geometry)
    tile_bound = bound
    if len(sizes) == 2:  # a net may need more than is preferred, even for its smallest tile
        tile_bound = max(PREFERRED_TILE_BYTES, bytes_per_px * math.prod(smallest))
    edges = _cheapest_edges(
        geometry,
        lambda edges: memory(edges) <= bound and bytes_per_px * math.prod(edges) <= tile_bound,
    )
    if edges is None and memory_bytes is not None:
        asked = option("memory", f"{memory_bytes / 1e6:.0f}MB")
        enough = option("memory", f"{math.ceil(memory(smallest) / 1e8) / 10:.1f}GB")
        raise SettingsError(
            f"{asked}: one tile of {' x '.join(map(str, smallest))} "
            f"px, the smallest that this model can use, and its planes need "
            f"{memory(smallest) / 1e6:.0f} MB. "
            f"Pass {enough} or more."
        )
    edges = edges or smallest
    batch = 1
    if len(edges) == 2 and all(e >= s for e, s in zip(edges, sizes, strict=True)):
        room = max(bound - memory(edges), 0) // (
            bytes_per_px * math.prod(edges) + read_bytes + restored_bytes
        )
        batch = 1 + min(room, max(BATCH_PX // math.prod(edges), tiles_at_once, 1) - 1)
    return TilePlan(tuple(sizes), edges, halo, tuple(block), batch, memory(edges), margin)


def _cover_axis(
    size: int, edge: int, halo: int, block: int, margin: int
) -> list[tuple[slice, slice, slice]]:
    """Cover one axis; return (read, keep, write) of each tile."""
    before, after = padding(size, block, margin)
    padded = before + size + after
    edge = min(edge, padded)
    if edge % block or (edge < padded and edge <= 2 * halo):
        raise ValueError(f"tile edge {edge} does not fit block {block} and halo {halo}")
    windows = []
    done = before // block * block  # in the padded field
    start = max(0, min(done - halo, padded - edge))
    while done < before + size:
        end = start + edge
        good = padded if end == padded else end - halo
        first, last = max(done, before), min(good, before + size)
        windows.append(
            (
                slice(start, end),
                slice(first - start, last - start),
                slice(first - before, last - before),
            )
        )
        done = good
        start = min(done - halo, padded - edge)  # the last tile is shifted inward
    return windows


def _cheapest_edges(
    geometry: Sequence[tuple[int, int, int, int]],
    fits: Callable[[tuple[int, ...]], bool],
) -> tuple[int, ...] | None:
    """Return the edges that compute the fewest pixels in all, or None if none fits."""
    best, best_cost = None, math.inf
    candidates = [_edges_of_axis(*axis) for axis in geometry]
    for choice in itertools.product(*candidates):
        edges = tuple(edge for edge, _ in choice)
        n_tiles = math.prod(n for _, n in choice)
        cost = n_tiles * (math.prod(edges) + CALL_OVERHEAD_PX)
        if cost < best_cost and fits(edges):
            best, best_cost = edges, cost
    return best


def _edges_of_axis(size: int, halo: int, block: int, margin: int) -> list[tuple[int, int]]:
    """Return (edge, number of tiles) for the edges that waste nothing, longest first."""
    padded = size + sum(padding(size, block, margin))
    choices = {padded: 1}
    n_tiles = 2
    while True:
        edge = -(-(padded + (n_tiles - 1) * 2 * halo) // (n_tiles * block)) * block
        if edge <= 2 * halo or n_tiles * block > padded:
            break
        choices.setdefault(edge, n_tiles)
        n_tiles = max(n_tiles + 1, n_tiles * 9 // 8)  # finely at first, then in proportion
    smallest = 2 * halo + block
    if smallest < padded:
        choices.setdefault(smallest, -(-(padded - 2 * halo) // block))
    return [(edge, n) for edge, n in choices.items() if edge <= padded]

"""Tiles of whole planes, padded by exactly what the network takes, as the original pads them.

Where images are doubled with their corners in place, the answer depends on the size of what goes
in: a plane has one size only, and is restored in one piece.

Tests: ``tests/methods/cellmincer/test_restorer.py``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ...errors import SettingsError
from ...restore.cover import DEFAULT_MARGIN_BYTES, TilePlan, Window, cover, windows_of
from ...words import option, setting
from .net import CellMincerNet
from .sizes import input_px


@dataclass(frozen=True)
class WholePlan(TilePlan):
    """Slabs of whole planes; `pads` are the pixels before a plane and after it, in Y and X."""

    pads: tuple[tuple[int, int], tuple[int, int]] = ((0, 0), (0, 0))

    def sources(self, axis: int) -> np.ndarray:
        """Return the position in the field that each position of the padded field repeats."""
        if axis in (0, -3):
            return np.arange(self.sizes[0])
        numbers = np.arange(self.sizes[axis])
        return np.pad(numbers, self.pads[axis if axis < 0 else axis - 3], mode="reflect")

    def windows(self, axes: slice = slice(None)) -> list[Window]:
        """Return the windows over all axes, or over the product of some of them."""
        slabs = cover(self.sizes[:1], self.edges[:1], self.halo[:1], (1,))
        along = [[(one.read[0], one.keep[0], one.write[0]) for one in slabs]]
        for size, (before, after) in zip(self.sizes[1:], self.pads, strict=True):
            whole = slice(0, before + size + after)
            along.append([(whole, slice(before, before + size), slice(0, size))])
        return windows_of(along[axes])


def whole_plan(
    sizes: tuple[int, ...],
    net: CellMincerNet,
    bytes_per_column: Callable[[int], int],
    memory_bytes: int | None,
) -> WholePlan:
    """Choose how many frames (T, Y, X) are restored at once.

    SettingsError if the frames of one context do not fit `memory_bytes`.
    """
    pads = tuple(exact_padding(size, net) for size in sizes[1:])
    n_px = math.prod(sum(pad) + size for size, pad in zip(sizes[1:], pads, strict=True))
    bound = memory_bytes or DEFAULT_MARGIN_BYTES
    least = min(net.context, sizes[0])
    n_frames = sizes[0]
    while n_frames > least and bytes_per_column(n_frames) * n_px > bound:
        n_frames = max(least, n_frames * 3 // 4)
    needed = bytes_per_column(n_frames) * n_px
    if memory_bytes is not None and needed > memory_bytes:
        raise SettingsError(
            f"{option('memory', f'{memory_bytes / 1e6:.0f}MB')}: whole frames of {sizes[1]} x "
            f"{sizes[2]} px need {needed / 1e6:.0f} MB. Pass "
            f"{option('memory', f'{math.ceil(needed / 1e8) / 10:.1f}GB')} or more, or train with "
            f"{setting('legacy_upsampling', 'false')}, which can be cut into tiles."
        )
    edges = (n_frames, *(sum(pad) + size for size, pad in zip(sizes[1:], pads, strict=True)))
    halo = (net.context // 2, 0, 0)
    return WholePlan(sizes, edges, halo, (1, 1, 1), 1, needed, pads=(pads[0], pads[1]))


def exact_padding(size: int, net: CellMincerNet) -> tuple[int, int]:
    """Pixels before and after an edge so that it goes through, and no less comes out.

    The original slices frames that were padded for another size, which moves a movie by a pixel
    where the edge is 1 or 2 more than a multiple of 4. Here a plane is always where it was.
    """
    whole = input_px(size, net.depth, net.taken)
    before = (whole - size) // 2
    return before, whole - size - before

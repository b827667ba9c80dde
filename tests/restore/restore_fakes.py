"""Restorers of known behaviour, made of numpy alone."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from n2v_tools.contracts import Restorer, Sliding, SlidingRestorer
from n2v_tools.prepare.symmetry import symmetries


@dataclass
class Filter(Restorer):
    """Applies `function` to each tile and channel; counts its calls."""

    function: object = staticmethod(lambda tile: tile)
    axes: str = "YX"
    n_channels: int = 1
    reach: int = 0
    block: int = 1
    bytes_per_px: int = 100
    name: str = "filter"
    n_tiles: int = 0

    @property
    def reach_px(self):
        return (self.reach,) * len(self.axes)

    @property
    def block_px(self):
        return (self.block,) * len(self.axes)

    @property
    def symmetries(self):
        return symmetries()

    def predict(self, tiles, at=None):
        assert tiles.dtype == np.float32
        assert tiles.ndim == len(self.axes) + 2
        assert np.isfinite(tiles).all()
        self.n_tiles += len(tiles)
        restored = np.empty_like(tiles)
        for n in range(len(tiles)):
            for c in range(tiles.shape[-1]):
                restored[n, ..., c] = self.function(tiles[n, ..., c])
        return restored

    def fit_intensity(self, planes):
        return self


@dataclass
class Numbering(Filter):
    """Adds to each pixel its number in `stack`, as `at` says it; requires that `at` is true.

    What it was told of is kept: `planes`, how many lay in each call, and `tiles`, their sizes.
    """

    stack: object = None
    planes: list = field(default_factory=list)
    tiles: list = field(default_factory=list)

    def predict(self, tiles, at=None):
        deep = len(self.axes) == 3
        self.planes.append(len(at.planes))
        self.tiles.append(tiles.shape[1:-1])
        each = tiles[0] if deep else tiles
        assert len(each) == len(at.planes)
        numbers = np.arange(self.stack.array.size).reshape(self.stack.array.shape)
        restored = []
        for tile, place in zip(each, at.planes, strict=True):
            channels = range(tile.shape[-1])
            places = [{**place, "C": place["C"] + c} if "C" in place else place for c in channels]
            index = [tuple(one.get(a, slice(None)) for a in self.stack.axes) for one in places]
            pixels, number = (
                at.cut(np.stack([array[i] for i in index], -1))
                for array in (self.stack.array, numbers)
            )
            np.testing.assert_array_equal(tile, pixels)
            restored.append(tile + number)
        restored = np.stack(restored).astype(np.float32)
        return restored[np.newaxis] if deep else restored


@dataclass
class LooksThrough(Filter):
    """Adds to each plane the sum over its field, which it was given before."""

    looks_through: bool = True
    fields: list = field(default_factory=list)  # of lists of planes, in the order of the calls
    total: object = None

    def for_field(self, planes):
        self.fields.append([None if plane is None else plane.copy() for plane in planes])
        seen = [plane for plane in self.fields[-1] if plane is not None]
        return replace(self, total=np.sum(seen, axis=0, dtype=np.float32) if seen else None)

    def predict(self, tiles, at=None):
        return tiles + at.cut(self.total)


class MeanAround(SlidingRestorer):
    """Movies whose frame is the mean of those up to `before` and `after` it, of which it keeps
    in `held` what it was given."""

    name, axes, n_channels, bytes_per_px = "mean", "TYX", 1, 16
    lighter = "look at fewer"
    carried_bytes_per_px = 4

    def __init__(self, before, after, inner):
        self.before, self.after, self.inner = before, after, inner
        self.reach_px = (max(before, after), *inner.reach_px)
        self.block_px = (1, *inner.block_px)
        self.held, self.n_tiles = [], 0

    def held_bytes(self, plane_px, bytes_per_value):
        return plane_px * bytes_per_value * (self.before + self.after + 1)

    def predict(self, tiles, at=None):
        raise NotImplementedError

    def open(self, n_planes):
        return _Going(self, n_planes)


class _Going(Sliding):
    def __init__(self, restorer, n_planes):
        self.restorer, self.n_planes = restorer, n_planes
        self.now = None

    def needs(self, t):
        one = self.restorer
        return max(t - one.before, 0), min(t + one.after, self.n_planes - 1)

    def move_to(self, t, planes):
        first, last = self.needs(t)
        self.restorer.held.append(sorted(planes))
        self.now = np.mean([planes[i] for i in range(first, last + 1)], axis=0, dtype=np.float32)

    def predict(self, at=None):
        self.restorer.n_tiles += 1
        return self.restorer.inner.predict(at.cut(self.now)[np.newaxis, ..., np.newaxis], at)[0]


def box_mean(reach):
    """Return a mean over (2 reach + 1)^D pixels, zeros beyond the border."""

    def apply(field):
        for axis in range(field.ndim):
            pads = [(reach, reach) if a == axis else (0, 0) for a in range(field.ndim)]
            windows = np.lib.stride_tricks.sliding_window_view(
                np.pad(field, pads), 2 * reach + 1, axis
            )
            field = windows.mean(-1, dtype=np.float64)
        return field

    return apply

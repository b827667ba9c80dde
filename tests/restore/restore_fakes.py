"""Restorers of known behaviour, made of numpy alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from n2v_tools.contracts import Restorer
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

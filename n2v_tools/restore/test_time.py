"""Test-time augmentation: the average of a net's answers to a turned and mirrored image.

Rotations take place in YX, in a volume too, and only as the model's noise allows: a
model made for noise along rows is never shown columns.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ..methods.base import Restorer
from ..prepare.symmetry import Symmetry


@dataclass(frozen=True)
class WithSymmetries:
    """A Restorer that asks another one once per symmetry and averages the answers.

    Parameters
    ----------
    inner : Restorer
        Any.
    chosen : tuple of Symmetry, optional
        Default: those that `inner` allows.
    """

    inner: Restorer
    chosen: tuple[Symmetry, ...] | None = None

    @property
    def symmetries(self) -> tuple[Symmetry, ...]:
        """The symmetries averaged over."""
        return self.inner.symmetries if self.chosen is None else self.chosen

    @property
    def name(self) -> str:
        """Name of the inner Restorer."""
        return self.inner.name

    @property
    def axes(self) -> str:
        """Axes of the inner Restorer."""
        return self.inner.axes

    @property
    def n_channels(self) -> int:
        """Channels of the inner Restorer."""
        return self.inner.n_channels

    @property
    def reach_px(self) -> tuple[int, ...]:
        """The larger reach of Y and X for both, where they are exchanged."""
        return self._both_ways(self.inner.reach_px, max)

    @property
    def halo_px(self) -> tuple[int, ...]:
        """The larger halo of Y and X for both, where they are exchanged."""
        return self._both_ways(getattr(self.inner, "halo_px", self.inner.reach_px), max)

    @property
    def margin_px(self) -> tuple[int, ...]:
        """The larger margin of Y and X for both, where they are exchanged."""
        return self._both_ways(getattr(self.inner, "margin_px", ()), max)

    @property
    def subtracts_still(self) -> bool:
        """As of the inner Restorer."""
        return getattr(self.inner, "subtracts_still", False)

    @property
    def tiles_at_once(self) -> int:
        """Those of the inner Restorer."""
        return getattr(self.inner, "tiles_at_once", 1)

    @property
    def block_px(self) -> tuple[int, ...]:
        """The common block of Y and X for both, where they are exchanged."""
        return self._both_ways(self.inner.block_px, np.lcm)

    @property
    def bytes_per_px(self) -> int:
        """Those of the inner Restorer, and of the sum, the turned tile and its answer."""
        return self.inner.bytes_per_px + 12 * self.n_channels

    def predict(self, tiles: np.ndarray) -> np.ndarray:
        """Restore tiles, float32 (N, [Z,] Y, X, C) counts, as the mean over the symmetries."""
        total: np.ndarray | float = 0.0
        for one in self.symmetries:
            answer = self.inner.predict(np.ascontiguousarray(one.apply(tiles)))
            total = one.inverse.apply(answer) + total
        return np.asarray(total / np.float32(len(self.symmetries)))

    def fit_intensity(self, planes: Iterable[np.ndarray]) -> WithSymmetries:
        """Fit the inner Restorer."""
        return WithSymmetries(self.inner.fit_intensity(planes), self.chosen)

    def _both_ways(self, values: tuple[int, ...], join) -> tuple[int, ...]:
        if not values or not any(one.transpose for one in self.symmetries):
            return tuple(values)
        both = int(join(*values[-2:]))
        return (*values[:-2], both, both)

"""Test-time augmentation: the average of a net's answers to a turned and mirrored image.

Rotations take place in YX, in a volume too, and only as the model's noise allows: a
model made for noise along rows is never shown columns.

Tests: ``tests/restore/test_symmetries.py``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..contracts import Restorer, Where
from ..prepare.symmetry import Symmetry
from .wrapped import Wrapped, of_inner


@dataclasses.dataclass(frozen=True)
class WithSymmetries(Wrapped):
    """A Restorer that asks another one once per symmetry and averages the answers.

    Where the answer of `inner` depends on the place of a pixel, its place is turned with it.
    """

    chosen: tuple[Symmetry, ...] | None = None  # default: those that `inner` allows

    tells_spread = of_inner("tells_spread")

    @property
    def symmetries(self) -> tuple[Symmetry, ...]:  # type: ignore[override]
        """The symmetries averaged over."""
        return self.inner.symmetries if self.chosen is None else self.chosen

    @property
    def reach_px(self) -> tuple[int, ...]:  # type: ignore[override]
        """The larger reach of Y and X for both, where they are exchanged."""
        return self._both_ways(self.inner.reach_px, max)

    @property
    def halo_px(self) -> tuple[int, ...]:
        """The larger halo of Y and X for both, where they are exchanged."""
        return self._both_ways(self.inner.halo_px, max)

    @property
    def margin_px(self) -> tuple[int, ...]:  # type: ignore[override]
        """The larger margin of Y and X for both, where they are exchanged."""
        return self._both_ways(self.inner.margin_px, max)

    @property
    def block_px(self) -> tuple[int, ...]:  # type: ignore[override]
        """The common block of Y and X for both, where they are exchanged."""
        return self._both_ways(self.inner.block_px, np.lcm)

    @property
    def bytes_per_px(self) -> int:  # type: ignore[override]
        """Those of the inner Restorer, and of the sum, the turned tile and its answer."""
        return self.inner.bytes_per_px + 12 * self.n_channels * len(self.outputs)

    def predict(self, tiles: np.ndarray, at: Where | None = None) -> np.ndarray:
        """Restore tiles, float32 (N, [Z,] Y, X, C) counts, as the mean over the symmetries."""
        (restored,) = self._mean(tiles, at, lambda *turned: (self.inner.predict(*turned),))
        return restored

    def predict_with_spread(
        self, tiles: np.ndarray, at: Where | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Restore tiles, and the variance of equally good answers, as means over the symmetries."""
        restored, variance = self._mean(tiles, at, self.inner.predict_with_spread)
        return restored, variance

    def _mean(
        self,
        tiles: np.ndarray,
        at: Where | None,
        predict: Callable[[np.ndarray, Where | None], tuple[np.ndarray, ...]],
    ) -> list[np.ndarray]:
        """Mean over the symmetries of each of the answers."""
        totals: list[Any] = []
        for one in self.symmetries:
            turned = None if at is None else at.turned(one)
            answers = predict(np.ascontiguousarray(one.apply(tiles)), turned)
            back = [one.inverse.apply(answer) for answer in answers]
            totals = [a + b for a, b in zip(back, totals or [0.0] * len(back), strict=True)]
        return [np.asarray(total / np.float32(len(self.symmetries))) for total in totals]

    def fit_intensity(self, planes: Iterable[np.ndarray]) -> Restorer:
        """Fit the inner Restorer."""
        return dataclasses.replace(self, inner=self.inner.fit_intensity(planes))

    def _both_ways(self, values: tuple[int, ...], join: Callable[..., Any]) -> tuple[int, ...]:
        if not values or not any(one.transpose for one in self.symmetries):
            return tuple(values)
        both = int(join(*values[-2:]))
        return (*values[:-2], both, both)

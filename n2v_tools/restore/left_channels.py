"""Channels that a model leaves as they are, since there was nothing in them to learn from.

Tests: ``tests/jobs/train/test_channels.py``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from ..contracts import Restorer, Where
from .cover import TilePlan
from .wrapped import Wrapped, of_inner


@dataclass(frozen=True)
class WithLeftChannels(Wrapped):
    """A Restorer of more channels than the inner one: the others come out as they went in.

    Of outputs that are no images, but about what was changed, they are 0.
    """

    left: tuple[int, ...] = ()  # numbers of the channels that the inner one does not see

    looks_through = of_inner("looks_through")

    @property
    def n_channels(self) -> int:  # type: ignore[override]
        """Of the inner Restorer, and those that are left as they are."""
        return self.inner.n_channels + len(self.left)

    @property
    def bytes_per_px(self) -> int:  # type: ignore[override]
        """Those of the inner Restorer, and of the tile that it sees and the whole answer."""
        return self.inner.bytes_per_px + 8 * self.n_channels * len(self.outputs)

    def predict(self, tiles: np.ndarray, at: Where | None = None) -> np.ndarray:
        """Restore tiles, float32 (N, [Z,] Y, X, C), counts."""
        answers = np.split(self.inner.predict(self._seen(tiles), at), len(self.outputs), axis=-1)
        images = [
            tiles.copy() if output.is_image else np.zeros_like(tiles) for output in self.outputs
        ]
        for image, answer in zip(images, answers, strict=True):
            image[..., self._learned] = answer
        return np.concatenate(images, axis=-1)

    def fit_intensity(self, planes: Iterable[np.ndarray]) -> Restorer:
        """Fit the inner Restorer to what it sees."""
        fitted = self.inner.fit_intensity(self._seen(plane) for plane in planes)
        return dataclasses.replace(self, inner=fitted)

    def for_field(self, planes: Iterator[np.ndarray | None]) -> Restorer:
        """Show the inner Restorer what it sees of a field."""
        seen = (None if plane is None else self._seen(plane) for plane in planes)
        return dataclasses.replace(self, inner=self.inner.for_field(seen))

    def own_cover(self, sizes: tuple[int, ...], memory_bytes: int | None) -> TilePlan | None:
        """As the inner Restorer wants it."""
        return self.inner.own_cover(sizes, memory_bytes)

    def around(self, wrap: Callable[[Restorer], Restorer]) -> Restorer:
        """Put `wrap` around all channels, as others know them."""
        return wrap(self)

    @property
    def _learned(self) -> list[int]:
        return [c for c in range(self.n_channels) if c not in self.left]

    def _seen(self, pixels: np.ndarray) -> np.ndarray:
        """What the inner Restorer sees, of any shape (..., C)."""
        return pixels[..., self._learned]

"""Probing with more noise: the noise that is left in a restored image, pixel by pixel.

Noise as strong as the image's own is added to the image, a part of it, and the image restored
again; how far the answer moves is the deviation that the image's own noise left in the first
answer [1]_. Chance is drawn by the place of a pixel in its stack, four bits each, so that tiles
draw what the whole plane would draw.

References
----------
.. [1] S. Ramani, T. Blu, M. Unser. Monte-Carlo SURE: a black-box optimization of
   regularization parameters for general denoising algorithms. IEEE TIP 17, 2008.

Tests: ``tests/restore/test_uncertainty.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

from ..contracts import Restorer, Where
from ..noise.local import LocalNoise

DRAWS = 4  # bits of a mark; 8 predict no better once smoothed
PART = 0.5  # of the noise that is added: nets are far from linear
SMOOTH_PX, SMOOTH_REACH_PX = 2.0, 6  # of what is measured from pixel to pixel


@dataclass(frozen=True)
class Seen:
    """A restored image and what its error goes with: counts, shape (N, [Z,] Y, X, C)."""

    restored: np.ndarray  # float32; all outputs of the Restorer, each with its channels
    # float32; variance that the noise has left, or of equally good answers, counts squared
    spread: np.ndarray
    # float32; power of fine structure, counts squared: where a method may have smoothed or invented
    detail: np.ndarray
    noise: np.ndarray  # float32; variance of the image's own noise, counts squared


@dataclass(frozen=True)
class Probe:
    """Adds noise to what a Restorer sees."""

    inner: Restorer  # fitted
    noise: tuple[LocalNoise, ...]  # one per channel of `inner`

    @property
    def margin_px(self) -> tuple[int, ...]:
        """How much further than the inner Restorer it sees, per axis."""
        shared = [
            max(channel.radius_px(axis) for channel in self.noise) for axis in self.inner.axes
        ]
        smooth = [SMOOTH_REACH_PX if axis in "YX" else 0 for axis in self.inner.axes]
        return tuple(one + max(one, far) for one, far in zip(smooth, shared, strict=True))

    def look(
        self,
        values: np.ndarray,
        marks: np.ndarray,
        at: Where | None = None,
        kept: list[tuple[np.ndarray, np.ndarray]] | None = None,
    ) -> Seen:
        """Restore tiles, counts, float32 (N, [Z,] Y, X, C), and say what their error goes with.

        `marks`, uint8 of the same shape, are those of `draw_marks`; `at` says where the tiles lie,
        and `kept` takes what `answers` yields.
        """
        told = None
        if self.inner.tells_spread:
            restored, told = self.inner.predict_with_spread(values, at)
        else:
            restored = self.inner.predict(values, at)
        noise = self.variance(values)
        image = restored[..., : noise.shape[-1]]
        spread = np.zeros_like(image)
        if told is None or kept is not None:
            for drawn, moved in self.answers(values, image, noise, marks, at):
                spread += moved * moved
                if kept is not None:
                    kept.append((drawn, moved))
        spread = spread / DRAWS if told is None else told
        detail = image - smooth(image)
        return Seen(restored, smooth(spread), smooth(detail * detail), noise)

    def variance(self, values: np.ndarray) -> np.ndarray:
        """Variance of the noise, by local brightness: counts squared, shape of `values`."""
        mean = smooth(values)
        each = [noise.variance(mean[..., c]) for c, noise in enumerate(self.noise)]
        return np.stack(each, axis=-1).astype(np.float32, copy=False)

    def answers(
        self,
        values: np.ndarray,
        restored: np.ndarray,
        noise: np.ndarray,
        marks: np.ndarray,
        at: Where | None = None,
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield noise drawn, in counts, and how far the answer would move by all of it."""
        deviation = np.sqrt(noise)
        quick = self.inner.for_probing() if self.inner.tells_spread else self.inner
        if quick is not self.inner:
            restored = quick.predict(values, at)
        for draw in range(DRAWS):
            signs = ((marks >> draw) & 1).astype(np.float32) * 2 - 1
            each = [one.colour(signs[..., c], self.inner.axes) for c, one in enumerate(self.noise)]
            drawn = deviation * np.stack(each, axis=-1)
            answer = quick.predict(values + np.float32(PART) * drawn, at)
            answer = answer[..., : restored.shape[-1]]
            yield drawn, (answer - restored) / np.float32(PART)


def smooth(values: np.ndarray) -> np.ndarray:
    """Smooth in Y and X: float32 (N, [Z,] Y, X, C) in, same out."""
    sigmas = (0.0,) * (values.ndim - 3) + (SMOOTH_PX, SMOOTH_PX, 0.0)
    return gaussian_filter(values, sigmas, truncate=SMOOTH_REACH_PX / SMOOTH_PX)


def marks_at(at: Where, seed: int, n_channels: int) -> np.ndarray:
    """Draw the bits of the planes of tiles, as whole planes would: uint8 (planes, Y, X, C)."""
    shape = (*at.sizes, n_channels)
    return np.stack([at.cut(draw_marks(shape, seed, place)) for place in at.planes])


def draw_marks(shape: tuple[int, ...], seed: int, place: Mapping[str, int]) -> np.ndarray:
    """Draw the bits of one plane: uint8 of `shape`, equal for equal seeds and places."""
    words = [number for letter in sorted(place) for number in (ord(letter), place[letter])]
    rng = np.random.default_rng([seed, *words])
    return rng.integers(2**DRAWS, size=shape, dtype=np.uint8)

"""Trend of each pixel over a movie, such as bleaching, and how the variance goes with the mean.

A movie is summed up in blocks of frames, at most 64 whatever its length, and lines and curves are
fitted to the blocks' means in closed form: the weights are those of the noise, and blocks far off
the curve, in which a cell is active, count less at each of a few repeats.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

Kind = Literal["constant", "polynomial", "quantile"]

MOST_BLOCKS = 64
REPEATS = 3  # of the fit, with new weights
BISQUARE = 4.685  # robust deviations beyond which a block does not count
FAR = 1.4826  # of a median absolute deviation: the deviation of normal noise
VARIANCE_FRAMES = 10  # whose mean and variance are compared
ROWS = 64  # fitted at once
LEAST_WEIGHT = 1e-3  # of a block that is far off: else a curve might rest on too few

Cut = Callable[[np.ndarray], np.ndarray]  # a part of an image (Y, X)


@dataclass(frozen=True)
class Variance:
    """Variance of the noise, counts squared: ``slope * mean + offset``, at least `least`."""

    slope: float
    offset: float
    least: float

    def at(self, mean: np.ndarray) -> np.ndarray:
        """Variance of pixels with a mean, counts."""
        return np.maximum(self.slope * mean + self.offset, self.least)


@dataclass(frozen=True, eq=False)
class Trend:
    """What each pixel would be without activity and noise, counts, in any frame.

    The images, float32 (B, Y, X), are factors of a polynomial of `time`, or values in the middle of
    blocks between which lines are drawn.
    """

    kind: Kind
    images: np.ndarray
    n_frames: int
    middles: np.ndarray  # float64, shape (B,): frames in the middle of blocks; of lines only

    def cut(self, cut: Cut) -> Trend:
        """The trend of a part of the field."""
        return replace(self, images=np.stack([cut(image) for image in self.images]))

    def at(self, frame: int) -> np.ndarray:
        """The trend in one frame: float32 (Y, X)."""
        if len(self.images) == 1:
            return self.images[0]
        if self.kind == "polynomial":
            powers = np.vander([time_of(frame, self.n_frames)], len(self.images), increasing=True)
            return np.tensordot(powers[0].astype(np.float32), self.images, 1)
        after = int(np.clip(np.searchsorted(self.middles, frame), 1, len(self.middles) - 1))
        low, high = self.middles[after - 1 : after + 1]
        share = np.float32(np.clip((frame - low) / (high - low), 0, 1))
        return np.asarray((1 - share) * self.images[after - 1] + share * self.images[after])


def constant(image: np.ndarray) -> Trend:
    """A trend that does not change: (Y, X), counts."""
    return Trend("constant", image[np.newaxis], 1, np.zeros(1))


def time_of(frames: np.ndarray | float, n_frames: int) -> np.ndarray:
    """Time from -1 at the first frame to 1 at the last."""
    return np.asarray(2 * np.asarray(frames) / max(n_frames - 1, 1) - 1)


class TrendSums:
    """Means of a movie in blocks of frames, added one by one, and its variance."""

    def __init__(self) -> None:
        self.blocks: list[np.ndarray] = []  # float32 means of `length` frames each
        self.length = 1
        self.n_frames = 0
        self._open: list[np.ndarray] = []  # frames of the block that is not yet full
        self._few: list[np.ndarray] = []
        self._lines: list[tuple[float, float, float]] = []

    def add(self, frame: np.ndarray) -> None:
        """Add the next frame: float32 (Y, X), counts."""
        self.n_frames += 1
        self._note_variance(frame)
        self._open = [*self._open, frame] if len(self._open) < 2 else [*self._open[:1], self._open[1] + frame]
        self._count = getattr(self, "_count", 0) + 1

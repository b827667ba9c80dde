"""Trend of each pixel over a movie, such as bleaching, and how the variance goes with the mean.

A movie is summed up in blocks of frames, fewer than 64 whatever its length, and lines and curves
are fitted to the blocks' means in closed form: the weights are those of the noise, and blocks far
off the curve, in which a cell is active, count less at each of a few repeats.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.polynomial.legendre import legvander

Kind = Literal["constant", "bleaching", "polynomial", "quantile"]

MOST_BLOCKS = 32  # twice as many, for a while
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

    The images, float32 (B, Y, X), are factors of Legendre polynomials of `time_of`, so that the
    first is the mean, or values in the middle of blocks between which lines are drawn.
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
        if self.kind != "quantile":
            powers = legvander(time_of(frame, self.n_frames)[np.newaxis], len(self.images) - 1)
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
    """Means of a movie in blocks of frames, added one by one, and the variance of its noise."""

    def __init__(self) -> None:
        self.n_frames = 0
        self._length = 1  # frames of a block
        self._blocks: list[np.ndarray] = []  # means, float32
        self._total, self._in_total = np.zeros(()), 0  # of the block that is not yet full
        self._few: list[np.ndarray] = []  # frames in a row
        self._lines: list[tuple[float, float, float]] = []

    def add(self, frame: np.ndarray) -> None:
        """Add the next frame: float32 (Y, X), counts."""
        self.n_frames += 1
        self._few.append(frame)
        if len(self._few) == VARIANCE_FRAMES:
            self._lines.append(_line(np.stack(self._few)))
            self._few = []
        self._total = self._total + frame.astype(np.float64)
        self._in_total += 1
        if self._in_total == self._length:
            self._close()
        if len(self._blocks) == 2 * MOST_BLOCKS:  # two become one: their number stays bounded
            pairs = zip(self._blocks[::2], self._blocks[1::2], strict=True)
            self._blocks = [(one + other) / 2 for one, other in pairs]
            self._length *= 2

    def variance(self) -> Variance:
        """Return how the variance goes with the mean: medians over stretches of ten frames."""
        lines = self._lines
        if not lines and len(self._few) > 1:
            lines = [_line(np.stack(self._few))]
        if not lines:
            return Variance(0.0, 1.0, 1.0)
        slope, offset, least = np.median(lines, axis=0)
        return Variance(float(slope), float(offset), float(max(least, 1e-12)))

    def polynomial(self, order: int) -> Trend:
        """Fit a polynomial in time to each pixel."""
        means, counts, middles = self._all()
        order = min(order, len(means) - 1)
        design = legvander(time_of(middles, self.n_frames), order)
        variance = self.variance()
        images = np.empty((order + 1, *means.shape[1:]), np.float32)
        for first in range(0, means.shape[1], ROWS):
            part = means[:, first : first + ROWS].astype(np.float64)
            fitted = _fit(part.reshape(len(part), -1), design, counts, variance)
            images[:, first : first + ROWS] = fitted.reshape(-1, *part.shape[1:])
        return Trend("polynomial", images, self.n_frames, middles)

    def bleaching(self, order: int) -> Trend:
        """Fit a polynomial whose shape all pixels share, since light fades everywhere alike.

        How much a pixel loses is a line over its brightness, which counts without light shift. So
        little noise is in it: that of the mean of all frames.
        """
        mean, *others = self.polynomial(order).images
        brightness = mean.astype(np.float64) - mean.mean(dtype=np.float64)
        spread = max(float((brightness**2).sum()), 1e-12)
        lines = [
            one.mean() + brightness * float((brightness * one).sum() / spread) for one in others
        ]
        images = np.stack([self.mean(), *lines]).astype(np.float32)
        return Trend("bleaching", images, self.n_frames, np.zeros(0))

    def mean(self) -> np.ndarray:
        """Mean of all frames: (Y, X), counts."""
        total = self._total
        for block in self._blocks:
            total = total + self._length * block.astype(np.float64)
        return np.asarray(total / self.n_frames)

    def quantile(self, share: float, n_frames: int) -> Trend:
        """A quantile of the blocks within `n_frames` around each; `share` is 0 to 1."""
        means, _, middles = self._all()
        images = np.empty_like(means)
        for block, middle in enumerate(middles):
            near = np.abs(middles - middle) <= max(n_frames / 2, self._length)
            images[block] = np.quantile(means[near], share, axis=0)
        return Trend("quantile", images, self.n_frames, middles)

    def _close(self) -> None:
        self._blocks.append((self._total / self._in_total).astype(np.float32))
        self._total, self._in_total = np.zeros(()), 0

    def _all(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Means of the blocks (B, Y, X), how many frames they have, and their middles in frames."""
        blocks, counts = list(self._blocks), [self._length] * len(self._blocks)
        if self._in_total:
            blocks.append((self._total / self._in_total).astype(np.float32))
            counts.append(self._in_total)
        ends = np.cumsum(counts)
        return np.stack(blocks), np.array(counts), ends - (np.array(counts) + 1) / 2


def _line(frames: np.ndarray) -> tuple[float, float, float]:
    """Slope and offset of variance by mean over all pixels, and a least variance.

    The least is that of the darkest pixel by the line, or the smallest that was seen.
    """
    mean = frames.mean(axis=0, dtype=np.float64).ravel()
    variance = frames.var(axis=0, dtype=np.float64, ddof=1).ravel()
    spread = mean - mean.mean()
    slope = float(spread @ variance / max(spread @ spread, 1e-12))
    offset = float(variance.mean() - slope * mean.mean())
    return slope, offset, max(slope * float(frames.min()) + offset, float(variance.min()))


def _fit(
    means: np.ndarray, design: np.ndarray, counts: np.ndarray, variance: Variance
) -> np.ndarray:
    """Least squares with weights, again with new ones: (B, P) means to factors (order + 1, P)."""
    factors = np.linalg.lstsq(design, means, rcond=None)[0]
    for _ in range(REPEATS):
        curve = design @ factors
        deviation = np.sqrt(variance.at(curve) / counts[:, np.newaxis])
        residual = (means - curve) / deviation
        scale = FAR * np.median(np.abs(residual - np.median(residual, axis=0)), axis=0)
        far = residual / (BISQUARE * np.maximum(scale, 1e-9))
        weights = np.maximum((1 - np.minimum(far**2, 1)) ** 2, LEAST_WEIGHT) / deviation**2
        normal = np.einsum("bi,bj,bp->pij", design, design, weights, optimize=True)
        right = np.einsum("bi,bp,bp->pi", design, weights, means, optimize=True)
        factors = np.linalg.solve(normal, right[..., np.newaxis])[..., 0].T
    return factors

"""Statistics of a stream of pixels: mean, deviation, range and grey levels.

Pixels of 8 and 16 bit are counted in a histogram, from which every figure follows
exactly; wider types are merged plane by plane in float64. Either way the memory does
not grow with the number of pixels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

MAX_LEVELS = 65_536
COUNTED_PX = 2**20  # at once: np.bincount takes 8 bytes for each
SAMPLE_PX = 65_536  # of a plane of floats, to count its grey levels


@dataclass(frozen=True)
class Summary:
    """Statistics of the pixels of one channel, in counts; all 0 if there are none.

    `std` is the population's standard deviation (divided by n), and `levels` are the distinct
    values, at most `MAX_LEVELS` of them.
    """

    n_pixels: int = 0
    mean: float = 0.0
    std: float = 0.0
    minimum: float = 0.0
    maximum: float = 0.0
    n_at_maximum: int = 0
    levels: np.ndarray = field(default_factory=lambda: np.empty(0))


class Intensity(Protocol):
    """What sums up the pixels of one channel."""

    def add(self, pixels: np.ndarray) -> None:
        """Take in more pixels, shape (N,), all finite."""

    def summary(self) -> Summary:
        """Return what is known of all pixels so far."""


def intensity_for(dtype: np.dtype) -> Intensity:
    """Return the way of counting that fits the type of the pixels."""
    if dtype.kind == "b" or (dtype.kind in "iu" and dtype.itemsize <= 2):
        return _Counted(dtype)
    return _Merged()


class _Counted:
    """Exact statistics from a histogram, for types of at most 16 bit."""

    def __init__(self, dtype: np.dtype) -> None:
        self._lowest = int(np.iinfo(dtype).min) if dtype.kind == "i" else 0
        self._counts = np.zeros(256 ** max(1, dtype.itemsize), np.int64)

    def add(self, pixels: np.ndarray) -> None:
        if not pixels.size:
            return
        for start in range(0, len(pixels), COUNTED_PX):
            part = pixels[start : start + COUNTED_PX]
            if self._lowest:
                part = part.astype(np.int32) - self._lowest
            counts = np.bincount(part)
            self._counts[: len(counts)] += counts

    def summary(self) -> Summary:
        bins = np.flatnonzero(self._counts)
        if not len(bins):
            return Summary()
        counts, levels = self._counts[bins], bins + self._lowest
        n_pixels = int(counts.sum())
        mean = int(levels @ counts) / n_pixels  # exact: below 2**63
        std = math.sqrt((levels - mean) ** 2 @ counts / n_pixels)
        ends = float(levels[0]), float(levels[-1])
        return Summary(n_pixels, mean, std, *ends, int(counts[-1]), levels)


class _Merged:
    """Statistics merged in float64, for floats and wide integers.

    Each batch of pixels is reduced to its own mean and sum of squared deviations, and
    these are merged [1]_: no difference of large sums is ever taken.

    References
    ----------
    .. [1] T. F. Chan, G. H. Golub, R. J. LeVeque. Updating Formulae and a Pairwise
       Algorithm for Computing Sample Variances. Stanford STAN-CS-79-773, 1979.
    """

    def __init__(self) -> None:
        self.n_pixels = self.n_at_maximum = 0
        self.mean = 0.0
        self.minimum = self.maximum = 0.0
        self._squares = 0.0
        self._levels: np.ndarray = np.empty(0)

    def add(self, pixels: np.ndarray) -> None:
        if not pixels.size:
            return
        low, high = float(pixels.min()), float(pixels.max())
        if not self.n_pixels or high > self.maximum:
            self.n_at_maximum = 0
        if not self.n_pixels or high >= self.maximum:
            self.n_at_maximum += int(np.count_nonzero(pixels == pixels.max()))
        self.minimum = min(self.minimum, low) if self.n_pixels else low
        self.maximum = max(self.maximum, high) if self.n_pixels else high
        self._add_levels(pixels)
        deviations = pixels.astype(np.float64)
        mean = min(max(float(deviations.mean()), low), high)  # rounding must not leave the range
        deviations -= mean
        n = self.n_pixels + pixels.size
        apart = mean - self.mean
        with np.errstate(over="ignore"):  # beyond 1e154: the deviation is infinite then
            self._squares += float(deviations @ deviations)
        if self.n_pixels:
            self._squares += apart * apart * self.n_pixels * pixels.size / n
        self.mean += apart * pixels.size / n
        self.n_pixels = n

    def _add_levels(self, pixels: np.ndarray) -> None:
        if len(self._levels) >= MAX_LEVELS:
            return
        if pixels.dtype.kind == "f":
            pixels = pixels[:: max(1, pixels.size // SAMPLE_PX)]
        self._levels = np.union1d(self._levels, pixels)[:MAX_LEVELS]

    def summary(self) -> Summary:
        if not self.n_pixels:
            return Summary()
        std = math.sqrt(self._squares / self.n_pixels)
        ends = self.minimum, self.maximum
        return Summary(self.n_pixels, self.mean, std, *ends, self.n_at_maximum, self._levels)

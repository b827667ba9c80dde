"""Pieces of an image by which a filter finds its parameters.

Grey levels are brought to mean 0 and deviation 1 before anything is measured, so that an
image and ten times the same image, or one with another offset, get the same treatment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy import ndimage

from ..noise.level import Noise, measure_noise

MAD_TO_SIGMA = 1.4826  # of a Gaussian
WIDE_PX = 2.0  # of the blur that separates noise, correlated or not, from the image
NOISELESS = 1e-4  # share of the image's deviation below which there is no noise
LEFT_OF_WHITE = 0.97  # deviation of white noise after that blur has been subtracted


@dataclass(frozen=True, eq=False)
class Sample:
    """Pieces of one channel, standardised.

    Parameters
    ----------
    pieces : tuple of float32 arrays ([Z,] Y, X) of equal shape
        ``(counts - centre) / unit``.
    centre, unit : float
        Mean and deviation of the pieces, in counts; the unit is 1 where all pixels are equal.
    noise : Noise
        Of the standardised pieces.
    """

    pieces: tuple[np.ndarray, ...] = ()
    centre: float = 0.0
    unit: float = 1.0
    noise: Noise = field(default=Noise(0, 0, doubt="there is nothing but zeros"))

    @classmethod
    def of(cls, pieces: Sequence[np.ndarray]) -> Sample:
        """Standardise float32 counts ([Z,] Y, X) and measure their noise."""
        if not len(pieces):
            return cls()
        counts = np.stack(pieces).astype(np.float64)  # squares of the largest float32 fit
        centre, unit = float(counts.mean()), float(counts.std())
        if unit <= 1e-7 * abs(centre):  # rounding of a constant
            unit = 1.0
        counts -= centre
        counts /= unit
        standard = counts.astype(np.float32)
        (noise,) = measure_noise(standard[..., np.newaxis])
        return cls(tuple(standard), centre, unit, noise)

    @cached_property
    def sigma(self) -> float:
        """Noise, root mean square over the pixels, in units of `unit`.

        Where the noise is not white its high frequencies say too little; then the deviation of
        what a wide blur leaves is taken, which counts fine texture as noise.
        """
        if not self.pieces:
            return 0.0
        if not self.noise.doubt:
            return float(np.sqrt(self.noise.variance(np.float64(0.0))))
        if _finest(self.pieces) < NOISELESS:
            return 0.0
        rest = [piece - _blur(piece) for piece in self.pieces]
        return spread(rest) / LEFT_OF_WHITE

    @cached_property
    def gradient(self) -> float:
        """Robust deviation of the differences between neighbours along Y and X, in `unit`."""
        if not self.pieces:
            return 0.0
        return spread([np.diff(p, axis=a) for p in self.pieces for a in (-2, -1)])

    @property
    def noise_counts(self) -> tuple[float, float]:
        """Gain and floor of the noise in counts and counts squared."""
        gain = self.noise.gain * self.unit
        return gain, self.noise.floor * self.unit**2 - gain * self.centre


def spread(values: Sequence[np.ndarray]) -> float:
    """Deviation of a Gaussian with the median absolute deviation of `values`.

    Where more than half of them are equal, as with few photons, their own deviation.
    """
    flat = np.concatenate([one.ravel() for one in values])
    if not flat.size:
        return 0.0
    middle = float(np.median(np.abs(flat - np.median(flat))))
    return MAD_TO_SIGMA * middle if middle > 0 else float(flat.std(dtype=np.float64))


def _finest(pieces: Sequence[np.ndarray]) -> float:
    """Median size of the finest diagonal detail, which hardly any image has without noise."""
    details = [np.diff(np.diff(piece, axis=-1), axis=-2).ravel() for piece in pieces]
    joined = np.abs(np.concatenate(details))
    return float(np.median(joined)) if joined.size else 0.0


def _blur(piece: np.ndarray) -> np.ndarray:
    """A wide blur in Y and X."""
    sigma = (0.0,) * (piece.ndim - 2) + (WIDE_PX, WIDE_PX)
    return np.asarray(ndimage.gaussian_filter(piece, sigma))

"""Pieces of an image by which a filter finds its parameters.

Grey levels are brought to mean 0 and deviation 1 before anything is measured, so that an
image and ten times the same image, or one with another offset, get the same treatment.

Tests: ``tests/filters/test_gaussian.py``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy import ndimage

from ..noise.correlation import Correlation, measure_correlation
from ..noise.level import Noise, measure_noise
from ..noise.mask import choose_mask
from ..noise.robust import deviation
from ..noise.sample import LEAST_EDGE_PX, evenly
from ..noise.sample import Sample as NoiseSample
from ..noise.strength import measure_strength

WIDE_PX = 2.0  # of the blur that separates noise, correlated or not, from the image
LEAST_CORRELATION = 0.05  # with a neighbour, from which on it is taken for none
NOISELESS = 1e-4  # share of the image's deviation below which there is no noise
FEW_PIECES = 8
LEAST_ALONE = 0.25  # of the variance: more than drawings without noise have where pixels are equal
LEFT_OF_WHITE = 0.97  # deviation of white noise after that blur has been subtracted

Shared = tuple[tuple[float, ...], ...]  # autocorrelation along each axis, from 1 at lag 0


@dataclass(frozen=True, eq=False)
class Sample:
    """Pieces of one channel, standardised."""

    # float32, shape ([Z,] Y, X), of equal shape: ``(counts - centre) / unit``
    pieces: tuple[np.ndarray, ...] = ()
    centre: float = 0.0  # mean of the pieces, in counts
    unit: float = 1.0  # deviation of the pieces, in counts; 1 where all pixels are equal
    # of the standardised pieces
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

        Where neither white noise nor one that neighbours share can be measured, the deviation of
        what a wide blur leaves is taken, which counts fine texture as noise.
        """
        if not self.pieces:
            return 0.0
        if not self.noise.doubt:
            return float(np.sqrt(self.noise.variance(np.zeros(()))))
        if _finest(self.pieces) < NOISELESS:
            return self.sparse
        if self.shared is not None:
            strength = measure_strength(self._planes, self._correlation)
            return strength.sigma_at(0.0) or 0.0
        rest = [piece - _blur(piece) for piece in self.pieces]
        return spread(rest) / LEFT_OF_WHITE

    @cached_property
    def sparse(self) -> float:
        """Noise where most pixels are equal, as counts of few photons are; else 0, in `unit`.

        Of what a pixel has alone, half the diagonal difference keeps the deviation, and of an image
        next to nothing.
        """
        few = evenly(self.pieces, FEW_PIECES)
        if not few or min(few[0].shape[-2:]) < 2 or _finest(few) >= NOISELESS:
            return 0.0
        alone = float(np.mean([np.mean(_diagonal(piece) ** 2) for piece in few])) / 4
        return math.sqrt(alone) if alone >= LEAST_ALONE else 0.0

    @cached_property
    def shared(self) -> Shared | None:
        """How neighbours share the noise; None where it is white or unknown.

        None, too, of noise like a cross or with offsets of whole lines, whose correlation in
        the plane is not the product of that along Y and that along X.
        """
        if not self.noise.doubt or self.noise.gain == self.noise.floor == 0:
            return None
        if min(self.pieces[0].shape[-2:]) < LEAST_EDGE_PX:
            return None
        choice = choose_mask(self._correlation)
        crossed = choice.mask is not None and choice.mask.kind == "cross"
        if choice.confidence == "cannot tell" or choice.warnings or crossed:
            return None
        axes = "ZYX"[-self.pieces[0].ndim :]
        shared = tuple(_head(self._correlation.along.get(axis, ())) for axis in axes)
        return shared if any(len(along) > 1 for along in shared) else None

    @cached_property
    def _correlation(self) -> Correlation:
        return measure_correlation(self._planes)

    @cached_property
    def _planes(self) -> NoiseSample:
        """The pieces as `noise` takes them."""
        planes = tuple(plane for p in self.pieces for plane in p.reshape(-1, *p.shape[-2:]))
        deep = self.pieces[0].ndim == 3 and len(self.pieces[0]) > 1
        runs = {"Z": self.pieces} if deep else {}
        return NoiseSample(planes, (0,) * len(planes), runs, len(planes))

    @property
    def doubt(self) -> str:
        """Why `sigma` should not be relied on; empty if it may be."""
        if not self.noise.doubt or self.sparse:
            return ""
        return self.noise.doubt if self.shared is None else ""

    @cached_property
    def gradient(self) -> float:
        """Robust deviation of the differences between neighbours along Y and X, in `unit`."""
        if not self.pieces:
            return 0.0
        return spread([np.diff(p, axis=a) for p in self.pieces for a in (-2, -1)])

    @property
    def varies(self) -> bool:
        """Whether not all pixels are equal."""
        return any(float(piece.min()) < float(piece.max()) for piece in self.pieces)

    def in_counts(self, piece: np.ndarray) -> np.ndarray:
        """One of the pieces, in counts again."""
        return piece * np.float32(self.unit) + np.float32(self.centre)

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
    return deviation(flat) or float(flat.std(dtype=np.float64))


def _head(along: Sequence[float]) -> tuple[float, ...]:
    """Autocorrelation from lag 0 to the last that counts."""
    counts = [*(value > LEAST_CORRELATION for value in along), False]
    return (1.0, *along[: counts.index(False)])


def _finest(pieces: Sequence[np.ndarray]) -> float:
    """Median size of the finest diagonal detail, which hardly any image has without noise."""
    joined = np.abs(np.concatenate([_diagonal(piece).ravel() for piece in pieces]))
    return float(np.median(joined)) if joined.size else 0.0


def _diagonal(piece: np.ndarray) -> np.ndarray:
    """Difference of the differences along Y and X."""
    return np.diff(np.diff(piece, axis=-1), axis=-2)


def _blur(piece: np.ndarray) -> np.ndarray:
    """A wide blur in Y and X."""
    sigma = (0.0,) * (piece.ndim - 2) + (WIDE_PX, WIDE_PX)
    return np.asarray(ndimage.gaussian_filter(piece, sigma))

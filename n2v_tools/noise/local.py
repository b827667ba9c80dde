"""Noise of each pixel as it can be drawn: its strength at each brightness, its correlation.

Variance is a straight line over the mean; what neighbours share is taken to be the product of
what they share along each axis, so that noise is white noise convolved with a short kernel
along Y, X and depth in turn.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.ndimage import convolve1d

from ..errors import StackError
from ..stack import Stack
from ..words import flag
from .correlation import Correlation, measure_correlation
from .robust import Confidence
from .sample import Sample, read_sample
from .strength import CHANCE, Strength, measure_strength

MOST_PX = 3_000_000
LEAST_SHARE = 0.1  # of the variance at mean brightness: nowhere is noise taken to be weaker
SPECTRUM = 128  # frequencies by which a kernel is found
# Relative error of a measured variance, standard deviation, on generated data.
ERRORS: Mapping[Confidence, float] = {"high": 0.02, "low": 0.1, "cannot tell": 0.3}


@dataclass(frozen=True)
class LocalNoise:
    """Noise of one channel."""

    gain: float  # counts per photoelectron; 0 where noise is equally strong everywhere
    floor: float  # counts squared: the variance at a mean of `m` counts is ``gain * m + floor``
    least: float  # counts squared: the variance is never below
    # by axis letter: odd in length, squares sum to 1: white noise convolved with it is correlated
    # as the noise is. Axes along which it is white have none.
    kernels: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    error: float = ERRORS["high"]  # standard deviation of the variance's relative error
    doubt: str = ""  # why the numbers are not sure; may be empty

    @property
    def white(self) -> bool:
        """Whether pixels share no noise."""
        return not self.kernels

    def variance(self, mean: np.ndarray) -> np.ndarray:
        """Variance, counts squared, where the mean is `mean` counts."""
        return np.maximum(np.float32(self.gain) * mean + np.float32(self.floor), self.least)

    def radius_px(self, axis: str) -> int:
        """How far noise is shared along an axis."""
        return len(self.kernels.get(axis, (1.0,))) // 2

    def colour(self, white: np.ndarray, axes: str) -> np.ndarray:
        """Let neighbours share white noise as they share this noise.

        `white` is float32 of variance 1. Its last axes are `axes`, such as ``YX``; others may stand
        before them.
        """
        for number, axis in enumerate(axes, start=-len(axes)):
            if axis in self.kernels:
                white = convolve1d(white, self.kernels[axis], axis=number, mode="reflect")
        return white


NO_NOISE = LocalNoise(gain=0.0, floor=0.0, least=0.0)


def measure_local_noise(stack: Stack, axes: str, *, keep_strips: bool = False) -> LocalNoise:
    """Measure the noise of a stack of one channel.

    Parameters
    ----------
    stack : Stack
        Without C; a bounded part is read.
    axes : str
        Letters along which sharing matters, such as ``ZYX``.
    keep_strips : bool
        Take zeros as data.

    Raises
    ------
    StackError
        If its strength cannot be measured.
    """
    sample = read_sample(stack, most_px=MOST_PX, keep_strips=keep_strips)
    correlation = measure_correlation(sample)
    mean = float(np.mean([plane.mean() for plane in sample.planes])) if sample.planes else 0.0
    strength = _quieter(sample, correlation, mean)
    sigma = strength.sigma_at(mean)
    if not sigma or strength.floor is None:
        raise StackError(
            f"{stack.name}: its noise cannot be measured: {strength.reason or 'there is none'}. "
            f"Leave {flag('uncertainty')} out, or give a larger piece of the recording."
        )
    unsure = correlation.confidence == "cannot tell" and strength.confidence == "high"
    return LocalNoise(
        strength.gain or 0.0,
        strength.floor,
        LEAST_SHARE * sigma**2,
        _kernels(correlation, axes),
        ERRORS["low" if unsure else strength.confidence],
        correlation.reason if unsure else strength.reason,
    )


def _quieter(sample: Sample, correlation: Correlation, mean: float) -> Strength:
    """By frames or by single images, whichever finds less: what moves or is fine only adds."""
    strength = measure_strength(sample, correlation)
    if not sample.pairs.get("T"):
        return strength
    alone = measure_strength(replace(sample, runs={}), correlation)
    noise, other = strength.sigma_at(mean), alone.sigma_at(mean)
    return alone if alone.confidence == "high" and other and noise and other < noise else strength


def _kernels(correlation: Correlation, axes: str) -> dict[str, tuple[float, ...]]:
    lags = {axis: correlation.along[axis] for axis in axes if correlation.along.get(axis)}
    return {axis: find_kernel(along) for axis, along in lags.items() if along[0] > CHANCE}


def find_kernel(along: Sequence[float]) -> tuple[float, ...]:
    """Find a symmetric kernel that makes white noise correlated as given.

    `along`: correlation at lags 1, 2, ...; what lies within chance of 0 counts as 0. The kernel is
    as long as twice the last lag that counts, and one; its squares sum to 1.
    """
    counted = [value if value > CHANCE else 0.0 for value in along]
    reach = max((lag for lag, value in enumerate(counted, 1) if value), default=0)
    ring = np.zeros(SPECTRUM)
    ring[0] = 1
    ring[1 : reach + 1] = counted[:reach]
    ring[SPECTRUM - reach :] = counted[:reach][::-1]
    # A measured correlation need not be one: negative power is taken for none.
    amplitude = np.sqrt(np.maximum(np.fft.rfft(ring).real, 0))
    kernel = np.fft.irfft(amplitude, SPECTRUM)
    kernel = np.concatenate((kernel[SPECTRUM - reach :], kernel[: reach + 1]))
    return tuple((kernel / math.sqrt(float((kernel**2).sum()))).tolist())

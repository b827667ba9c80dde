r"""Signal-to-noise ratio in space and in time: stSNR, by which the CIDC25 challenge ranks.

.. math:: SNR = 10 \log_{10} (\sum clean^2 / \sum (clean - restored)^2)

In space the sums run over a frame, in time over the frames at one pixel; stSNR is half the
mean over frames plus half the mean over pixels [1]_. It sees what over-smoothing in time
does to traces, which no measure of single frames can.

References
----------
.. [1] AI4Life Calcium Imaging Denoising Challenge 2025, evaluation metrics,
   https://ai4life-cidc25.grand-challenge.org/cidc25-evaluation-metrics/ ("a convex
   combination"; equal shares, as its participants compute it).
"""

from __future__ import annotations

import math

import numpy as np

SPATIAL_SHARE = 0.5


def spatial_snr(restored: np.ndarray, clean: np.ndarray, valid: np.ndarray | None = None) -> float:
    """Return the signal-to-noise ratio of one plane of counts of any dtype, in dB.

    `valid` is True where there is an image; default everywhere. Infinite if both are equal, NaN if
    nothing is valid or all of the clean image is 0.
    """
    signal = clean.astype(np.float64)
    error = restored - signal
    if valid is not None:
        signal, error = signal[valid], error[valid]
    return _decibels(float(np.sum(signal**2)), float(np.sum(error**2)))


class TemporalSums:
    """Collects the frames of one place; needs two planes of memory, however many frames."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self._signal, self._error = np.zeros(shape), np.zeros(shape)
        self._frames = np.zeros(shape, np.int64)

    def add(self, restored: np.ndarray, clean: np.ndarray, valid: np.ndarray) -> None:
        """Take one frame into account; parameters as in `spatial_snr`, shape (Y, X)."""
        signal = np.where(valid, clean.astype(np.float64), 0)
        self._signal += signal**2
        self._error += (np.where(valid, restored.astype(np.float64), 0) - signal) ** 2
        self._frames += valid

    def snr(self) -> float:
        """Return the mean over pixels of the ratio along time, in dB.

        Over pixels with two frames or more and a finite ratio; infinite if all of them are equal to
        the clean ones, NaN if there is no such pixel.
        """
        there = (self._frames > 1) & (self._signal > 0)
        if not there.any():
            return math.nan
        there &= self._error > 0
        if not there.any():
            return math.inf
        return float(np.mean(10 * np.log10(self._signal[there] / self._error[there])))


def combine_snr(spatial: float, temporal: float) -> float:
    """Return stSNR from its two parts, in dB."""
    return SPATIAL_SHARE * spatial + (1 - SPATIAL_SHARE) * temporal


def _decibels(signal: float, error: float) -> float:
    if not signal > 0:
        return math.nan
    return math.inf if error == 0 else 10 * math.log10(signal / error)

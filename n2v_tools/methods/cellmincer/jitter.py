"""Jitter of the light from frame to frame, which all pixels share: found, taken away, put back."""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy import signal
from scipy.ndimage import median_filter, uniform_filter1d

Smoothing = Literal["none", "median", "mean", "lowpass"]

SEGMENT, OVERLAP = 256, 64  # frames of the short transforms
SLOPE_S = 0.25  # of the roll-off, per hertz


def log_brightness(frame: np.ndarray, baseline: float) -> float:
    """Mean logarithm of a frame (Y, X), counts above `baseline`, which are 1 at least."""
    return float(np.log(np.maximum(frame - np.float32(baseline), 1)).mean(dtype=np.float64))


def find_gains(
    logs: np.ndarray, smoothing: Smoothing, n_frames: int, rate_hz: float, most_hz: float
) -> np.ndarray:
    """Return by how much each frame is brighter than its neighbours let expect.

    Parameters
    ----------
    logs : ndarray of float64, shape (T,)
        What `log_brightness` says of each frame.
    smoothing : {"none", "median", "mean", "lowpass"}
        What is expected: the median or the mean of `n_frames` around, or what is slower than
        `most_hz`, by short-time Fourier transforms with a soft end.
    n_frames : int
        Of the median and the mean.
    rate_hz, most_hz : float
        Frames a second, and the frequency at which half of the brightness is expected.

    Returns
    -------
    gains : ndarray of float64, shape (T,)
        1 where a frame is as bright as expected.
    """
    if smoothing == "none" or len(logs) < 2:
        return np.ones(len(logs))
    if smoothing == "median":
        expected = median_filter(logs, n_frames, mode="reflect")
    elif smoothing == "mean":
        expected = uniform_filter1d(logs, n_frames, mode="reflect")
    else:
        expected = _slow(logs, rate_hz, most_hz)
    return np.asarray(np.exp(logs - expected))


def _slow(logs: np.ndarray, rate_hz: float, most_hz: float) -> np.ndarray:
    """The part of a signal below a frequency."""
    segment = min(SEGMENT, len(logs))
    overlap = min(OVERLAP, segment // 2)
    mean = logs.mean()
    # A Hann window with little overlap would not sum up evenly: it is widened to a Tukey window.
    window = signal.windows.tukey(segment, 2 * overlap / segment, sym=False)
    hertz, _, parts = signal.stft(
        logs - mean, rate_hz, window=window, nperseg=segment, noverlap=overlap
    )
    kept = 1 / (1 + np.exp(np.clip(SLOPE_S * (hertz - most_hz), -500, 500)))
    _, slow = signal.istft(
        parts * kept[:, np.newaxis], rate_hz, window=window, nperseg=segment, noverlap=overlap
    )
    return np.asarray(slow[: len(logs)] + mean)

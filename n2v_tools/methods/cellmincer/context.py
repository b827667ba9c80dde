"""Context of a frame: over how many frames around it fast changes of a movie last.

Tests: ``tests/methods/cellmincer/test_method.py``.
"""

from __future__ import annotations

import math

import numpy as np

from .features import ORDER
from .sizes import TIME_KERNEL

BLOCK_PX = 4  # pixels are averaged over such squares: less noise
LEAST, USUAL, MOST = 9, 13, 33  # frames
LIVES = 3  # half a context lasts so many times the time in which a change fades
LAGS = 16  # over which it must fade
# Of the variance in blocks: below, nothing that changes can be told from noise. The second is in
# deviations of what noise alone gives.
LEAST_SHARE, BY_CHANCE = 0.002, 5.0


def measure_context(windows: np.ndarray) -> tuple[int, float]:
    """Choose the context for windows of a movie, and say in how many frames changes fade.

    What is slower than 21 frames is left out, as from the features. Noise that is new in each
    frame shows at lag 0 only, where what is expected from lags 1 and 2 stands in its place.

    Parameters
    ----------
    windows : array, shape (N, T, Y, X, 1)
        Counts.

    Returns
    -------
    context : int
        Frames, 9 to 33, `USUAL` where windows are too short or hold nothing but noise.
    fading : float
        Frames after which the correlation is below 1/e; NaN where it was not measured.
    """
    n_lags = LAGS + 2 * ORDER + 1
    if windows.shape[1] < n_lags + 8:
        return USUAL, math.nan
    covariance = np.mean([_covariance(window[..., 0], n_lags) for window in windows], axis=0)
    noisy = covariance[0]
    covariance[0] = 2 * covariance[1] - covariance[2]
    fast = _without_slow(covariance)
    n_values = windows.size / BLOCK_PX**2
    if not fast[1] > max(LEAST_SHARE, BY_CHANCE / math.sqrt(n_values)) * noisy:
        return USUAL, math.nan
    below = np.flatnonzero(fast[1:] < fast[1] / math.e)
    fading = float(below[0] + 1) if len(below) else float(LAGS)
    half = LIVES * fading
    step = TIME_KERNEL - 1
    wanted = 1 + step * math.ceil(2 * half / step)
    return int(np.clip(wanted, LEAST, MOST)), fading


def _covariance(window: np.ndarray, n_lags: int) -> np.ndarray:
    """Covariance in time of blocks of a window (T, Y, X) at lags 0 to `n_lags` - 1."""
    n, height, width = (size // BLOCK_PX * BLOCK_PX for size in window.shape)
    n = len(window)
    blocks = window[:, :height, :width].astype(np.float64)
    blocks = blocks.reshape(n, height // BLOCK_PX, BLOCK_PX, width // BLOCK_PX, BLOCK_PX)
    traces = blocks.mean(axis=(2, 4)).reshape(n, -1)
    traces -= traces.mean(axis=0)
    return np.array([(traces[: n - lag] * traces[lag:]).mean() for lag in range(n_lags)])


def _without_slow(covariance: np.ndarray) -> np.ndarray:
    """Covariance at lags 0 to `LAGS` after the mean of 21 frames is taken off each frame."""
    taken = -np.ones(2 * ORDER + 1) / (2 * ORDER + 1)
    taken[ORDER] += 1
    both = np.correlate(taken, taken, "full")  # at lags -20 to 20
    lags = np.arange(LAGS + 1)[:, np.newaxis] - np.arange(-2 * ORDER, 2 * ORDER + 1)
    return np.asarray(covariance[np.abs(lags)] @ both)

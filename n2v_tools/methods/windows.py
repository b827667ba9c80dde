"""Sums over the frames of windows, which methods for movies share."""

from __future__ import annotations

import numpy as np


def sum_frames(windows: np.ndarray) -> np.ndarray:
    """Sum of all frames of each window: (N, T, Y, X, C) to (N, Y, X, C), without rounding.

    Windows, counts, are read one after the other; sums are int64 of whole numbers, else float64.
    """
    wide = np.float64 if windows.dtype.kind == "f" else np.int64
    return np.stack([window.sum(axis=0, dtype=wide) for window in windows])

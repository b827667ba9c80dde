"""The still image: what frames are counted from, when learning and when restoring."""

from __future__ import annotations

import numpy as np


def still_image(mean: np.ndarray, level: np.ndarray | float) -> np.ndarray:
    """Return the deviation of a mean over many frames from its level: counts, float32 (Y, X, C).

    `mean` is float64 (Y, X, C), in counts. `level`, of shape (C,) or a float, is what is left in
    the frames: the mean of the training data, or that of the movie.
    """
    return (mean - level).astype(np.float32)

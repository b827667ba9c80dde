"""The still image: what frames are counted from, when learning and when restoring."""

from __future__ import annotations

import numpy as np


def still_image(mean: np.ndarray, level: np.ndarray | float) -> np.ndarray:
    """Return the deviation of a mean over frames from its level.

    Parameters
    ----------
    mean : ndarray of float64, shape (Y, X, C)
        Of many frames, counts.
    level : ndarray of shape (C,) or float
        What is left in the frames: the mean of the training data, or that of the movie.

    Returns
    -------
    still : ndarray of float32, shape (Y, X, C)
        Counts.
    """
    return (mean - level).astype(np.float32)

"""Distance of a restored frame to the next noisy one.

The noise of the next frame is nothing that a method could have kept by mistake, so the
mean squared distance to it is the error plus a constant: the variance of that noise and
what moved meanwhile. It needs no truth and ranks methods rightly, as long as noise is
independent from frame to frame and no method saw the next frame.
"""

from __future__ import annotations

import math

import numpy as np


class NextFrame:
    """Collects distances to the next frame."""

    def __init__(self) -> None:
        self._n, self._squares = 0, 0.0

    def add(self, restored: np.ndarray, following: np.ndarray, valid: np.ndarray) -> None:
        """Take one plane into account.

        `restored` and the noisy plane at the same place a frame later, `following`, are counts (Y,
        X); `valid` is True where both hold an image.
        """
        error = (restored.astype(np.float64) - following)[valid]
        self._n += error.size
        self._squares += float(error @ error)

    @property
    def distance(self) -> float:
        """Root mean square, in counts; NaN if there was nothing to compare."""
        return math.sqrt(self._squares / self._n) if self._n else math.nan

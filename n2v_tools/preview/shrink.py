"""Smaller images by area: every pixel counts, and only for the part that is covered.

Taking every tenth pixel would show the noise of single pixels and let fine structure
alias; the mean over the area does neither.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

ROWS_AT_ONCE_PX = 2_000_000  # pixels that are held as float64 at a time
LEAST_COVERED = 0.5  # of a pixel's area: with less it has no value


class AreaMean:
    """Averages planes of sizes `shape` (Y, X) down (or up) to sizes `shown`."""

    def __init__(self, shape: tuple[int, int], shown: tuple[int, int]) -> None:
        self.shown = shown
        self._rows, self._columns = (area_weights(n, m) for n, m in zip(shape, shown, strict=True))
        self._chunk = max(1, ROWS_AT_ONCE_PX // shape[1])

    def __call__(self, plane: np.ndarray, valid: np.ndarray | None = None) -> np.ndarray:
        """Return the mean over the area of each pixel shown.

        `plane` (Y, X) holds counts of any real dtype. Pixels that are `valid` count; default all.
        Gives float64 counts, NaN where less than half of the area is valid.
        """
        if valid is None or valid.all():
            return self._rows @ self._narrow(plane)
        values = self._rows @ self._narrow(plane, valid)
        covered = self._rows @ self._narrow(valid)
        seen = covered >= LEAST_COVERED
        return np.divide(values, covered, out=np.full(self.shown, np.nan), where=seen)

    def _narrow(self, plane: np.ndarray, valid: np.ndarray | None = None) -> np.ndarray:
        """Average along X, some rows at a time: shape (Y, X shown)."""
        narrow = np.empty((plane.shape[0], self.shown[1]))
        for start in range(0, len(plane), self._chunk):
            part = slice(start, start + self._chunk)
            values = plane[part].astype(np.float64)
            if valid is not None:
                values[~valid[part]] = 0
            narrow[part] = (self._columns @ values.T).T
        return narrow


def area_weights(n: int, m: int) -> csr_array:
    """Return how much each of `n` pixels adds to each of `m` that cover the same length.

    Sparse, float64, shape (m, n); rows add up to 1.
    """
    edges = np.arange(m + 1) * (n / m)  # of the new pixels, in old ones
    first = np.minimum(np.floor(edges[:-1]).astype(int), n - 1)
    last = np.minimum(np.ceil(edges[1:]).astype(int), n)
    counts = last - first
    new = np.repeat(np.arange(m), counts)
    old = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts - first, counts)
    overlap = np.minimum(old + 1, edges[new + 1]) - np.maximum(old, edges[new])
    weights = np.maximum(overlap, 0) * (m / n)
    return csr_array((weights, (new, old)), shape=(m, n))

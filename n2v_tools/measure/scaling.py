"""Gain and offset between two files, from one pass over their planes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Scaling:
    """A straight line between grey levels."""

    gain: float = 1.0  # counts of one per count of the other
    offset: float = 0.0  # in counts

    def apply(self, plane: np.ndarray) -> np.ndarray:
        """Return ``gain * plane + offset`` as float64, any shape."""
        return self.gain * plane.astype(np.float64) + self.offset


class ScalingSums:
    """Collects pairs of planes for a least-squares line from restored to clean counts.

    Means and sums of squares are merged plane by plane [1]_: plain sums of squares would
    lose the digits that matter where an offset is large.

    References
    ----------
    .. [1] T. F. Chan, G. H. Golub, R. J. LeVeque. Algorithms for computing the sample
       variance. American Statistician 37, 1983.
    """

    def __init__(self) -> None:
        self._n = 0
        self._restored = self._clean = 0.0
        self._restored_power = self._clean_power = self._shared = 0.0

    def add(self, restored: np.ndarray, clean: np.ndarray) -> None:
        """Take values into account: ndarrays of shape (N,), pixels that count."""
        n = restored.size
        if not n:
            return
        x, y = restored.astype(np.float64), clean.astype(np.float64)
        mean_x, mean_y = float(x.mean()), float(y.mean())
        x -= mean_x
        y -= mean_y
        step_x, step_y = mean_x - self._restored, mean_y - self._clean
        weight = self._n * n / (self._n + n)
        self._restored_power += float(x @ x) + weight * step_x**2
        self._clean_power += float(y @ y) + weight * step_y**2
        self._shared += float(x @ y) + weight * step_x * step_y
        self._n += n
        self._restored += step_x * n / self._n
        self._clean += step_y * n / self._n

    @property
    def scaling(self) -> Scaling:
        """The line; of gain 0 if the restored values are all equal."""
        power = self._restored_power
        gain = self._shared / power if power > 0 else 0.0
        return Scaling(gain, self._clean - gain * self._restored)

    @property
    def improvement(self) -> float:
        """By what the line divides the mean squared error: 1 or more, infinite if to zero.

        1 if the restored values are all equal: then there is no line.
        """
        direct = self._restored_power - 2 * self._shared + self._clean_power
        direct += self._n * (self._restored - self._clean) ** 2
        fitted = self._clean_power - self.scaling.gain * self._shared
        if not (direct > 0 and self._restored_power > 0):
            return 1.0
        return direct / fitted if fitted > 1e-12 * self._clean_power else np.inf

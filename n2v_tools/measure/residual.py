"""Residuals: what a method took away, noisy minus restored.

Were a method perfect, this would be the noise and nothing else: as strong, correlated as
the noise is, and unlike the image. None of it needs the truth. Planes are added one by
one and only sums are kept.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

LAGS = 10


@dataclass(frozen=True)
class ResidualScores:
    """What residuals show."""

    deviation: float  # counts, about the mean of each plane
    bias: float  # mean of noisy minus restored, in counts
    # by axis, ``"Y"`` and ``"X"``: autocorrelation at lags 1 to 10; NaN where there are no
    # two such pixels, or no residual at all
    along: dict[str, tuple[float, ...]]
    # correlation of the residual with what was restored, pixel by pixel, -1 to 1: 0 if no structure
    # is left in the residual; NaN if either has none
    signal: float


class ResidualSums:
    """Collects residuals plane by plane."""

    def __init__(self) -> None:
        self._n = 0
        self._total = self._power = self._restored_power = self._shared = 0.0
        self._products = np.zeros((2, LAGS))
        self._pairs = np.zeros((2, LAGS))

    def add(self, noisy: np.ndarray, restored: np.ndarray, valid: np.ndarray) -> None:
        """Take one plane (Y, X) of counts of any dtype into account.

        `valid` is True where there is an image: outside strips, and finite.
        """
        n = int(np.count_nonzero(valid))
        if not n:
            return
        residual = np.where(valid, noisy.astype(np.float64) - restored, 0)
        total = float(residual.sum())
        residual -= np.where(valid, total / n, 0)
        image = np.where(valid, restored.astype(np.float64), 0)
        image -= np.where(valid, image.sum() / n, 0)
        self._n += n
        self._total += total
        self._power += _dot(residual, residual)
        self._restored_power += _dot(image, image)
        self._shared += _dot(residual, image)
        for axis in range(2):
            values, there = np.moveaxis(residual, axis, 0), np.moveaxis(valid, axis, 0)
            for lag in range(1, min(LAGS, len(values) - 1) + 1):
                self._products[axis, lag - 1] += _dot(values[:-lag], values[lag:])
                self._pairs[axis, lag - 1] += np.count_nonzero(there[:-lag] & there[lag:])

    def scores(self) -> ResidualScores:
        """Return what all planes together say; NaN throughout if none was valid."""
        if not self._n:
            nothing = (math.nan,) * LAGS
            return ResidualScores(math.nan, math.nan, {"Y": nothing, "X": nothing}, math.nan)
        variance = self._power / self._n
        with np.errstate(divide="ignore", invalid="ignore"):
            along = self._products / self._pairs / variance
            signal = np.divide(self._shared, math.sqrt(self._power * self._restored_power))
        along[~np.isfinite(along)] = math.nan
        return ResidualScores(
            deviation=math.sqrt(variance),
            bias=self._total / self._n,
            along={axis: tuple(line.tolist()) for axis, line in zip("YX", along, strict=True)},
            signal=float(signal) if np.isfinite(signal) else math.nan,
        )


def _dot(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.einsum("ij,ij->", a, b))

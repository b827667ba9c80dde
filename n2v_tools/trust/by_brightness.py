"""Residual by brightness: is the mean kept, and is it as strong as the noise?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .reference import Reference

N_BINS = 20
LEAST_IN_BIN = 200


@dataclass(frozen=True, eq=False)
class Curve:
    """Residual (noisy minus restored) in bins of restored brightness."""

    # shape (B,): intensity and mean in counts, variance and noise in counts squared; `noise` is the
    # variance of the noise there
    intensity: np.ndarray
    mean: np.ndarray
    variance: np.ndarray
    noise: np.ndarray
    n: np.ndarray  # shape (B,): pixels

    @property
    def span(self) -> float:
        """Counts from the darkest to the brightest bin."""
        return float(np.ptp(self.intensity)) if len(self.intensity) else 0.0

    @property
    def worst_bias(self) -> float:
        """Largest mean residual about its overall mean, over the span, signed; 0 without span."""
        if self.span <= 0:
            return 0.0
        off = self.mean - float(np.average(self.mean, weights=self.n))
        return float(off[np.argmax(np.abs(off))]) / self.span

    @property
    def slope(self) -> float:
        """Mean residual per count of brightness: 0.1 where bright places come out 9 % too dark."""
        if self.span <= 0:
            return 0.0
        return float(np.polyfit(self.intensity, self.mean, 1, w=np.sqrt(self.n))[0])


class ByBrightness:
    """Collects residuals in bins that are chosen from some restored pixels."""

    def __init__(self, restored: Sequence[np.ndarray], reference: Reference) -> None:
        values = np.concatenate([plane.ravel() for plane in restored]).astype(np.float64)
        edges = np.unique(np.percentile(values, np.linspace(0, 100, N_BINS + 1)))
        self._edges = edges[1:-1]
        self._reference = reference
        self._sums = np.zeros((4, len(self._edges) + 1))

    def add(self, noisy: np.ndarray, restored: np.ndarray) -> None:
        """Take one plane (Y, X) of finite counts into account."""
        bright = restored.ravel().astype(np.float64)
        residual = noisy.ravel().astype(np.float64) - bright
        number = np.searchsorted(self._edges, bright, side="right")
        each = (None, bright, residual, residual * residual)
        for row, weights in zip(self._sums, each, strict=True):
            row += np.bincount(number, weights, len(row))

    def curve(self) -> Curve:
        """Return what all planes together say, bins of few pixels left out."""
        n, bright, residual, square = self._sums[:, self._sums[0] >= LEAST_IN_BIN]
        intensity, mean = bright / n, residual / n
        noise = self._reference.variance(intensity) if len(n) else n
        return Curve(intensity, mean, square / n - mean**2, noise, n.astype(int))

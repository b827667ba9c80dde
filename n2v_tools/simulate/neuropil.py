"""Neuropil, the dense tangle between neurons: grainy in space, it glows and flickers.

Nobody can tell its processes apart. Its brightness is uneven and grainy and does not
change; its activity is smooth over some tens of pixels and goes through the indicator.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.sparse import csr_matrix

from .transients import Indicator, Transients

NODE_PX = 24  # activity is smooth over about this distance
RATE_HZ = 4.0  # events that one patch of neuropil sums up
SHARED = 0.3  # of the variance of the activity: common to the whole field
# Scale in pixels and strength (deviation of the logarithm): light, dense and loose, grain.
UNEVENNESS = ((70.0, 0.3), (5.0, 0.14), (1.6, 0.18), (0.8, 0.16))


class Neuropil:
    """The neuropil of one movie; `key` seeds everything.

    `activity` is its deviation in time, relative to its mean.
    """

    def __init__(
        self, shape_yx: tuple[int, int], activity: float, indicator: Indicator, key: tuple[int, ...]
    ) -> None:
        self.rest = _rest(shape_yx, np.random.default_rng([*key, 0]))
        self._activity = activity
        self._rows, self._columns = (_spline(size) for size in shape_yx)
        self._nodes = (self._rows.shape[1], self._columns.shape[1])
        n_sources = 1 + math.prod(self._nodes)
        integral, square = indicator.integrals()
        self._mean = RATE_HZ * integral
        self._deviation = math.sqrt(RATE_HZ * square)
        self._transients = Transients(
            indicator, np.full(n_sources, RATE_HZ), np.ones(n_sources), 1.0, (*key, 1)
        )
        # Between nodes a sum of splines varies less than the nodes do.
        self._smoothing = math.sqrt(_mean_square(self._rows) * _mean_square(self._columns))

    def gain(self, frame: int) -> np.ndarray:
        """Return brightness relative to `rest`: float32, shape (Y, X), 0 or more, mean 1."""
        local = self._local(frame)
        field = (self._columns @ (self._rows @ local).T).T
        return np.maximum(1 + field, 0, dtype=np.float32)

    def mean_gain(self, frame: int, weights: np.ndarray) -> float:
        """Return the sum of `gain` times a map, from what `weigh` made of that map."""
        return float(weights.sum() + (weights * self._local(frame)).sum(dtype=np.float64))

    def weigh(self, image: np.ndarray) -> np.ndarray:
        """Return what each node of the activity weighs in a map of shape (Y, X)."""
        return np.asarray(self._rows.T @ (self._columns.T @ image.T).T)

    def _local(self, frame: int) -> np.ndarray:
        """Return activity at the nodes, the shared part included: float32."""
        standard = (self._transients.at(frame) - self._mean) / self._deviation
        own = standard[1:].reshape(self._nodes) * math.sqrt(1 - SHARED) / self._smoothing
        return (self._activity * (own + math.sqrt(SHARED) * standard[0])).astype(np.float32)


def _rest(shape_yx: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Return the brightness at rest, float32 (Y, X), with a mean of 1."""
    logarithm = np.zeros(shape_yx, np.float32)
    for scale, strength in UNEVENNESS:
        # The widest scale must fit, or a small field would be of one brightness.
        sigma = min(scale, max(shape_yx) / 4)
        field = _smooth_noise(shape_yx, sigma, rng)
        logarithm += np.float32(strength) * field
    bright = np.exp(logarithm)
    return bright / bright.mean(dtype=np.float64).astype(np.float32)


def _smooth_noise(shape_yx: tuple[int, int], sigma: float, rng: np.random.Generator) -> np.ndarray:
    """Return Gaussian noise smoothed over `sigma` pixels, deviation 1, float32 (Y, X)."""
    step = max(1, int(sigma / 4))  # wide noise is drawn on a coarse grid
    coarse = shape_yx if step == 1 else tuple((size - 1) // step + 2 for size in shape_yx)
    noise = rng.standard_normal(coarse, np.float32)
    smooth = gaussian_filter(noise, sigma / step, mode="wrap")
    if step > 1:
        rows, columns = (_linear(size, step) for size in shape_yx)
        smooth = (columns @ (rows @ smooth).T).T
    return (smooth - smooth.mean()) / max(float(smooth.std()), 1e-6)


def _linear(size: int, step: int) -> csr_matrix:
    """Return the matrix that interpolates between samples every `step` pixels."""
    at = np.arange(size)
    left, share = at // step, (at % step / step).astype(np.float32)
    place = (np.tile(at, 2), np.concatenate([left, left + 1]))
    return csr_matrix((np.concatenate([1 - share, share]), place), (size, (size - 1) // step + 2))


def _spline(size: int) -> csr_matrix:
    """Return cubic B-splines, one per node: float32, shape (size, nodes), rows sum to 1."""
    at = np.arange(size)
    left, u = at // NODE_PX, (at % NODE_PX) / NODE_PX
    parts = [(1 - u) ** 3, 3 * u**3 - 6 * u**2 + 4, -3 * u**3 + 3 * u**2 + 3 * u + 1, u**3]
    place = (np.tile(at, 4), np.concatenate([left + k for k in range(4)]))
    values = (np.concatenate(parts) / 6).astype(np.float32)
    return csr_matrix((values, place), (size, (size - 1) // NODE_PX + 4))


def _mean_square(spline: csr_matrix) -> float:
    """Return the mean over pixels of the sum of squares: the variance that is left."""
    return float(spline.multiply(spline).sum() / spline.shape[0])

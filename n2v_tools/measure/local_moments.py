"""Local means and variances in small windows: what SSIM and MicroSSIM are made of.

The windows are those of scikit-image's `structural_similarity`: 7 x 7 pixels of equal
weight, or a Gaussian of sigma 1.5 px cut at 5 px. A window counts only if all of it lies
inside the plane and is real.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter, minimum_filter, uniform_filter

SIGMA_PX, GAUSSIAN_RADIUS_PX = 1.5, 5
UNIFORM_RADIUS_PX = 3


@dataclass(frozen=True, eq=False)
class Local:
    """Local moments of one plane; `measure_local` makes it."""

    # values, mean, variance: float64, shape (Y, X): counts, zero where not real; in the window
    # around each pixel. The variance is of a sample, as in scikit-image.
    values: np.ndarray
    mean: np.ndarray
    variance: np.ndarray
    gaussian: bool  # which windows


@dataclass(frozen=True, eq=False)
class Windows:
    """What the windows of two planes have in common."""

    # clean_mean, restored_mean: float64, shape (N,): one number per window that counts
    clean_mean: np.ndarray
    restored_mean: np.ndarray
    # clean_variance, restored_variance, covariance: float64, shape (N,)
    clean_variance: np.ndarray
    restored_variance: np.ndarray
    covariance: np.ndarray

    @property
    def n(self) -> int:
        """How many windows there are."""
        return len(self.covariance)

    def some(self, chosen: np.ndarray) -> Windows:
        """Return the windows of the numbers `chosen`, shape (M,)."""
        return Windows(*(part[chosen] for part in self._parts))

    @staticmethod
    def joined(windows: list[Windows]) -> Windows:
        """Return all windows of a list that is not empty."""
        return Windows(*map(np.concatenate, zip(*(one._parts for one in windows), strict=True)))

    @property
    def _parts(self) -> tuple[np.ndarray, ...]:
        return (
            self.clean_mean,
            self.restored_mean,
            self.clean_variance,
            self.restored_variance,
            self.covariance,
        )


def measure_local(
    plane: np.ndarray, valid: np.ndarray | None = None, *, gaussian: bool = False
) -> Local:
    """Measure mean and variance of counts (Y, X) of any real dtype in the window around each pixel.

    `valid` is True where there is an image; default everywhere. `gaussian` windows are taken
    instead of uniform ones.
    """
    values = plane.astype(np.float64)
    if valid is not None:
        # The filters carry sums along: one NaN or 1e30 would spoil the whole row.
        values = np.where(valid, values, 0)
    mean = _window_mean(values, gaussian)
    return Local(values, mean, _spread(values, values, mean, mean, gaussian), gaussian)


def compare_windows(clean: Local, restored: Local, valid: np.ndarray | None = None) -> Windows:
    """Put two planes of equal shape and kind of window side by side, window by window.

    A window with a pixel that is not `valid`, as in `measure_local`, is left out. There is no
    window at all if the plane is smaller than one.
    """
    radius = GAUSSIAN_RADIUS_PX if clean.gaussian else UNIFORM_RADIUS_PX
    inside = tuple(slice(radius, max(radius, size - radius)) for size in clean.values.shape)
    keep: np.ndarray | None = None
    if valid is not None and not valid.all():
        keep = minimum_filter(valid.view(np.uint8), 2 * radius + 1)[inside].view(bool)
    shared = _spread(clean.values, restored.values, clean.mean, restored.mean, clean.gaussian)
    parts = (clean.mean, restored.mean, clean.variance, restored.variance, shared)
    return Windows(
        *(part[inside].ravel() if keep is None else part[inside][keep] for part in parts)
    )


def _window_mean(values: np.ndarray, gaussian: bool) -> np.ndarray:
    if gaussian:
        return gaussian_filter(values, SIGMA_PX, truncate=GAUSSIAN_RADIUS_PX / SIGMA_PX)
    return uniform_filter(values, 2 * UNIFORM_RADIUS_PX + 1)


def _spread(
    a: np.ndarray, b: np.ndarray, mean_a: np.ndarray, mean_b: np.ndarray, gaussian: bool
) -> np.ndarray:
    """Covariance of a sample, from means that are known."""
    n = (2 * (GAUSSIAN_RADIUS_PX if gaussian else UNIFORM_RADIUS_PX) + 1) ** 2
    return (_window_mean(a * b, gaussian) - mean_a * mean_b) * (n / (n - 1))

"""Gaussian blur, as wide as the noise asks for.

A linear filter's error can be estimated without truth: for noise of known variance that is
independent from pixel to pixel, the mean square of what the filter takes away, plus twice
the variance times the filter's central weight, is the error plus a constant [1]_, [2]_. Where
neighbours share noise, their weights count as well, by their correlation.

References
----------
.. [1] C. L. Mallows. Some comments on Cp. Technometrics 15, 1973.
.. [2] C. M. Stein. Estimation of the mean of a multivariate normal distribution. Annals of
   Statistics 9, 1981.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np
from scipy import ndimage

from . import names
from .base import DEPTH, PLANE, Filter, per_axis, require_number, with_axes
from .pieces import Sample

STEPS_PX = tuple(round(0.3 * 1.25**i, 2) for i in range(16))  # 0.3 to 8.5
MOST_PX = 2**20  # of the sample, more of which change the choice by less than a step
MOST_SIGMA_PX = 100.0


@dataclass(frozen=True)
class Gaussian(Filter):
    """Gaussian blur.

    Parameters
    ----------
    sigma : tuple of float, pixels, or None
        One for all axes or one for each, depth first. None: the one with the least error
        estimated from the noise; depth and plane are chosen separately.
    truncate : float
        Where the kernel ends, in `sigma`.
    """

    sigma: tuple[float, ...] | None = None
    truncate: float = 4.0

    name: ClassVar[str] = names.GAUSSIAN
    main: ClassVar[str] = "sigma"
    by_noise: ClassVar[str] = "sigma"
    bytes_per_px: ClassVar[int] = 16

    def __post_init__(self) -> None:
        super().__post_init__()
        require_number("sigma", self.sigma, least=0, most=MOST_SIGMA_PX, unit="px")
        require_number("truncate", self.truncate, above=0)

    def estimated(self, sample: Sample) -> Gaussian:
        """As `Filter.estimated`."""
        if self.sigma is not None:
            return self
        return dataclasses.replace(self, sigma=best_sigma(sample, self.truncate))

    def candidates(self, sample: Sample) -> tuple[Gaussian, ...]:
        """As `Filter.candidates`: the same width along Y and X, none along the depth."""
        return dataclasses.replace(self, sigma=(0.0,) * sample.pieces[0].ndim).along(PLANE)

    def along(self, axes: slice) -> tuple[Gaussian, ...]:
        """As `Filter.along`."""
        steps = (0.0, *STEPS_PX) if axes == DEPTH else STEPS_PX
        each = (with_axes(self.sigma or (), axes, step) for step in steps)
        return tuple(dataclasses.replace(self, sigma=sigma) for sigma in each)

    def reach_px(self, n_axes: int) -> tuple[int, ...]:
        """As `Filter.reach_px`."""
        sigma = per_axis("sigma", self.sigma or (0.0,), n_axes)
        return tuple(int(self.truncate * one + 0.5) for one in sigma)  # as scipy.ndimage counts

    def apply(self, field: np.ndarray) -> np.ndarray:
        """As `Filter.apply`."""
        sigma = per_axis("sigma", self.sigma or (0.0,), field.ndim)
        return np.asarray(ndimage.gaussian_filter(field, sigma, truncate=self.truncate))


def best_sigma(sample: Sample, truncate: float = 4.0) -> tuple[float, ...]:
    """Width in pixels of the Gaussian with the least error, as estimated from the noise.

    One per axis of the pieces, Y and X alike; a single 0 if there is no noise. The kernel ends at
    `truncate` times it. Other filters measure by it how much there is to average.
    """
    if not sample.pieces or not sample.sigma:
        return (0.0,)
    n_px = sum(piece.size for piece in sample.pieces)
    pieces = sample.pieces[:: math.ceil(n_px / MOST_PX)]
    best = (1.0,) * pieces[0].ndim
    groups = [PLANE] if len(best) == 2 else [PLANE, DEPTH] * 2
    for axes in groups:
        tried = [with_axes(best, axes, step) for step in (0.0, *STEPS_PX)]
        risk = lru_cache(lambda sigma: _risk(sigma, truncate, pieces, sample))
        i = tried.index(min(tried[::2], key=risk))
        best = min(tried[max(0, i - 1) : i + 2], key=risk)
    return best


def _risk(
    sigma: tuple[float, ...], truncate: float, pieces: tuple[np.ndarray, ...], sample: Sample
) -> float:
    """Mean square error of a blur, plus a constant."""
    blur = Gaussian(sigma=sigma, truncate=truncate)
    removed = [np.mean((piece - blur.apply(piece)) ** 2) for piece in pieces]
    shared = sample.shared or ((1.0,),) * len(sigma)
    kept = math.prod(
        _kept(n, one, truncate, along)
        for n, one, along in zip(pieces[0].shape, sigma, shared, strict=True)
    )
    return float(np.mean(removed)) + 2 * sample.sigma**2 * kept


@lru_cache(maxsize=512)
def _kept(n: int, sigma: float, truncate: float, shared: tuple[float, ...]) -> float:
    """How much of a pixel's own noise a blur along an axis of `n` pixels keeps.

    The weight of the pixel in its own output, and those of the neighbours that share its noise;
    averaged over the axis, whose borders are mirrored.
    """
    if not sigma:
        return 1.0
    weights = ndimage.gaussian_filter1d(np.eye(n), sigma, truncate=truncate)
    kept = np.trace(weights)
    for lag, correlation in enumerate(shared[1:n], start=1):
        kept += correlation * (np.trace(weights, lag) + np.trace(weights, -lag))
    return float(kept / n)

"""Measurements of one channel, before they are judged."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from .by_brightness import Curve
from .contest import Contest
from .displacement import Displacement
from .false_places import PlaceSums
from .frame_order import Order
from .over_time import Times
from .reference import LAGS, Reference
from .spectra import Balance, Powers, SpectraSums
from .tiles import block_means

EVEN = 10.0  # variance of the means of blocks over that by noise
LEAST_SHARED = 0.05  # correlation of the noise from which its absence in the residual is telling


@dataclass(frozen=True)
class Sharing:
    """What neighbours share in the residual, beside the noise."""

    # correlation of the noise with that of the next pixel, along the axis with more of it
    noise: float = 0.0
    residual: float = float("nan")  # the same of the residual; NaN without one
    # share of the noise's covariance that a good residual holds and this one lacks
    deficit: float = 0.0
    # correlation of the residual over that of a good residual: 1 where it is as correlated as it
    # should be, 0 where it is white
    evenness: float = 1.0


@dataclass(frozen=True)
class Fit:
    """One plane: noisy is about ``gain * restored``, and their means differ by `baseline`."""

    gain: float  # NaN where the plane is too even
    baseline: float  # mean of noisy minus restored, counts
    chance: float  # deviation of `gain` by noise


@dataclass(frozen=True, eq=False)
class Measured:
    """All of it."""

    reference: Reference
    powers: Powers
    balance: Balance  # of the planes
    sharing: Sharing
    curve: Curve
    places: PlaceSums
    contest: Contest
    rings: tuple[np.ndarray, np.ndarray]  # frequency and ring correlation of the noisy file
    fits: tuple[Fit, ...]  # one per plane looked at
    sigma: float  # deviation of the noise at mean brightness, counts
    signal_std: float  # deviation of the restored pixels, counts
    acf_residual_y: np.ndarray  # from lag 1 on
    acf_residual_x: np.ndarray  # from lag 1 on
    identical: bool = False  # whether restored and noisy are equal
    # gain and offset by which the restored file had to be brought to the noisy one's scale
    rescaled: tuple[float, float] | None = None
    saturated: float = 0.0  # share of noisy pixels at the largest value there is
    floored: float = 0.0  # share of restored pixels at the smallest value
    displacement: Displacement = field(default_factory=Displacement)
    order: Order = field(default_factory=Order)
    # of lone pixels of the noisy file, shape (N, 2): as `beside.Pair`
    traces: np.ndarray = field(default_factory=lambda: np.empty((0, 2)))
    times: Times | None = None
    time_balance: Balance | None = None  # along time


def measure_sharing(sums: SpectraSums, reference: Reference) -> Sharing:
    """Compare the residual's correlation with the noise's, along the axis with more of it."""
    found, best = sums.residual_acf(1), sums.residual_acf(1, of_best=True)
    along = {(1, 0): reference.acf[LAGS + 1, LAGS], (0, 1): reference.acf[LAGS, LAGS + 1]}
    step = max(along, key=lambda one: along[one])
    noise = float(along[step])
    at = (1 + step[0], 1 + step[1])
    residual = float(found[at] / found[1, 1]) if found[1, 1] > 1e-6 else float("nan")
    if noise < LEAST_SHARED:
        return Sharing(noise, residual)
    of_best = float(best[at] / max(best[1, 1], 1e-6))
    evenness = residual / of_best if abs(of_best) > 1e-3 and np.isfinite(residual) else 0.0
    return Sharing(noise, residual, float((best[at] - found[at]) / noise), evenness)


def fit_plane(noisy: np.ndarray, restored: np.ndarray, sigma: float) -> Fit:
    """Fit noisy over restored counts (Y, X), means of blocks against means of blocks.

    `sigma`: deviation of the noise, counts.
    """
    baseline = float(noisy.mean(dtype=np.float64) - restored.mean(dtype=np.float64))
    block = 16 if min(noisy.shape) >= 128 else 8
    a, b = (block_means(plane, block).ravel() for plane in (noisy, restored))
    spread = b - b.mean()
    power = float(spread @ spread)
    # Where blocks differ by noise alone, noise that both share sets the slope.
    if power <= EVEN * max(b.size - 1, 1) * (sigma / block) ** 2 or power <= 0:
        return Fit(math.nan, baseline, math.nan)
    gain = float(spread @ (a - a.mean())) / power
    return Fit(gain, baseline, sigma / block / math.sqrt(power))

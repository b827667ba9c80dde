"""Calibration of an uncertainty: the deviation claimed for an error, beside what the error has.

Of errors that are normal with the deviation claimed, 68.3 % lie within once and 95.4 % within
twice of it; more than that is caution, less is overconfidence. Whether pixels that are called
uncertain are the ones that are wrong is seen where pixels are sorted by what is claimed: each
tenth should have the error that it claims.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

N_BINS = 10


@dataclass(frozen=True)
class Bin:
    """Pixels with about equal values of something.

    Parameters
    ----------
    middle : float
        Median of what they were sorted by.
    claimed, found : float
        Root mean square of the deviation claimed, and of the error, in counts.
    within_1, within_2 : float
        Share of errors within once and twice the deviation claimed.
    """

    middle: float
    claimed: float
    found: float
    within_1: float
    within_2: float


@dataclass(frozen=True)
class Calibration:
    """How well a claimed deviation fits an error.

    Parameters
    ----------
    n : int
        Pixels.
    rmse, claimed : float
        Root mean square of the error and of what is claimed, in counts.
    within_1, within_2 : float
        As in `Bin`, of all pixels.
    correlation : float
        Of the claim with the absolute error, pixel by pixel; NaN for a constant claim.
    information : float
        Mean log-likelihood of the errors as normal errors of the deviation claimed, less that
        with a constant deviation equal to the RMSE: nats a pixel; above 0 the map is worth more
        than knowing the RMSE.
    by_intensity, by_claim : tuple of Bin
        Tenths of the pixels, by brightness and by what is claimed.
    """

    n: int
    rmse: float
    claimed: float
    within_1: float
    within_2: float
    correlation: float
    information: float
    by_intensity: tuple[Bin, ...]
    by_claim: tuple[Bin, ...]

    @property
    def ratio(self) -> float:
        """Claimed over found: above 1 cautious, below 1 overconfident."""
        return self.claimed / self.rmse


def measure_calibration(
    error: np.ndarray, claimed: np.ndarray, intensity: np.ndarray
) -> Calibration:
    """Measure how well a claimed deviation fits an error.

    Parameters
    ----------
    error : ndarray
        Restored less clean, counts; any shape, finite.
    claimed : ndarray, same shape
        Standard deviations, counts, above 0.
    intensity : ndarray, same shape
        Clean or restored, counts.

    Raises
    ------
    ValueError
        If shapes differ, there is nothing, or a deviation is not above 0.
    """
    if not error.shape == claimed.shape == intensity.shape or not error.size:
        raise ValueError(f"shapes {error.shape}, {claimed.shape}, {intensity.shape} do not fit")
    error, claimed, intensity = (
        one.astype(np.float64).ravel() for one in (error, claimed, intensity)
    )
    if not (claimed > 0).all():
        raise ValueError("every deviation must be above 0: leave strips out")
    rmse = _rms(error)
    size = np.abs(error)
    each = -np.log(claimed) - (error / claimed) ** 2 / 2
    varies = claimed.std() > 1e-9 * claimed.mean() and size.std() > 0
    return Calibration(
        error.size,
        rmse,
        _rms(claimed),
        float((size <= claimed).mean()),
        float((size <= 2 * claimed).mean()),
        float(np.corrcoef(claimed, size)[0, 1]) if varies else math.nan,
        float(each.mean() + math.log(max(rmse, 1e-300)) + 0.5),
        _bins(intensity, size, claimed),
        _bins(claimed, size, claimed),
    )


def _bins(by: np.ndarray, size: np.ndarray, claimed: np.ndarray) -> tuple[Bin, ...]:
    order = np.argsort(by, kind="stable")
    return tuple(
        Bin(
            float(np.median(by[part])),
            _rms(claimed[part]),
            _rms(size[part]),
            float((size[part] <= claimed[part]).mean()),
            float((size[part] <= 2 * claimed[part]).mean()),
        )
        for part in np.array_split(order, min(N_BINS, len(order)))
    )


def _rms(values: np.ndarray) -> float:
    return math.sqrt(float(np.mean(values * values)))

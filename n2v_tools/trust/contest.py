"""Contest with plain filters: would one have come nearer to the truth?

Of a Gaussian the mean squared error is known without the truth once the noise is: by Stein's
estimate [1]_. Of a restored file it is not, but it is at least so large. In movies a later
noisy frame shows more: its noise is nothing that any method could have kept.

References
----------
.. [1] C. M. Stein. Estimation of the mean of a multivariate normal distribution. Ann. Stat.
   1981.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter, median_filter

from .reference import LAGS, Reference
from .tiles import SMOOTH_PX

SIGMAS_PX = (0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0)
MEDIANS_PX = (3, 5)
MOST_EDGE_PX = 512  # medians of large planes take longer than all the rest


@dataclass(frozen=True)
class Contest:
    """Restored against plain filters; all squares are over the variance of the noise."""

    # the filter that came nearest, such as ``"Gaussian of 1.4 px"``; empty if none was tried
    best: str = ""
    # its mean squared error, by Stein's estimate; NaN where it was chosen by a later frame
    error: float = math.nan
    # by how much the restored frame is nearer to a later one than that filter; NaN without
    ahead: float = math.nan
    chance: float = math.nan  # deviation of `ahead`


class PlainFilters:
    """Collects distances of filtered and restored planes."""

    def __init__(self, reference: Reference) -> None:
        self._reference = reference
        dot = np.zeros((2 * LAGS + 1, 2 * LAGS + 1))
        dot[LAGS, LAGS] = 1
        self._own = [
            float((gaussian_filter(dot, px, mode="constant") * reference.acf).sum())
            for px in SIGMAS_PX
        ]
        self._stein: list[np.ndarray] = []
        self._later: list[np.ndarray] = []

    def add(self, noisy: np.ndarray, restored: np.ndarray, later: np.ndarray | None) -> None:
        """Take one plane (Y, X) of finite counts into account.

        `later` is the noisy plane at the same place some frames later.
        """
        part = (slice(MOST_EDGE_PX), slice(MOST_EDGE_PX))
        noisy, restored = noisy[part].astype(np.float64), restored[part]
        inverse = 1 / self._reference.variance(gaussian_filter(noisy, SMOOTH_PX))
        smooth = [gaussian_filter(noisy, px) for px in SIGMAS_PX]
        left = [float(((noisy - plane) ** 2 * inverse).mean()) for plane in smooth]
        self._stein.append(np.array(left) - 1 + 2 * np.array(self._own))
        if later is None:
            return
        smooth += [median_filter(noisy, px) for px in MEDIANS_PX]
        target = later[part].astype(np.float64)
        each = [float(((target - p) ** 2 * inverse).mean()) for p in (restored, *smooth)]
        self._later.append(np.array(each))

    def contest(self) -> Contest:
        """Return who came nearest."""
        if self._later:
            each = np.array(self._later)
            best = 1 + int(np.argmin(each[:, 1:].mean(axis=0)))
            ahead = each[:, best] - each[:, 0]
            chance = float(ahead.std(ddof=1) / math.sqrt(len(ahead))) if len(ahead) > 1 else 0.0
            return Contest(_name(best - 1), math.nan, float(ahead.mean()), chance)
        if self._stein:
            mean = np.mean(self._stein, axis=0)
            best = int(np.argmin(mean))
            return Contest(_name(best), float(mean[best]))
        return Contest()


def _name(number: int) -> str:
    if number < len(SIGMAS_PX):
        return f"Gaussian of {SIGMAS_PX[number]:g} px"
    width = MEDIANS_PX[number - len(SIGMAS_PX)]
    return f"median of {width} x {width} px"

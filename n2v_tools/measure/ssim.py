"""Structural similarity, and MicroSSIM, which forgives offset and scale.

MicroSSIM takes off the background of both images and scales the restored one, inside the
formula, by the factor that makes the mean SSIM largest over a whole file [2]_. Its range is
that of each clean plane.

Two things differ from the package microssim 0.0.5, on purpose, except in `legacy`: planes
are scored in the windows that the factor was fitted in (there: fitted in uniform, scored in
Gaussian ones), and each plane has its own range in the fit (there: all have the last one's).

References
----------
.. [1] Z. Wang, A. C. Bovik, H. R. Sheikh, E. P. Simoncelli. Image quality assessment: from
   error visibility to structural similarity. IEEE TIP 13, 2004.
.. [2] A. Ashesh, J. Deschamps, F. Jug. MicroSSIM: Improved structural similarity for
   comparing microscopy data. ECCV Workshops 2024.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from .local_moments import Windows

K1, K2 = 0.01, 0.03
BACKGROUND_PERCENT = 3.0


@dataclass(frozen=True)
class MicroFit:
    """What MicroSSIM takes off and multiplies by."""

    clean_offset: float  # background, in counts
    restored_offset: float  # background, in counts
    factor: float  # of the restored image without its background
    n_planes: int = 1  # from how many planes these come


def ssim(windows: Windows, data_range: float) -> float:
    """Return the mean structural similarity, -1 to 1; NaN if there is no window, or the range is 0.

    `data_range` is in counts, and for a movie or volume the same for all planes.
    """
    return micro_ssim(windows, data_range, MicroFit(0, 0, 1))


def micro_ssim(windows: Windows, data_range: float, fit: MicroFit) -> float:
    """Return the mean similarity after background and scale; as `ssim`.

    `data_range`, in counts, is the largest minus the smallest value of the clean plane.
    """
    if not windows.n or not data_range > 0:
        return math.nan
    return float(np.mean(_similarity(windows, data_range, fit)))


def fit_micro(
    windows: Sequence[Windows],
    data_ranges: Sequence[float],
    clean_offset: float,
    restored_offset: float,
    *,
    legacy: bool = False,
) -> MicroFit:
    """Find the factor at which the mean similarity is largest.

    Parameters
    ----------
    windows : sequence of Windows
        Of some planes.
    data_ranges : sequence of float
        Of each clean plane, counts.
    clean_offset, restored_offset : float
        Background, in counts.
    legacy : bool
        Do as microssim 0.0.5 does: the last plane's range for all, and search from 1 on.

    Returns
    -------
    fit : MicroFit
        Of factor NaN if there is nothing to fit.
    """
    pairs = [(w, r) for w, r in zip(windows, data_ranges, strict=True) if w.n and r > 0]
    if not pairs:
        return MicroFit(clean_offset, restored_offset, math.nan, 0)
    every = Windows.joined([one for one, _ in pairs])
    ranges = np.repeat([r for _, r in pairs], [one.n for one, _ in pairs])
    if legacy:
        ranges = ranges[-1:]
    start = 1.0 if legacy else _slope(every)

    def dissimilarity(times: np.ndarray) -> float:
        fit = MicroFit(clean_offset, restored_offset, start * float(times[0]))
        return -float(np.mean(_similarity(every, ranges, fit)))

    found = minimize(dissimilarity, np.array([1.0]))
    return MicroFit(clean_offset, restored_offset, start * float(found.x[0]), len(pairs))


def _slope(windows: Windows) -> float:
    """Where to start: from 1 the search ends at once if the images are scaled far apart."""
    power = float(np.sum(windows.restored_variance))
    slope = float(np.sum(windows.covariance)) / power if power > 0 else 0.0
    return slope if slope > 0 and math.isfinite(slope) else 1.0


def _similarity(windows: Windows, data_range: float | np.ndarray, fit: MicroFit) -> np.ndarray:
    c1, c2 = (K1 * data_range) ** 2, (K2 * data_range) ** 2
    factor = fit.factor
    clean = windows.clean_mean - fit.clean_offset
    restored = factor * (windows.restored_mean - fit.restored_offset)
    luminance = (2 * clean * restored + c1) / (clean**2 + restored**2 + c1)
    variances = windows.clean_variance + factor**2 * windows.restored_variance
    similarity: np.ndarray = luminance * (2 * factor * windows.covariance + c2) / (variances + c2)
    return similarity

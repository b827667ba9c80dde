"""Width of the point spread function from noisy images alone: where their spectrum falls off.

A lens passes no fine structure: of a Gaussian of deviation s the power at f cycles a pixel is that
of the scene times ``exp(-4 pi^2 s^2 f^2)``. Scenes have spectra that fall as a power of f, which
the fit leaves free, so that a smooth scene is not taken for a wide blur. White noise adds a floor,
which is what is left at the highest frequencies. Confidence is low at best: a scene without fine
structure looks like a blurred one.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import fft, optimize

from .psf import Psf, gaussian

FIRST_F, FLOOR_F = 0.04, 0.46  # cycles a pixel: below lies shading; above, noise alone
STANDS_OUT = 3.0  # errors of the floor by which a ring's signal must exceed it
LEAST_RINGS = 6
STEEPEST = 3.0  # power of f by which a scene's spectrum falls: that of edges
RANGE_PX = (0.5, 4.0)  # deviations that can be told from the spectrum
GUESS_PX = 1.0  # about what a lens and a well chosen camera give
MOST_PLANES = 512
SURE = 0.25  # relative error above which a fit is no more than a guess
DEPTH_RATIO = 2.5  # of a lens' spot: longer than wide, at planes as far apart as pixels are wide


def estimate_psf(patches: np.ndarray, axes: str) -> Psf:
    """Estimate a Gaussian for counts (N, [Z,] Y, X) whose noise is white; `axes` are the model's.

    Where depth is an axis the spot is taken to be as much longer than wide as a lens makes it:
    planes are too few to tell.
    """
    planes = patches.reshape(-1, *patches.shape[-2:])
    chosen = planes[:: max(1, len(planes) // MOST_PLANES)].astype(np.float64)
    found = fit_width(*ring_power(chosen))
    if found is None:
        words, sigma, confidence = "a guess, since the images do not tell", GUESS_PX, "a guess"
    else:
        sigma, error = found
        words = f"estimated from the images' own cut-off, {sigma:.2f} px +- {error:.2f}"
        confidence = "low" if error < SURE * sigma else "a guess"
    depth = {"Z": (DEPTH_RATIO * sigma,), "T": (0.0,)}.get(axes[0], ())
    return gaussian((*depth, sigma, sigma), words, confidence)


def ring_power(planes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Frequency, mean power and its standard error of rings of planes (N, Y, X), shape (F,) each.

    Rings are as wide as the planes can tell apart.
    """
    n_y, n_x = planes.shape[-2:]
    window = np.outer(np.hanning(n_y + 2)[1:-1], np.hanning(n_x + 2)[1:-1])
    centred = planes - planes.mean(axis=(1, 2), keepdims=True)
    power = np.abs(fft.rfft2(centred * window)) ** 2
    f = np.hypot(fft.fftfreq(n_y)[:, np.newaxis], fft.rfftfreq(n_x))
    step = 2 / min(n_y, n_x)
    ring = (f / step).astype(int)
    n_rings = int(0.5 / step) + 1
    inside = ring < n_rings
    count = np.bincount(ring[inside], minlength=n_rings)
    frequency = np.bincount(ring[inside], f[inside], n_rings) / count
    each = np.stack([np.bincount(ring[inside], p[inside], n_rings) / count for p in power])
    # Of noise alone a value's error is as large as itself; a window leaves a third of them free.
    error = np.sqrt(np.mean(each**2, axis=0) / np.maximum(len(planes) * count / 3, 1))
    return frequency, each.mean(axis=0), error


def fit_width(
    frequency: np.ndarray, power: np.ndarray, error: np.ndarray
) -> tuple[float, float] | None:
    """Deviation in pixels and its standard error, from `ring_power`; None if they do not tell."""
    high = frequency >= FLOOR_F
    if not high.any():
        return None
    floor = float(np.average(power[high], weights=1 / np.maximum(error[high], 1e-30) ** 2))
    signal = power - floor
    first = int(np.searchsorted(frequency, FIRST_F))
    hidden = np.flatnonzero(signal[first:] < STANDS_OUT * error[first:])
    last = first + int(hidden[0]) if len(hidden) else int(np.flatnonzero(high)[0])
    if last - first < LEAST_RINGS:
        return None
    f, s, e = (one[first:last] for one in (frequency, signal, error))
    # A scene is no smooth curve: no ring counts as known to better than a tenth.
    weight = 1 / np.hypot(e / s, 0.1)
    table = np.stack([np.ones_like(f), -np.log(f), -4 * math.pi**2 * f**2], axis=1)
    fit = optimize.lsq_linear(
        table * weight[:, np.newaxis],
        np.log(s) * weight,
        ([-np.inf, 0, RANGE_PX[0] ** 2], [np.inf, STEEPEST, RANGE_PX[1] ** 2]),
    )
    squared = float(fit.x[2])
    spread = max(1.0, math.sqrt(2 * fit.cost / max(len(f) - 3, 1)))
    covariance = np.linalg.pinv((table * weight[:, np.newaxis]).T @ (table * weight[:, np.newaxis]))
    sigma = math.sqrt(squared)
    if not RANGE_PX[0] < sigma < RANGE_PX[1]:
        return None
    return sigma, spread * math.sqrt(float(covariance[2, 2])) / (2 * sigma)

"""Noise that is not independent from pixel to pixel, and how it is correlated in truth.

A kind is a name: ``white``; ``1x3``, ``5x1`` or any other box of Y x X pixels that white
noise was averaged over; ``isotropic``, white noise smoothed with a Gaussian; ``cross``,
a horizontal and a vertical line summed; ``rows`` and ``columns``, one offset for each;
``poisson``, the shot noise of the image. Kinds joined by ``+`` add up with equal variance.
"""

from __future__ import annotations

import math
import re

import numpy as np
from scipy.signal import correlate, fftconvolve

from ..errors import SettingsError
from ..settings import nearest
from ..words import option

NAMED = ("white", "isotropic", "cross", "rows", "columns", "poisson")
KNOWN = (*NAMED, "1x3", "3x1", "1x5", "5x1")  # of the boxes, those to suggest
ISOTROPIC_SIGMA_PX = 1.0
LONGEST_BOX_PX = 99
LAGS = 10  # at which the correlation is given
FLAT_PHOTONS = 10.0  # of shot noise where no image is given


def structured_noise(
    shape_yx: tuple[int, int],
    kind: str,
    rng: np.random.Generator,
    photons: np.ndarray | None = None,
) -> np.ndarray:
    """Draw noise of a kind.

    Parameters
    ----------
    shape_yx : tuple of int
        Y and X.
    kind : str
        See the module; such as ``"1x3"`` or ``"rows+white"``.
    rng : numpy.random.Generator
        Source of chance.
    photons : ndarray of float, shape (Y, X), optional
        Mean photons per pixel, for ``poisson``; default 10 everywhere.

    Returns
    -------
    noise : ndarray of float64, shape (Y, X)
        Mean 0 and deviation 1 in expectation; of ``poisson``, over the image as a whole.

    Raises
    ------
    SettingsError
        If there is no such kind, with the nearest one.
    """
    parts = parse_kind(kind)
    total = sum(_draw(part, shape_yx, rng, photons) for part in parts)
    return np.asarray(total) / math.sqrt(len(parts))


def true_correlation(kind: str) -> dict[str, tuple[float, ...] | float]:
    """Return how noise of a kind, as in `structured_noise`, is correlated.

    ``"Y"`` and ``"X"``: at lags 1 to 10 along that axis; ``"diagonal"``: one pixel down and one to
    the right.
    """
    maps = [_correlation_map(part) for part in parse_kind(kind)]
    mean = np.mean(maps, axis=0)
    return {
        "Y": tuple(mean[1:, 0].tolist()),
        "X": tuple(mean[0, 1:].tolist()),
        "diagonal": float(mean[1, 1]),
    }


def parse_kind(kind: str) -> tuple[str, ...]:
    """Return the simple kinds that `kind` is the sum of; ``cross`` is two.

    SettingsError, with the nearest kind, if one is unknown.
    """
    parts: list[str] = []
    for name in (word.strip() for word in kind.split("+")):
        if name not in NAMED and not _box(name):
            hint = " Join kinds by +, as in 1x3+white." if "," in name else nearest(name, KNOWN)
            raise SettingsError(
                f"{option('kind', kind)}: {name!r} is no kind of noise.{hint} Known: "
                f"{', '.join(NAMED)}, and boxes of Y x X pixels up to {LONGEST_BOX_PX}, "
                "such as 1x3 or 5x1."
            )
        # A cross has equal variance along its arms, as two kinds joined have.
        parts += ("1x3", "3x1") if name == "cross" else (name,)
    return tuple(parts)


def _box(name: str) -> tuple[int, int] | None:
    match = re.fullmatch(r"(\d{1,2})x(\d{1,2})", name)
    sides = (int(match[1]), int(match[2])) if match else (0, 0)
    return sides if min(sides) >= 1 else None


def _draw(
    part: str, shape_yx: tuple[int, int], rng: np.random.Generator, photons: np.ndarray | None
) -> np.ndarray:
    height, width = shape_yx
    if part == "rows":
        return np.repeat(rng.normal(size=(height, 1)), width, axis=1)
    if part == "columns":
        return np.repeat(rng.normal(size=(1, width)), height, axis=0)
    if part == "poisson":
        mean = np.full(shape_yx, FLAT_PHOTONS) if photons is None else photons
        return (rng.poisson(mean) - mean) / math.sqrt(float(np.mean(mean)))
    kernel = _kernel(part)
    if kernel.size == 1:
        return rng.normal(size=shape_yx)
    # Drawn larger by the kernel: noise at the rim is like that in the middle.
    white = rng.normal(size=(height + kernel.shape[0] - 1, width + kernel.shape[1] - 1))
    return fftconvolve(white, kernel, mode="valid")


def _kernel(part: str) -> np.ndarray:
    """Return the filter that makes this noise of white noise and keeps its variance."""
    if part == "isotropic":
        at = np.arange(-4, 5) / ISOTROPIC_SIGMA_PX
        line = np.exp(-0.5 * at**2)
        kernel = np.outer(line, line)
    else:
        kernel = np.ones(_box(part) or (1, 1))
    return kernel / math.sqrt(float((kernel**2).sum()))


def _correlation_map(part: str) -> np.ndarray:
    """Return the correlation at lags 0 to 10 along Y and X, shape (11, 11)."""
    if part in ("rows", "columns"):
        line = np.zeros((LAGS + 1, LAGS + 1))
        line[0] = 1
        return line if part == "rows" else line.T
    kernel = _kernel(part)
    full = correlate(kernel, kernel, mode="full", method="direct")
    height, width = kernel.shape
    positive = full[height - 1 :, width - 1 :][: LAGS + 1, : LAGS + 1]
    padded = np.zeros((LAGS + 1, LAGS + 1))
    padded[: positive.shape[0], : positive.shape[1]] = positive
    return padded

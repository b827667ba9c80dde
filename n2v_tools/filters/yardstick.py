"""Yardsticks: the best that simple filters can do when the truth chooses their size.

No user has the truth, so no user gets this much from them: a method that beats these
figures earns its training. Strips and gaps are filled before a filter sees a plane, so that
it is not measured by what it would smear into the image.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter, median_filter

from ..errors import StackError
from ..measure.metrics import data_range_of, psnr
from ..prepare.gaps import fill_gaps, find_data, find_gaps
from ..prepare.strips import fill_volume

SIGMAS_PX = (0.5, 0.7, 0.85, 1.0, 1.2, 1.4, 1.7, 2.0, 2.4, 2.8, 3.4, 4.0)  # in Y and X
DEPTH_SIGMAS_PX = (0.4, 0.7, 1.2, 2.0)
MEDIAN_WIDTHS_PX = (3, 5, 7, 9, 11)


@dataclass(frozen=True, eq=False)
class Truth:
    """What a restored stack is measured against; `know_truth` makes it."""

    clean: np.ndarray  # float32, shape (T, Z, Y, X): counts
    valid: np.ndarray  # bool, shape (T, Z, Y, X): True outside strips, gaps and empty planes
    data_range: float  # largest minus smallest valid clean value, in counts

    def psnr(self, restored: np.ndarray) -> float:
        """Return the mean over planes of the PSNR outside strips and gaps, in dB."""
        planes = itertools.product(*map(range, self.clean.shape[:2]))
        each = [
            psnr(restored[at], self.clean[at], self.data_range, self.valid[at])
            for at in planes
            if self.valid[at].any()
        ]
        return float(np.mean(each))


@dataclass(frozen=True)
class Filtered:
    """What a filter reached at its best size."""

    name: str  # such as ``"2D Gaussian"``
    size: str  # such as ``"sigma 1.4 px"``
    psnr: float  # in dB, as `Truth.psnr`


def know_truth(noisy: np.ndarray, clean: np.ndarray) -> Truth:
    """Find what is real in `noisy` and set the scale; both are counts (T, Z, Y, X).

    Raises
    ------
    StackError
        If the shapes differ, or `clean` has no structure.
    """
    if noisy.shape != clean.shape or noisy.ndim != 4:
        raise StackError(
            f"noisy has shape {noisy.shape} and clean {clean.shape}; give two TZYX stacks of "
            "equal shape."
        )
    valid = np.array([[find_data(plane) for plane in volume] for volume in noisy])
    return Truth(clean, valid, data_range_of(clean, valid))


def best_gaussian(noisy: np.ndarray, truth: Truth) -> Filtered:
    """Smooth each plane of counts (T, Z, Y, X), with strips, with a Gaussian of the best width."""
    filled = _filled(noisy)
    widths = ((f"sigma {px:g} px", (0, 0, px, px)) for px in SIGMAS_PX)
    return _best("2D Gaussian", widths, lambda px: gaussian_filter(filled, px), truth)


def best_median(noisy: np.ndarray, truth: Truth) -> Filtered:
    """Take the median in squares of the best width; parameters as `best_gaussian`."""
    filled = _filled(noisy)
    widths = ((f"{px} x {px} px", (1, 1, px, px)) for px in MEDIAN_WIDTHS_PX)
    return _best("2D median", widths, lambda px: median_filter(filled, px), truth)


def best_gaussian_3d(noisy: np.ndarray, truth: Truth) -> Filtered:
    """Smooth each volume, depth by itself; parameters as `best_gaussian`."""
    filled = _filled(noisy)
    pairs = itertools.product(DEPTH_SIGMAS_PX, SIGMAS_PX)
    widths = ((f"sigma {z:g}, {px:g}, {px:g} px", (0, z, px, px)) for z, px in pairs)
    return _best("3D Gaussian", widths, lambda px: gaussian_filter(filled, px), truth)


def _filled(noisy: np.ndarray) -> np.ndarray:
    """The planes, what is no data filled by what is beside it, so that no filter smears it."""
    volumes = []
    for volume in noisy:
        strips, gaps = zip(*map(find_gaps, volume), strict=True)
        planes = [
            plane if hole is None else fill_gaps(plane, hole.mask, own)
            for plane, own, hole in zip(volume, strips, gaps, strict=True)
        ]
        volumes.append(fill_volume(np.stack(planes), strips))
    return np.stack(volumes).astype(np.float32)


def _best(
    name: str,
    sizes: Iterable[tuple[str, tuple[float, ...]]],
    apply: Callable[[Any], np.ndarray],
    truth: Truth,
) -> Filtered:
    """Try all sizes and keep the one nearest to the truth."""
    tried = [Filtered(name, label, truth.psnr(apply(size))) for label, size in sizes]
    return max(tried, key=lambda one: one.psnr)

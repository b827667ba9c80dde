"""Grey levels of an image: enough of them for its noise, or too few.

Some programs squeeze movies into a handful of grey levels. The noise is then no longer
random but a pattern of steps, and no method can learn from it. How many levels hold the
image, how evenly, and how strong the noise is against one step distinguish such
files from others.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

RARE = 1e-4  # levels with a smaller share of the pixels are not counted
COMPRESSED, FEW = 5, 10  # common levels, at most
COARSE = 0.5  # deviation of the noise, in steps, below which rounding rules it
HELD = 0.99
MOST_SPAN = 2**20  # of whole numbers that are counted one by one
SAMPLE_PX = 65_536  # of a plane of other numbers

Verdict = Literal["ok", "warn", "compressed"]


@dataclass(frozen=True)
class GreyLevels:
    """How the pixels are spread over grey levels."""

    n_levels: int  # distinct values
    n_common: int  # those that hold at least 0.01 % of the pixels each
    n99: int  # smallest number of levels that together hold 99 % of the pixels
    effective: float  # exp of the Shannon entropy: as many equally frequent levels would be as rich
    # counts from level to level: the greatest common divisor of their differences; 0 where values
    # are not whole numbers
    step: float
    verdict: Verdict

    @property
    def keep(self) -> bool:
        """Whether the file is worth training on, as far as its grey levels show."""
        return self.verdict != "compressed"

    def warning(self, counts_photons: bool = False) -> str:
        """Say that the levels are too few for the noise; empty if they are not.

        It is empty, too, where one level is one photon: few levels then only mean few photons.
        """
        if self.verdict == "ok" or counts_photons:
            return ""
        held = f"{self.n99} grey level{'s hold' if self.n99 > 1 else ' holds'} 99 % of the pixels"
        if self.verdict == "compressed":
            return (
                f"compressed: {held}, so the noise is a pattern of steps and training cannot help; "
                "go back to the raw file"
            )
        return (
            f"{held}: the noise is cut into coarse steps, which training may keep; use the raw "
            "file if there is one"
        )


def judge_levels(levels: np.ndarray, counts: np.ndarray, sigma: float | None = None) -> GreyLevels:
    """Say how rich in grey levels an image is.

    Parameters
    ----------
    levels : ndarray, shape (L,)
        Distinct values, ascending.
    counts : ndarray of int, shape (L,)
        Pixels at each of them.
    sigma : float or None
        Deviation of the noise, in counts, if it is known.

    Returns
    -------
    found : GreyLevels
        ``"compressed"`` where 5 common levels or fewer hold the image, ``"warn"`` up to 10
        or where the noise is weaker than half a step.
    """
    if not len(levels):
        return GreyLevels(0, 0, 0, 0.0, 0.0, "ok")
    share = counts / counts.sum()
    n_common = int((share >= RARE).sum())
    held = np.cumsum(np.sort(share)[::-1])
    n99 = min(len(levels), int(np.searchsorted(held, HELD)) + 1)
    real = share[share > 0]
    step = _step(levels)
    verdict: Verdict = "ok"
    coarse = sigma is not None and step > 0 and sigma < COARSE * step
    # Values that are not whole numbers are rarely equal, so that none of them is common.
    few = n_common if step else len(levels)
    if few <= FEW or coarse:
        verdict = "compressed" if few <= COMPRESSED else "warn"
    return GreyLevels(
        len(levels), n_common, n99, float(np.exp(-(real * np.log(real)).sum())), step, verdict
    )


def count_levels(planes: Iterable[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Count how often each value stands in some planes, one plane in memory at a time.

    Planes have any shape and finite values. Whole numbers are all counted; of other numbers an even
    sample of each plane. Gives levels, float64 and ascending, and counts, int64, both shape (L,).
    """
    levels, counts = np.empty(0), np.empty(0, np.int64)
    for plane in planes:
        there, n = _count(plane.ravel())
        both = np.concatenate((levels, there))
        levels, place = np.unique(both, return_inverse=True)
        counts = np.bincount(place, np.concatenate((counts, n))).astype(np.int64)
    return levels, counts


def files_to_keep(found: Mapping[str, GreyLevels]) -> tuple[list[str], list[str]]:
    """Split files into those worth training on and those whose grey levels are lost.

    A suggestion, by the names that are the keys of `found`, in the order given.
    """
    keep = [name for name, levels in found.items() if levels.keep]
    return keep, [name for name in found if name not in keep]


def _count(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if not pixels.size:
        return np.empty(0), np.empty(0, np.int64)
    low, high = float(pixels.min()), float(pixels.max())
    if high - low < MOST_SPAN and low == math.floor(low):
        whole = (pixels - pixels.dtype.type(low)).astype(np.int64)
        if pixels.dtype.kind != "f" or np.array_equal(whole + low, pixels):
            counts = np.bincount(whole)
            there = np.flatnonzero(counts)
            return there + low, counts[there]
    even = pixels[:: max(1, pixels.size // SAMPLE_PX)]
    levels, counts = np.unique(even, return_counts=True)
    return levels.astype(np.float64), counts


def _step(levels: np.ndarray) -> float:
    """Greatest common divisor of the differences; 0 for numbers that are not whole."""
    if len(levels) < 2:
        return 0.0
    apart = np.diff(levels)
    if apart.max() > 2**53 or not np.array_equal(apart, np.rint(apart)):
        return 0.0
    return float(np.gcd.reduce(apart.astype(np.int64)))
